"""A change log: its columns, its rows as events, and the whole way in by the browser."""

import re
from datetime import UTC, datetime
from io import BytesIO, StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from approvals.tasks import match_changes
from portal.accounts.actors import SYSTEM
from portal.accounts.models import AgentKind
from portal.accounts.operations.agents import register_agent
from portal.core.clock import database_now
from runs import tasks
from runs.models import ChangeFile, ChangeImport, Incident, ReportedChange, Run
from runs.rules.change_log import event_of_row, order_of, problems_of, suggest, time_of
from tests.approvals.asking import make_portal
from tests.people import NOW

BERLIN = ZoneInfo("Europe/Berlin")
HEAD = "Changed at;Record;Field name;Old value;New value;Grant ID;Clerk\n"


def test_columns_are_suggested_by_their_names_each_meaning_once():
    columns = HEAD.strip().split(";")

    assert list(suggest(columns).values()) == [
        *("at", "resource", "field", "before", "after", "grant", "left_out"),
    ]
    assert problems_of(suggest(columns), len(columns)) == {}
    assert "When it was changed" in problems_of({0: "resource"}, 1)[""]
    assert "column_1" in problems_of({0: "at", 1: "at", 2: "resource"}, 3)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2026-11-16T09:00:00Z", "", datetime(2026, 11, 16, 9, tzinfo=UTC)),
        ("2026-11-16 10:00:00", "", datetime(2026, 11, 16, 9, tzinfo=UTC)),
        ("16.11.2026 10:00", "", datetime(2026, 11, 16, 9, tzinfo=UTC)),
        ("11/16/2026 10:00:30 AM", "mdy", datetime(2026, 11, 16, 9, 0, 30, tzinfo=UTC)),
        ("16/11/2026 10:00 pm", "dmy", datetime(2026, 11, 16, 21, tzinfo=UTC)),
        ("1763283600", "", datetime(2025, 11, 16, 9, tzinfo=UTC)),
        ("1763283600000", "", datetime(2025, 11, 16, 9, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_the_zone_that_was_chosen(text, order, expected):
    assert time_of(text, zone=BERLIN, order=order) == expected


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-11-16", "03/04/2026 10:00", "31.02.2026 10:00", "=1+1"]
)
def test_a_time_that_cannot_be_read_is_a_reason(text):
    assert isinstance(time_of(text, zone=UTC, order=""), str)


def test_the_order_of_days_is_found_where_a_value_leaves_no_doubt():
    assert order_of(["03/04/2026 10:00", "16/11/2026 10:00"]) == "dmy"
    assert order_of(["11/16/2026 10:00"]) == "mdy"
    assert order_of(["03/04/2026 10:00"]) == ""


def test_an_event_is_named_by_what_stands_in_its_row():
    def row(**said):
        whole = {"at": "2026-11-16T09:00:00Z", "resource": "order 9", **said}
        return event_of_row(whole, system="billing", zone=UTC, order="", now=NOW)

    assert row()["id"] == row(at="2026-11-16T10:00:00+01:00")["id"]
    assert row()["id"] != row(after="1")["id"] != row(number="2")["id"]
    assert row(resource_type="order", resource="9")["resource"] == "order 9"
    assert "what was changed" in row(resource="")
    assert "at most" in row(field="x" * 300)


@pytest.fixture
def portal(db):
    return make_portal()


@pytest.fixture
def ledger(portal):
    return register_agent(
        actor=SYSTEM,
        name="Ledger",
        department=portal.people.departments["care"],
        operator=portal.people.priya,
        kind=AgentKind.SYSTEM_OF_RECORD,
        now=NOW,
    )


def log_of(portal):
    """A log of five rows: one under a grant, one under none, one twice, one wrong."""
    asked = portal.ask("20.00")
    portal.redeem(asked["grant"], asked["action_digest"])
    at = database_now().isoformat()
    covered = f"{at};order 1182;refunded;0;20.00;;=cmd()\n"
    return HEAD + (
        covered
        + f"{at};order 9;note;;call ana@example.com;;Jo\n"
        + covered
        + f"soon;order 9;note;;1;;Jo\n{at};order 1182;refunded;20;30;;Jo\n"
    )


def upload(client, ledger, text):
    file = BytesIO(text.encode())
    file.name = "changes.csv"
    answer = client.post("/changes/import/", {"source": str(ledger.id), "file": file})
    assert answer.status_code == 302, answer.content
    return answer["Location"].removesuffix("columns/")


def test_a_log_goes_from_the_file_to_matched_changes_and_incidents(portal, ledger):
    client, text = portal.signed_in("rosa"), log_of(portal)
    address = upload(client, ledger, text)
    log = ChangeImport.objects.get()
    assert b"example.com" not in bytes(ChangeFile.objects.get().data)
    form = {f"column_{at}": said for at, said in log.mapping.items()}

    wrong = client.post(f"{address}columns/", {**form, "column_0": "left_out"})
    assert wrong.status_code == 422
    client.post(f"{address}columns/", {**form, "system": "billing", "zone": "UTC"})
    log.refresh_from_db()
    assert log.counts == {"rows": 5, "READY": 3, "REPEATED": 1, "WRONG": 1}
    assert not ReportedChange.objects.exists()
    client.post(f"{address}send/")
    tasks.fold_inbox()
    match_changes()

    page = client.get(address).content.decode()
    states = ("Covered by a grant", "No grant covers it", "Twice in the file", "Wrong")
    assert all(state in page for state in states)
    assert "ana@example.com" not in page
    assert Incident.objects.count() == 2
    assert Run.objects.count() == 1
    assert not ChangeFile.objects.exists()
    assert client.post(f"{address}send/").status_code == 409
    report = b"".join(client.get(f"{address}report.csv").streaming_content).decode()
    assert len(report.splitlines()) == 6
    assert "\n=" not in report

    again = upload(client, ledger, text)
    client.post(f"{again}columns/", {**form, "system": "billing", "zone": "UTC"})
    counts = ChangeImport.objects.latest("created_at").counts
    assert counts == {"rows": 5, "KNOWN": 3, "REPEATED": 1, "WRONG": 1}
    assert client.post(f"{again}send/").status_code == 409


def test_only_who_may_speaks_for_a_system(portal, ledger):
    for who in ("maya", "dana"):
        assert portal.signed_in(who).get("/changes/import/").status_code == 403
    client = portal.signed_in("ada")
    address = upload(client, ledger, HEAD + "2026-11-16T09:00:00Z;order 9;a;1;2;;Jo\n")
    assert portal.signed_in("maya").get(address).status_code == 404
    assert client.post(f"{address}discard/").status_code == 302
    assert not ChangeImport.objects.exists()


def test_the_command_shows_every_row_and_takes_them_in_only_when_told(
    portal, ledger, tmp_path
):
    file = tmp_path / "log.csv"
    file.write_text(log_of(portal))
    out = StringIO()

    with pytest.raises(SystemExit) as dry:
        call_command(
            "import_changes", file, system="ledger", called="billing", stdout=out
        )
    assert dry.value.code == 3
    assert not ChangeImport.objects.exists()
    with pytest.raises(SystemExit):
        call_command(
            "import_changes",
            file,
            system="Ledger",
            called="billing",
            apply=True,
            stdout=out,
        )
    tasks.fold_inbox()
    match_changes()

    said = out.getvalue()
    assert len(re.findall(r"^line \d+: ", said, re.M)) == 10
    assert "3 would be taken in." in said
    assert "3 taken in" in said
    assert Incident.objects.count() == 2
    with pytest.raises(CommandError, match="system of record"):
        call_command("import_changes", file, system="nobody")


def test_a_system_that_grants_may_call_otherwise_is_asked_for_and_not_guessed(
    portal, ledger
):
    client = portal.signed_in("rosa")
    address = upload(client, ledger, log_of(portal))
    log = ChangeImport.objects.get()
    assert log.choices["system"] == ""

    form = {f"column_{at}": said for at, said in log.mapping.items()}
    client.post(f"{address}columns/", {**form, "zone": "UTC"})

    log.refresh_from_db()
    assert log.counts == {"rows": 5, "WRONG": 5}
    assert "Name the system as grants name it." in client.get(address).content.decode()
