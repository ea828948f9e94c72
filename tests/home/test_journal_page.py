"""The journal's pages: who reads what, filters, proof, export."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.audit.chaining import hash_of
from portal.audit.models import Entry
from portal.audit.operation import operation, record
from portal.audit.sealing import seal_journal
from portal.home.exporting import as_csv
from portal.home.queries.journal import EXPORT_MAX
from registry.operations.pausing import pause_workflow
from tests.people import live_workflow


@operation(leaves="journal.exported")
def leave_entries(count: int, **facts) -> None:
    for number in range(count):
        record("journal.exported", actor=SYSTEM, count=number, **facts)


def test_outsider_reads_no_entry_of_another_department(signed_in, workflow):
    insider = signed_in("dana").get(reverse("journal"))
    outsider = signed_in("olga").get(reverse("journal"))

    assert b"Refund management" in insider.content
    assert b"Refund management" not in outsider.content
    assert b"Nothing to read yet" in outsider.content


def test_portal_and_security_streams_are_for_who_sees_everything(signed_in, workflow):
    key_issued = reverse("journal") + "?name=person.created"

    assert b"Nothing matches" in signed_in("dana").get(key_issued).content
    assert b"added Maya Adler" in signed_in("rosa").get(key_issued).content
    assert b"added Maya Adler" in signed_in("audrey").get(key_issued).content


def test_entry_that_may_not_be_seen_does_not_exist(signed_in, workflow):
    entry = Entry.objects.filter(workflow_id=workflow.id).first()
    of_portal = Entry.objects.filter(stream="portal").first()

    assert (
        signed_in("dana").get(reverse("journal_entry", args=[entry.id])).status_code
        == 200
    )
    assert (
        signed_in("olga").get(reverse("journal_entry", args=[entry.id])).status_code
        == 404
    )
    assert (
        signed_in("dana").get(reverse("journal_entry", args=[of_portal.id])).status_code
        == 404
    )
    assert (
        signed_in("rosa").get(reverse("journal_entry", args=[of_portal.id])).status_code
        == 200
    )


def test_filter_by_a_workflow_one_may_not_see_shows_nothing(signed_in, workflow):
    page = signed_in("olga").get(reverse("journal"), {"workflow": workflow.slug})
    assert b"Nothing matches" in page.content


@pytest.mark.parametrize(
    ("asked", "shown", "hidden"),
    [
        ({"name": "workflow.paused"}, b"paused Refund", b"registered the workflow"),
        ({"name": "workflow"}, b"paused Refund", b"added Maya"),
        ({"who": "erik"}, b"paused Refund", b"registered the workflow"),
        ({"q": "smells of smoke"}, b"paused Refund", b"registered the workflow"),
        ({"who": "nobody at all"}, b"Nothing matches", b"paused Refund"),
        ({"until": "2020-01-01"}, b"Nothing matches", b"paused Refund"),
        ({"from": "2020-01-01"}, b"paused Refund", b"Nothing matches"),
        ({"subject": "grant:none"}, b"Nothing matches", b"paused Refund"),
        ({"actor": "not an id"}, b"Nothing matches", b"paused Refund"),
    ],
)
def test_filters_keep_what_was_asked_for(
    signed_in, company, workflow, asked, shown, hidden
):
    pause_workflow(
        actor=company.actor("erik"),
        workflow_id=workflow.id,
        reason="It smells of smoke.",
        now=datetime.now(tz=UTC),
    )

    page = signed_in("rosa").get(reverse("journal"), asked)

    assert page.status_code == 200
    assert shown in page.content
    assert hidden not in page.content


def test_date_that_is_none_is_told_at_the_field(signed_in, company):
    page = signed_in("rosa").get(reverse("journal"), {"from": "yesterday"})
    assert page.status_code == 422
    assert b"year-month-day" in page.content


def test_pages_follow_each_other_without_gap_or_repeat(signed_in, company):
    leave_entries(120)
    client, seen, address = signed_in("rosa"), [], reverse("journal")
    while address:
        page = client.get(address)
        lines = page.content.decode().split("/journal/")[1:]
        seen += [part[:36] for part in lines if part[8:9] == "-"]
        found = page.content.decode().split('rel="next" href="')
        address = found[1].split('"')[0].replace("&amp;", "&") if len(found) > 1 else ""

    assert len(seen) == len(set(seen)) == Entry.objects.count()


def test_place_that_was_not_made_here_is_a_bad_request(signed_in, company):
    assert signed_in("rosa").get(reverse("journal"), {"at": "%%%"}).status_code == 400


def test_entry_shows_its_facts_and_its_proof(signed_in, workflow, settings, tmp_path):
    settings.JOURNAL_ANCHOR_FILE = tmp_path / "anchors.log"
    seal_journal()
    entry = Entry.objects.filter(name="workflow.version_launched").get()

    page = signed_in("rosa").get(reverse("journal_entry", args=[entry.id])).content

    assert b"Its content is what its hash was made of." in page
    assert bytes(entry.hash).hex().encode() in page
    assert b"Checkpoint 1 states it" in page
    assert b"failed" not in page


def test_export_is_on_record_and_can_be_proven(signed_in, company, workflow):
    answer = signed_in("rosa").post(
        reverse("journal_export"), {"form": "json", "workflow": workflow.slug}
    )

    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    entries = json.loads(answer.content)["entries"]
    assert len(entries) == Entry.objects.filter(workflow_id=workflow.id).count()
    for entry in entries:
        sealed = hash_of(
            entry["entry"]["stream"],
            entry["entry"]["sequence"],
            bytes.fromhex(entry["previous_hash"]),
            entry["body"].encode(),
        )
        assert sealed.hex() == entry["hash"]
    record_of_it = Entry.objects.get(name="journal.exported")
    assert json.loads(bytes(record_of_it.body))["facts"]["count"] == len(entries)


def test_export_holds_only_what_its_reader_may_see(signed_in, company, workflow):
    live_workflow(company, slug="order-changes")

    of_insider = signed_in("dana").post(reverse("journal_export"), {"form": "csv"})
    of_outsider = signed_in("olga").post(reverse("journal_export"), {"form": "csv"})

    assert b"Refund management" in of_insider.content
    assert b"added Maya Adler" not in of_insider.content
    assert len(list(csv.reader(io.StringIO(of_outsider.content.decode())))) == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_an_export_is_a_formula(signed_in, company, start):
    leave_entries(1, form=start + "HYPERLINK()")
    entries = signed_in("rosa").post(reverse("journal_export"), {"form": "csv"})
    rows = list(csv.reader(io.StringIO(entries.content.decode())))
    assert all(
        not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        for row in rows
        for cell in row
    )
    assert as_csv(()) == ",".join(rows[0]) + "\r\n"


def test_export_past_its_limit_asks_for_narrower_dates(signed_in, company, monkeypatch):
    monkeypatch.setattr("portal.home.queries.journal.EXPORT_MAX", 10)
    before = Entry.objects.count()
    assert before > 10

    answer = signed_in("rosa").post(reverse("journal_export"), {"form": "csv"})

    assert answer.status_code == 422
    assert b"narrow the dates" in answer.content
    assert Entry.objects.count() == before
    assert EXPORT_MAX == 20_000


def test_whole_journal_is_verified_by_who_sees_everything(signed_in, company, workflow):
    assert signed_in("dana").get(reverse("journal_verify")).status_code == 403
    page = signed_in("audrey").get(reverse("journal_verify"))
    assert page.status_code == 200
    assert b"Nothing is missing and nothing was changed" in page.content


def test_reading_costs_the_same_however_long_the_journal(
    signed_in, company, workflow, django_assert_max_num_queries
):
    leave_entries(200)
    client = signed_in("rosa")
    with django_assert_max_num_queries(14):
        client.get(reverse("journal"))
