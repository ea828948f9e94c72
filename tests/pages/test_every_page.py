"""Every page without a browser: no SQL in templates, a strict policy, twins for htmx."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from unittest.mock import patch

import jinja2
import pytest
from django.db import connection

from tests.doors.world import rolled_back
from tests.pages.pages import PAGES, looker_at, named, path_of

NONCE = re.compile(r"'nonce-([\w+/=-]+)'")
each_page = pytest.mark.parametrize("door", PAGES, ids=named)


class Reader(HTMLParser):
    """Keeps every element with its attributes and the elements it stands in."""

    VOID = frozenset(
        [
            "area",
            "br",
            "col",
            "embed",
            "hr",
            "img",
            "input",
            "link",
            "meta",
            "source",
            "track",
            "wbr",
        ]
    )

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict]] = []
        self.elements: list[tuple[str, dict, list]] = []
        self.scripts_inside = 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        here = dict(attributes)
        self.elements.append((tag, here, list(self.open)))
        if tag not in self.VOID:
            self.open.append((tag, here))

    def handle_endtag(self, tag):
        while self.open:
            if self.open.pop()[0] == tag:
                return

    def handle_data(self, data):
        is_script = bool(self.open) and self.open[-1][0] == "script"
        if is_script and data.strip():
            self.scripts_inside += 1


@dataclass(frozen=True)
class Read:
    """One page as it was answered, and what its templates did meanwhile."""

    policy: str
    page: Reader
    rendered: list[str]
    asked: list[str]


def read_page(world, door) -> Read:
    rendered: list[str] = []
    asked: list[str] = []
    render = jinja2.Template.render

    def note(execute, sql, params, many, context):
        asked.append(sql)
        return execute(sql, params, many, context)

    def render_alone(self, *args, **kwargs):
        rendered.append(self.name)
        with connection.execute_wrapper(note):
            return render(self, *args, **kwargs)

    with patch.object(jinja2.Template, "render", render_alone):
        response = world.client_of(looker_at(door)).get(path_of(world, door))
    assert response.status_code == 200, response.content[:300]
    policy = response["Content-Security-Policy"]
    return Read(policy, Reader(response.content.decode()), rendered, asked)


@pytest.fixture(scope="module")
def page_of(world, django_db_blocker):
    """Give what a page says to the one who looks, fetched and read once for all tests."""
    seen: dict[str, Read] = {}

    def read(door) -> Read:
        if named(door) not in seen:
            with django_db_blocker.unblock(), rolled_back():
                seen[named(door)] = read_page(world, door)
        return seen[named(door)]

    return read


@each_page
def test_template_runs_no_sql(page_of, door):
    read = page_of(door)

    assert read.rendered
    assert read.asked == []


@each_page
def test_policy_names_the_nonce_and_nothing_is_inline(page_of, door):
    read = page_of(door)
    policy, page = read.policy, read.page

    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    scripts = [here for tag, here, _ in page.elements if tag == "script"]
    if scripts:
        nonce = NONCE.search(policy).group(1)
        assert {here.get("nonce") for here in scripts} == {nonce}
        assert all(here.get("src") for here in scripts)
    assert page.scripts_inside == 0
    assert not [tag for tag, _, _ in page.elements if tag == "style"]
    for tag, here, _ in page.elements:
        loose = [key for key in here if key == "style" or key.startswith("on")]
        assert loose == [], (tag, here)


@each_page
def test_every_request_of_htmx_has_its_plain_twin(page_of, door):
    page = page_of(door).page
    alone = []
    for tag, here, around in page.elements:
        if "hx-get" in here:
            places = [(tag, here), *around]
            has_twin = any(
                (kind == "a" and "href" in each)
                or (kind == "form" and "action" in each)
                for kind, each in places
            )
            if not has_twin and not _contains_link(page, here):
                alone.append((tag, here["hx-get"]))
        if "hx-post" in here:
            forms = [each for kind, each in [*around, (tag, here)] if kind == "form"]
            if not any(form.get("action") and form.get("method") for form in forms):
                alone.append((tag, here["hx-post"]))
    assert alone == []


@each_page
def test_every_form_that_posts_carries_the_token(page_of, door):
    page = page_of(door).page
    posting = [
        here
        for tag, here, _ in page.elements
        if tag == "form" and here.get("method", "").lower() == "post"
    ]
    tokens = [
        around[-1][1] if around else {}
        for tag, here, around in page.elements
        if tag == "input" and here.get("name") == "csrfmiddlewaretoken"
        for around in [[each for each in around if each[0] == "form"]]
    ]
    for form in posting:
        assert form.get("action"), form
        assert form in tokens, form


@each_page
def test_ids_are_unique_and_labels_lead_somewhere(page_of, door):
    page = page_of(door).page
    ids = [here["id"] for _, here, _ in page.elements if here.get("id")]
    assert sorted(ids) == sorted(set(ids))
    for tag, here, _ in page.elements:
        if tag == "label" and here.get("for"):
            assert here["for"] in ids, here
    if door.name == "style":  # its samples lead nowhere on purpose
        return
    for tag, here, _ in page.elements:
        target = here.get("href", "")
        if tag == "a" and target.startswith("#") and "data-print" not in here:
            assert target[1:] in ids, here


def _contains_link(page: Reader, outer: dict) -> bool:
    return any(
        tag == "a" and "href" in here and any(each is outer for _, each in around)
        for tag, here, around in page.elements
    )
