"""The one page on paper, as text and as a file: one sheet, whole, and nothing read as markup."""

from dataclasses import replace
from io import BytesIO

import pytest
from django.test import Client
from pypdf import PdfReader

from registry.queries.pages import Answer, RuleLine, one_page
from registry.rules.document import from_toml
from registry.views.plain_text import COLUMNS, page_text
from registry.views.printing import page_pdf
from tests.people import NOW, draft_workflow, live_workflow, make_company

pytestmark = pytest.mark.django_db
A4 = (595, 842)


@pytest.fixture
def people():
    return make_company()


def _client(person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _page(workflow):
    return one_page(
        version=workflow.versions.latest("number"),
        live_version_id=workflow.live_version_id,
    )


def _read(content: bytes) -> tuple[PdfReader, str]:
    reader = PdfReader(BytesIO(content))
    text = " ".join(sheet.extract_text() for sheet in reader.pages)
    return reader, " ".join(text.split())


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_the_page_prints_on_one_a4_sheet_with_all_that_was_said(people):
    workflow = live_workflow(people)

    answer = _client(people.dana).get("/workflows/refund-management/page.pdf")

    assert answer["Content-Type"] == "application/pdf"
    assert (
        answer["Content-Disposition"] == 'inline; filename="refund-management-v1.pdf"'
    )
    reader, text = _read(answer.content)
    assert len(reader.pages) == 1
    box = reader.pages[0].mediabox
    assert (int(box.width), int(box.height)) in (A4, (595, 841))
    page = _page(workflow)
    said = [answer.text for answer in page.answers] + [
        rule.sentence for rule in page.stop_rules
    ]
    for sentence in (*said, *page.guardrail, *page.caps, "Maya Adler", "≤ EUR 25"):
        assert _flat(sentence) in text
    assert page.packet_digest in text
    assert reader.metadata.title == "Refund management, version 1"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_a_full_page_shrinks_until_it_fits_one_sheet(people):
    page = _page(draft_workflow(people))
    words = "What it is about, said once more in other words and at some length. "
    full = replace(
        page,
        answers=tuple(replace(each, text=words * 5) for each in page.answers),
        stop_rules=tuple(RuleLine(f"r{i}", words, words, "hold") for i in range(6)),
    )

    reader, text = _read(page_pdf(full, slug="refunds", now=NOW))

    assert len(reader.pages) == 1
    assert text.count("once more in other words") == 50 + 12


def test_what_cannot_fit_one_sheet_goes_on_to_a_second_that_says_so(people):
    page = _page(draft_workflow(people))
    long = tuple(
        replace(each, text="Many words follow. " * 200) for each in page.answers
    )

    reader, text = _read(page_pdf(replace(page, answers=long), slug="r", now=NOW))

    assert len(reader.pages) > 1
    assert f"Sheet 1 of {len(reader.pages)}" in text
    assert text.count("Many words follow.") == 2000


@pytest.mark.parametrize(
    "hostile",
    [
        '#read("/etc/passwd")',
        '#import "@preview/cetz:0.3.0"',
        '"); panic("x',
        "$ x^2 $ *bold* _it_ `raw` <label> @ref \\ // # [ ] { }",
        '{{ 7*7 }} {"a": 1} \\u0000',
    ],
)
def test_what_a_person_writes_is_printed_and_never_run(people, hostile):
    page = _page(draft_workflow(people))
    changed = replace(
        page, name=hostile, answers=(Answer("reads", hostile, hostile), *page.answers)
    )

    _, text = _read(page_pdf(changed, slug="r", now=NOW))

    assert text.replace(" ", "").count(hostile.replace(" ", "")) == 3
    assert hostile in _flat(page_text(changed, now=NOW))


def test_letters_that_no_font_has_do_not_stop_the_print(people):
    page = replace(_page(draft_workflow(people)), name="返金 🦄 \U000f0000 refunds")

    reader, text = _read(page_pdf(page, slug="r", now=NOW))

    assert len(reader.pages) == 1
    assert "refunds" in text


def test_the_text_file_keeps_to_eighty_columns_and_leaves_nothing_out(people):
    workflow = live_workflow(people)

    answer = _client(people.dana).get("/workflows/refund-management/page.txt")

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    text = answer.content.decode()
    assert max(map(len, text.splitlines())) <= COLUMNS
    page = _page(workflow)
    for line in (*(each.text for each in page.answers), *page.guardrail, *page.caps):
        assert _flat(line) in _flat(text)
    assert page.packet_digest in text
    rows = [line.split() for line in text.splitlines()]
    assert ["Billing", ".", "never", "yes", "ask"] in rows
    assert ["Orders", "yes", "never", ".", "."] in rows


def test_any_version_can_be_had_and_an_unknown_one_is_nowhere(people):
    live_workflow(people)
    maya = _client(people.maya)
    address = "/workflows/refund-management/versions"

    for kind in ("pdf", "txt", "toml"):
        assert maya.get(f"{address}/1/page.{kind}").status_code == 200
        assert maya.get(f"{address}/2/page.{kind}").status_code == 404
        olga = _client(people.olga).get(f"/workflows/refund-management/page.{kind}")
        assert olga.status_code == 404

    toml = maya.get(f"{address}/1/page.toml").content.decode()
    assert from_toml(toml)["workflow"] == "refund-management"
