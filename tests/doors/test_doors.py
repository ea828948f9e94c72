"""Every address answers each person as the table says, and none is missing from it."""

from collections.abc import Iterator
from urllib.parse import quote_plus
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.approvals.asking import digest_of_proposal
from tests.doors.table import DOORS, Door
from tests.doors.world import KNOCKERS, World, rolled_back

# Django's own pages: signing in is theirs, and every other is for its staff.
ADMIN_PREFIX = "admin/"
METHODS = ("get", "post")


def addresses(patterns=None, space: str = "", prefix: str = "") -> Iterator[tuple]:
    """Give the name and the pattern of every address in the resolver."""
    for pattern in patterns or get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if route.startswith(ADMIN_PREFIX):
            continue
        if isinstance(pattern, URLResolver):
            inner = pattern.namespace or space
            yield from addresses(pattern.url_patterns, inner, route)
        elif isinstance(pattern, URLPattern):
            name = f"{space}:{pattern.name}" if space else pattern.name
            yield name, pattern


def address_of(world: World, name: str, pattern: URLPattern, slug: str | None) -> str:
    arguments = {}
    for key in pattern.pattern.converters:
        arguments[key] = world.values.get(key, UUID(int=7))
    if name.startswith("review"):
        arguments["run_id"] = world.values["read_run_id"]
    if name == "week_version":
        arguments["week_id"] = world.values["signed_week_id"]
    if name.startswith("control_"):
        arguments["key"] = "soc-2"
    if name == "number" or name.startswith("number_"):
        arguments["key"] = "acceptance"
    if "slug" in arguments:
        is_agents = name.startswith("agent")
        arguments["slug"] = slug or world.values["agent" if is_agents else "slug"]
    return reverse(name, kwargs=arguments)


def letter(response: HttpResponse) -> str:
    if response.status_code == 401:
        return "L"
    if response.status_code in (301, 302) and response["Location"].startswith(
        "/login/"
    ):
        return "L"
    assert response.status_code < 500, response.content[:400]
    return {404: "H", 403: "D"}.get(response.status_code, "I")


def knock(world: World, door: Door, path: str, knocker: str) -> HttpResponse:
    client = world.client_of(knocker)
    if door.method == "get":
        return client.get(path)
    if path.startswith("/api/"):
        send = client.put if door.method == "put" else client.post
        return send(path, data="{}", content_type="application/json")
    known = {
        "<digest>": digest_of_proposal(world.values["proposal_id"]),
        "<holder>": f"person:{world.values['person_id']}",
        "<person>": world.values["person_id"],
        "<position>": world.values["position_id"],
        "<agent>": world.values["agent_id"],
        "<page>": world.values["page"],
    }
    form = {key: known.get(value, value) for key, value in door.form.items()}
    return client.post(path, form)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method} {door.name}")
def test_everybody_is_answered_as_the_table_says(world, open_database, door):
    pattern = dict(addresses())[door.name]
    path = address_of(world, door.name, pattern, door.slug)
    answered = {}
    for knocker in KNOCKERS:
        with rolled_back():
            answered[knocker] = letter(knock(world, door, path, knocker))

    assert answered == dict(zip(KNOCKERS, door.letters, strict=True))


def test_every_address_has_a_row():
    in_table = {door.name for door in DOORS}
    in_resolver = {name for name, _ in addresses()}

    assert None not in in_resolver, "an address has no name"
    assert in_resolver - in_table == set()
    assert in_table - in_resolver == set()


@pytest.mark.parametrize("method", METHODS)
def test_method_without_a_row_is_refused_for_everybody(world, open_database, method):
    in_table = {door.name for door in DOORS if door.method == method}
    # Two names of one address, each for a method of its own, are one door.
    slugs = {door.name: door.slug for door in DOORS}
    with_row = {
        address_of(world, name, pattern, slugs.get(name))
        for name, pattern in addresses()
        if name in in_table
    }
    reading_machines = {"api_docs", "api:openapi-json", "api:api-root"}
    opened = []
    for name, pattern in addresses():
        path = address_of(world, name, pattern, slugs.get(name))
        if name in in_table | reading_machines or path in with_row:
            continue
        with rolled_back():
            response = getattr(world.client_of("administrator"), method)(path)
        if response.status_code != 405:
            opened.append((name, response.status_code))

    assert opened == []


def test_hidden_and_absent_read_the_same(world, open_database):
    outsider = world.client_of("outsider")
    absent = outsider.get(reverse("run", args=[UUID(int=7)]))
    hidden = outsider.get(reverse("run", args=[world.values["run_id"]]))

    assert absent.status_code == hidden.status_code == 404
    assert _words(absent) == _words(hidden)


def test_denied_person_is_told_who_can_help(world, open_database):
    denied = world.client_of("owner").get(reverse("people"))
    assert denied.status_code == 403
    assert b"Ada Berg can help" in denied.content


def test_admin_site_is_for_administrators_only(world, open_database):
    for knocker in ("anonymous", "agent", "reviewer", "owner", "risk", "auditor"):
        answer = world.client_of(knocker).get("/admin/")
        assert answer.status_code == 302
        assert "/admin/login/" in answer["Location"]


def _words(response: HttpResponse) -> str:
    text = response.content.decode()
    main = text[text.index("<main") : text.index("</main>")]
    # What was asked for stands in it, as the page that got in somebody's way.
    asked = response.wsgi_request.get_full_path()
    return main.replace(quote_plus(asked), "")
