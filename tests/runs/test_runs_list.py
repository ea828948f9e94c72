"""The runs list: every filter, chips, kept views, picking two, the file, the hint, the week."""

import csv
import io
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from portal.core.ids import new_id
from registry.models import RoleHolding
from runs.models import Run, RunIndex, RunView
from runs.operations import moments
from runs.operations.reindexing import rebuild_run_index
from runs.queries.finding import found
from runs.queries.lists import mark_of
from runs.queries.narrowing import RunAsked
from runs.rules.events import Event, Provenance
from tests.people import live_workflow, make_company
from tests.runs.helpers import (
    START,
    append,
    inside,
    refund_story,
    start_run,
    store,
    told,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def company():
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def refund(company, workflow):
    """A refund of EUR 40.00 that Dana approved, held once, asked about by Tom."""
    run_id = start_run(workflow, company.agent, "case-7741")
    store(run_id, refund_story())
    dana = company.actor("dana")
    append(run_id, "question", 20, actor=company.actor("erik"))
    append(run_id, "decided", 21, actor=dana, verdict="approve", action_request="x")
    return run_id


@pytest.fixture
def quiet(company, workflow):
    """A run that told nothing but that it began."""
    run_id = start_run(workflow, company.agent, "quiet-1")
    store(run_id, [told("run.started", 1, trigger="a timer")])
    return run_id


def sign_in(client, person):
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def shown(client, query):
    page = client.get(f"{reverse('runs')}?{query}")
    assert page.status_code == 200
    return set(
        Run.objects.filter(id__in=ids_in(page)).values_list("agent_run_id", flat=True)
    )


def ids_in(page):
    text = page.content.decode()
    return [
        UUID(part.split('"')[0])
        for part in text.split('id="run-')[1:]
        if part[8] == "-"
    ]


def hold(run_id):
    inside(
        lambda: moments.hold_run(
            run_id=run_id,
            rule_key="legal",
            sentence="A lawyer.",
            actor=SYSTEM,
            now=START,
        )
    )


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("view=all", {"case-7741", "quiet-1"}),
        ("verb=refund", {"case-7741"}),
        ("verb=delete", set()),
        ("verb=nonsense", {"case-7741", "quiet-1"}),
        ("system=billing", {"case-7741"}),
        ("system=orders&verb=refund&state=COMPLETED", {"case-7741"}),
        ("system=nowhere", set()),
        ("q=ORDER+12", {"case-7741"}),
        ("q=case-77", {"case-7741"}),
        ("q=shipping", {"case-7741"}),
        ("q=timer&state=RUNNING", {"quiet-1"}),
        ("q=zeppelin", set()),
        ("q=%27%29%3B--", {"case-7741", "quiet-1"}),
        ("amount_from=40&amount_to=40.00&currency=eur", {"case-7741"}),
        ("amount_from=40.01", set()),
        ("amount_to=40&currency=USD", set()),
        ("amount_from=nonsense&currency=USD", {"case-7741", "quiet-1"}),
        ("answered_from=7", {"case-7741"}),
        ("answered_to=6", {"quiet-1"}),
        ("answers=all", {"case-7741"}),
        ("unanswered=decided", {"quiet-1"}),
        ("unanswered=approved", set()),
        ("only=unauthorised", set()),
        ("only=retried", {"case-7741"}),
        ("hold=now", set()),
        ("since=2026-11-16&until=2026-11-16", {"case-7741", "quiet-1"}),
        ("until=2026-11-15", set()),
        ("workflow=refund-management&agent=refund-agent&verb=refund", {"case-7741"}),
        ("workflow=another", set()),
        ("agent=another", set()),
    ],
)
def test_each_filter_finds_what_it_says(client, company, refund, quiet, query, names):
    assert shown(sign_in(client, company.maya), query) == names


def test_people_are_found_by_what_they_did(client, company, workflow, refund, quiet):
    sign_in(client, company.maya)
    dana, erik, maya = company.dana.id, company.erik.id, company.maya.id
    owner = RoleHolding.objects.get(workflow=workflow, role="business_owner").person_id

    assert shown(client, f"person={dana}") == {"case-7741"}
    assert shown(client, f"person={dana}&role=approved") == {"case-7741"}
    assert shown(client, f"person={erik}&role=approved") == set()
    assert shown(client, f"person={erik}&role=asked") == {"case-7741"}
    assert shown(client, f"person={maya}&role=decided") == set()
    assert shown(client, f"person={owner}&role=owner") == {"case-7741", "quiet-1"}
    assert shown(client, f"person={dana}&role=owner") == (
        {"case-7741", "quiet-1"} if owner == dana else set()
    )
    assert shown(client, "person=nobody&role=approved") == {"case-7741", "quiet-1"}


def test_holds_are_found_while_they_last_and_afterwards(client, company, refund, quiet):
    sign_in(client, company.maya)
    hold(refund)

    assert shown(client, "hold=now") == shown(client, "only=held") == {"case-7741"}
    Run.objects.filter(id=refund).update(is_held=False, hold_reason="")
    assert shown(client, "hold=now") == set()
    assert shown(client, "hold=was") == {"case-7741"}


def test_words_and_facets_show_nothing_of_workflows_that_are_hidden(
    client, company, refund, quiet
):
    sign_in(client, company.olga)

    for query in ("q=refund", "verb=refund", "verb=refund&state=COMPLETED", "hold=was"):
        assert shown(client, query) == set()
    week = client.get(f"{reverse('runs_week')}?week=2026-11-16").content.decode()
    assert "Refund management" not in week
    assert client.get(f"{reverse('runs_new')}?mark={UUID(int=0)}").status_code == 200
    assert (
        b"new run"
        not in client.get(
            f"{reverse('runs_new')}?mark={UUID(int=0)}", headers=HTMX
        ).content
    )


def test_each_chip_takes_one_filter_off(client, company, refund):
    sign_in(client, company.maya)
    query = f"verb=refund&state=COMPLETED&person={company.dana.id}&role=approved"

    text = client.get(f"{reverse('runs')}?{query}").content.decode()

    assert 'href="/runs/?state=COMPLETED&amp;person=' in text
    assert 'href="/runs/?state=COMPLETED&amp;verb=refund"' in text
    for words in ("Refund", "Completed", "Dana Reyes", "Approved it"):
        assert words in text


def test_pages_of_what_was_found_by_words_follow_each_other(client, company, workflow):
    for number in range(60):
        run_id = start_run(workflow, company.agent, f"case-{number}")
        store(run_id, [told("run.started", number * 60, trigger="lamps")])
    sign_in(client, company.maya)

    first = client.get(f"{reverse('runs')}?q=lamps")
    address = first.content.decode().split('rel="next" href="')[1].split('"')[0]
    second = client.get(address.replace("&amp;", "&"))

    assert len(ids_in(first)) == 50
    assert len(ids_in(second)) == 10
    assert not set(ids_in(first)) & set(ids_in(second))
    assert "60 runs" in first.content.decode()


def test_filtering_swaps_the_lines_and_says_the_short_address(client, company, refund):
    sign_in(client, company.maya)

    answer = client.get(
        f"{reverse('runs')}?view=all&q=&verb=refund&state=", headers=HTMX
    )

    assert answer["HX-Push-Url"] == "/runs/?verb=refund"
    assert "<html" not in answer.content.decode()
    assert "case" not in answer["HX-Push-Url"]


def test_a_view_is_kept_begins_the_list_and_is_taken_back(client, company, refund):
    sign_in(client, company.dana)
    views = reverse("run_views")

    saved = client.post(views, {"name": " Big  refunds ", "verb": "refund", "x": "y"})
    again = client.post(views, {"name": "Big refunds", "verb": "refund"})

    kept = RunView.objects.get()
    assert saved["Location"] == f"/runs/?verb=refund&view={kept.id}"
    assert (kept.name, kept.filters) == ("Big refunds", {"verb": "refund"})
    assert again.status_code == 422
    assert "You have a view called Big refunds already." in again.content.decode()
    change = reverse("run_view_change", args=[kept.id])
    client.post(change, {"change": "default", "is": "on"})
    assert client.get(reverse("runs"))["Location"] == saved["Location"]
    client.post(change, {"change": "rename", "name": "Refunds"})
    assert "Refunds" in client.get(f"{reverse('runs')}?view=all").content.decode()
    assert client.post(change, {"change": "nonsense"}).status_code == 400
    removed = client.post(reverse("run_view_remove", args=[kept.id]), follow=True)
    assert "The view Refunds is removed." in removed.content.decode()
    client.post(reverse("run_view_restore", args=[kept.id]))
    assert RunView.objects.get().removed_at is None
    told_of = Entry.objects.filter(name__startswith="run.view_").values_list("name")
    assert len(told_of) == 5
    other = sign_in(client, company.maya)
    assert other.post(change, {"change": "rename", "name": "Mine"}).status_code == 404
    assert "Refunds" not in other.get(views).content.decode()


def test_two_picked_runs_lead_on_and_other_numbers_lead_back(
    client, company, refund, quiet
):
    sign_in(client, company.maya)
    picked = reverse("runs_picked")

    one = client.get(f"{picked}?run={refund}&verb=refund", follow=True)

    assert one.redirect_chain[0][0] == "/runs/?verb=refund"
    assert "Pick exactly two runs" in one.content.decode()
    assert (
        client.get(picked, {"run": [refund, refund]})["Location"] == "/runs/?view=all"
    )


def test_the_file_is_the_narrowed_list_without_formulas_and_on_record(
    client, company, workflow, refund, monkeypatch
):
    nasty = start_run(workflow, company.agent, '=HYPERLINK("x")')
    store(nasty, [told("run.finished", 1, status="completed", summary="+1 lamp")])
    sign_in(client, company.maya)

    answer = client.post(reverse("runs_export"), {"state": "COMPLETED"})
    lines = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))

    assert {line["agent_run_id"] for line in lines} == {
        "case-7741",
        '\'=HYPERLINK("x")',
    }
    assert {line["amount"] for line in lines} == {"EUR 40.00", ""}
    assert all(line["address"].endswith(f"/runs/{line['run']}/") for line in lines)
    entry = Entry.objects.get(name="run.list_exported")
    assert b"2" in bytes(entry.body)
    monkeypatch.setattr("runs.operations.exporting.EXPORT_MAX", 1)
    refused = client.post(reverse("runs_export"), {"view": "all"})
    assert refused.status_code == 422
    assert "A file holds at most 1 runs" in refused.content.decode()
    nothing = b"".join(sign_in(client, company.olga).post(reverse("runs_export")))
    assert nothing.decode().count("\n") == 1


def test_the_list_hints_at_what_came_since_it_was_shown(
    client, company, workflow, refund
):
    sign_in(client, company.maya)
    mark = mark_of(START + timedelta(days=3650))
    address = reverse("runs_new")

    before = client.get(f"{address}?mark={mark}", headers=HTMX).content.decode()
    since = client.get(f"{address}?mark={UUID(int=0)}", headers=HTMX).content.decode()
    other = client.get(f"{address}?mark={UUID(int=0)}&verb=delete", headers=HTMX)

    assert "new run" not in before
    assert "1 new run<" in since
    assert "new run" not in other.content.decode()
    assert "every 15s" in since
    assert client.get(f"{address}?mark=nonsense").status_code == 200


def test_a_week_counts_each_workflow_and_day_and_leads_to_the_list(
    client, company, workflow, refund, quiet
):
    late = start_run(workflow, company.agent, "late-1")
    failed = told("run.finished", 2 * 86_400, status="failed")
    store(late, [told("run.started", 2 * 86_400 - 60, trigger="x"), failed])
    sign_in(client, company.maya)

    page = client.get(f"{reverse('runs_week')}?week=2026-11-18")
    text = page.content.decode()
    row = text.split('<th scope="row">Refund management</th>')[1].split("</tr>")[0]

    assert "16 Nov" in text
    assert row.count("runweek-link") == 3
    assert "workflow=refund-management&amp;since=2026-11-16&amp;until=2026-11-16" in row
    assert "1 failed or stopped" in row
    assert "> 3</a>" in f">{row.split('the whole week:')[1].replace('</span>', '')}"
    assert "week=2026-11-09" in text
    narrowed = client.get(f"{reverse('runs_week')}?week=2026-11-16&verb=refund")
    assert narrowed.content.decode().count("runweek-link") == 2
    empty = client.get(f"{reverse('runs_week')}?week=2020-01-01").content.decode()
    assert "No run in this week" in empty
    assert client.get(f"{reverse('runs_week')}?week=9999-99").status_code == 200


def test_what_runs_are_found_by_is_put_right_from_their_events(company, refund, quiet):
    kept = list(RunIndex.objects.order_by("run_id").values_list("run_id", "tokens"))
    forgot = {**Run.objects.get(id=refund).fold, "people": ["did:x"]}
    Run.objects.filter(id=refund).update(fold=forgot)
    RunIndex.objects.filter(run_id=quiet).delete()

    done = rebuild_run_index(actor=SYSTEM, after=UUID(int=0))
    again = rebuild_run_index(actor=SYSTEM, after=UUID(int=0))

    assert (done.count, done.wrong, again.wrong) == (2, 1, 0)
    assert (
        list(RunIndex.objects.order_by("run_id").values_list("run_id", "tokens"))
        == kept
    )
    assert rebuild_run_index(actor=SYSTEM, after=max(refund, quiet)).last is None


def test_lists_are_read_along_their_indexes(company, refund, quiet):
    rosa = company.actor("rosa")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")

    plain = found(actor=rosa, asked=RunAsked(state="COMPLETED"))
    words = found(actor=rosa, asked=RunAsked(q="lamps", verb="refund"))
    rows = plain.rows.values("id", "started_at").order_by(*plain.order)
    told_plain = rows[:51].explain()
    told_words = words.rows.values("run_id").order_by()[:51].explain()

    assert "Index Only Scan using runs_run_newest" in told_plain
    assert (plain.key, words.key) == ("id", "run_id")
    assert "runs_index_tokens" in told_words


def test_an_event_remembers_its_source_only_where_it_is_our_own(company, refund):
    event = Event(new_id(), "decided", START, START, Provenance.REPORTED, "x", {})

    assert event.source_id is None
    people = Run.objects.get(id=refund).fold["people"]
    assert f"approved:{company.dana.id}" in people
