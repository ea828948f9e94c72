"""The registry list: narrowed, told in chips, sorted, paged, exported, and only what may be seen."""

import csv
import io

import pytest
from django.test import Client

from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from registry.models import RoleHolding
from registry.operations.packets import submit_version
from registry.operations.pausing import pause_workflow
from tests.people import (
    NOW,
    draft_workflow,
    live_workflow,
    make_company,
    refunds_document,
)

pytestmark = pytest.mark.django_db

QUERIES_MAX = 24
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def people():
    return make_company()


def client_of(person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def names(client: Client, asked: str = "") -> list[str]:
    text = client.get(f"/workflows/?view=all&{asked}").content.decode()
    return [
        part.split(">", 1)[1].split("<", 1)[0]
        for part in text.split('class="row-link"')[1:]
    ]


def content(response) -> str:
    return b"".join(response.streaming_content).decode()


def register(people):
    live_workflow(people, name="Refund management")
    paused = live_workflow(people, slug="returns", name="Returns")
    pause_workflow(
        actor=people.actor("maya"), workflow_id=paused.id, reason="Odd.", now=NOW
    )
    draft_workflow(
        people,
        slug="late-parcels",
        name="Late parcels",
        document=refunds_document(purpose="Find parcels.", phase=2, risk="high"),
    )
    waiting = draft_workflow(people, slug="voice", name="Voice desk")
    submit_version(
        reason="It may begin here.",
        actor=people.actor("maya"),
        workflow_id=waiting.id,
        revision=1,
        now=NOW,
    )


def test_every_filter_narrows_the_list(people):
    register(people)
    RoleHolding.objects.filter(workflow__slug="late-parcels", role="risk_owner").update(
        person=None
    )
    dana = client_of(people.dana)
    asked = {
        "": ["Late parcels", "Refund management", "Returns", "Voice desk"],
        "q=parcel": ["Late parcels"],
        "q=maya+find": ["Late parcels"],
        "q=ADLER": ["Late parcels", "Refund management", "Returns", "Voice desk"],
        "state=live": ["Refund management"],
        "state=paused": ["Returns"],
        "state=waiting": ["Voice desk"],
        "state=draft": ["Late parcels"],
        "department=customer-care&state=live": ["Refund management"],
        "department=sales": [],
        f"owner={people.maya.id}&state=live": ["Refund management"],
        f"owner={people.dana.id}": [],
        "phase=2": ["Late parcels"],
        "risk=high": ["Late parcels"],
        "vacancy=any": ["Late parcels"],
        "vacancy=risk_owner": ["Late parcels"],
        "vacancy=it_owner": [],
        "verb=refund": ["Refund management", "Returns"],
        "verb=refund&system=crm": [],
        "verb=refund&authority=allowed": ["Refund management", "Returns"],
        "verb=refund&authority=review": [],
        "verb=delete": [],
        "verb=delete&authority=never": ["Refund management", "Returns"],
        "system=orders&tier=read": ["Refund management", "Returns"],
        "system=orders&tier=change": [],
        "risk=high&sort=-phase": ["Late parcels"],
        "sort=risk": ["Late parcels", "Refund management", "Returns", "Voice desk"],
    }

    assert {address: names(dana, address) for address in asked} == asked


def test_chips_say_what_is_filtered_and_each_takes_itself_away(people):
    register(people)

    text = (
        client_of(people.dana)
        .get("/workflows/?state=live&verb=refund&system=billing&sort=risk")
        .content.decode()
    )

    for label, value in (("State", "Live"), ("May", "Refund"), ("In", "Billing")):
        assert f'<span class="chip-label">{label}:</span> {value}' in text
    assert 'href="/workflows/?state=live&amp;verb=refund&amp;sort=risk"' in text
    assert 'href="/workflows/?sort=risk"' in text


def test_nonsense_in_the_address_is_left_out_or_told_and_never_an_error(people):
    register(people)
    dana = client_of(people.dana)
    ignored = (
        "state=nowhere&phase=99&risk=<b>&verb=explode&tier=x&authority=yes&vacancy=cat",
        "owner=not-a-person&department=../etc&system=%27%3B--&sort=;drop",
        "q=%25_%5C",
        "q=" + "x" * 5000,
    )

    for asked in ignored:
        assert dana.get(f"/workflows/?{asked}").status_code == 200, asked
        assert dana.get(f"/workflows/who-may/?{asked}").status_code == 200, asked
        assert dana.get(f"/workflows/heat-map/?{asked}").status_code == 200, asked
        assert dana.get(f"/workflows/?{asked}", **HTMX).status_code == 200, asked
    for cursor in ("x", "%00", "WyJuIl0", "WyJuIixudWxsXQ", "WyJuIiwxLCJ4Il0"):
        assert dana.get(f"/workflows/?cursor={cursor}").status_code == 400
        assert dana.get(f"/workflows/who-may/?cursor={cursor}").status_code == 400
    assert names(dana, "q=%25") == []


def test_an_unknown_department_gives_nothing_and_its_chip_says_so(people):
    register(people)

    text = client_of(people.dana).get("/workflows/?department=moon").content.decode()

    assert '<span class="chip-label">Department:</span> unknown' in text
    assert "No workflow matches" in text


def test_pages_follow_each_other_in_every_order(people, monkeypatch):
    monkeypatch.setattr("registry.queries.listing.PAGE_SIZE", 2)
    monkeypatch.setattr("registry.queries.listing._page.__defaults__", (2,))
    register(people)
    dana = client_of(people.dana)

    for sort in ("name", "newest", "department", "phase", "-phase", "risk"):
        seen, address = [], f"/workflows/?view=all&sort={sort}"
        while address:
            text = dana.get(address).content.decode()
            seen += [part.split("/")[2] for part in text.split('"row-link" href="')[1:]]
            after = text.split('rel="next" href="')
            address = after[1].split('"')[0].replace("&amp;", "&") if after[1:] else ""

        assert len(seen) == len(set(seen)) == 4, (sort, seen)


def test_filtering_live_swaps_the_lines_and_pushes_an_address_that_can_be_shared(
    people,
):
    register(people)
    dana = client_of(people.dana)

    answer = dana.get("/workflows/?q=&state=live&verb=&cursor=&view=all", **HTMX)

    assert answer["HX-Push-Url"] == "/workflows/?state=live"
    assert b"<html" not in answer.content
    assert answer.content.count(b"row-link") == 1


def test_an_outsider_sees_and_exports_nothing(people):
    register(people)
    olga, dana = client_of(people.olga), client_of(people.dana)

    for path in (
        "/workflows/?view=all",
        "/workflows/?verb=refund",
        "/workflows/?q=refund",
        "/workflows/who-may/?verb=refund&authority=all",
        "/workflows/heat-map/",
        "/search/?q=who+may+refund",
        "/search/?q=refund",
    ):
        theirs, ours = olga.get(path).content, dana.get(path).content
        for word in (
            b"Refund management",
            b"refund-management",
            b"Returns",
            b"2 workflows",
        ):
            assert word not in theirs, (path, word)
        assert b"Refund management" in ours or b"2" in ours
    listed = content(olga.post("/workflows/export/", {}))
    answered = content(olga.post("/workflows/who-may/export/", {"verb": "refund"}))
    assert listed.count("\n") == answered.count("\n") == 1


def test_the_export_is_the_narrowed_list_without_formulas_and_on_record(people):
    register(people)
    draft_workflow(people, slug="sum", name='=HYPERLINK("http://x")')
    dana = client_of(people.dana)

    answer = dana.post("/workflows/export/", {"state": "draft"})
    rows = list(csv.DictReader(io.StringIO(content(answer))))

    assert answer["Content-Type"].startswith("text/csv")
    assert [row["name"] for row in rows] == ['\'=HYPERLINK("http://x")', "Late parcels"]
    assert rows[1]["business_owner"] == "Maya Adler"
    entry = Entry.objects.get(name="registry.exported")
    assert entry.actor_id == people.dana.id
    assert '"count":2' in bytes(entry.body).decode().replace(" ", "")


def test_an_export_of_many_pages_holds_every_line_once(people, monkeypatch):
    monkeypatch.setattr("registry.queries.listing.PAGE_SIZE_MAX", 2)
    register(people)

    text = content(client_of(people.dana).post("/workflows/export/", {}))

    assert len(list(csv.DictReader(io.StringIO(text)))) == 4


def test_an_export_that_is_too_long_is_refused_with_what_to_do(people, monkeypatch):
    monkeypatch.setattr("registry.operations.exporting.EXPORT_MAX", 3)
    register(people)
    dana = client_of(people.dana)

    refused = dana.post("/workflows/export/", {})

    assert refused.status_code == 422
    assert "Add a filter" in refused.content.decode()
    assert dana.post("/workflows/export/", {"state": "live"}).status_code == 200
    assert Entry.objects.filter(name="registry.exported").count() == 1


def test_lists_cost_the_same_queries_with_more_workflows(
    people, django_assert_max_num_queries
):
    register(people)
    for number in range(6):
        live_workflow(people, slug=f"more-{number}", reviewers=())
    dana = client_of(people.dana)
    dana.get("/workflows/")

    for path in (
        "/workflows/?state=live",
        "/workflows/?q=refund&department=customer-care&verb=refund&system=billing",
        "/workflows/who-may/?verb=refund&system=billing",
        "/workflows/heat-map/",
    ):
        with django_assert_max_num_queries(QUERIES_MAX):
            assert dana.get(path).status_code == 200


def test_more_than_a_thousand_are_said_to_be_more(people, monkeypatch):
    register(people)
    dana = client_of(people.dana)

    assert b"4 workflows" in dana.get("/workflows/?view=all").content
    monkeypatch.setattr("registry.queries.listing.COUNTED_MAX", 3)

    assert b"3+ workflows" in dana.get("/workflows/?view=all").content


def test_who_registered_a_draft_is_led_back_to_writing_it(people):
    draft_workflow(people, slug="late-parcels")
    link = b'href="/workflows/late-parcels/draft/"'

    assert link in client_of(people.maya).get("/workflows/").content
    assert link not in client_of(people.dana).get("/workflows/").content


def test_machines_and_the_portal_itself_keep_no_list(people):
    from registry.queries.listing import workflows_for
    from registry.queries.narrowing import ListFilter

    register(people)
    for actor in (SYSTEM, people.agent_actor):
        assert workflows_for(actor=actor, asked=ListFilter()).lines == ()
