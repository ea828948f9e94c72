"""Telling: what is accepted is committed, counted once and folded, whatever its order."""

import gzip
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from portal.accounts.actors import SYSTEM
from portal.accounts.models import AgentKind
from portal.accounts.operations.agents import register_agent
from portal.core.clock import wall_clock
from runs import tasks
from runs.models import EventKey, Hold, InboxBatch, Run, RunEvent, Tally, TallyDelta
from runs.operations import folding, inbox
from runs.rules.sealing import SEALED_AFTER
from tests.people import NOW, live_workflow, make_company, refunds_document

URL = "/api/v1/events"


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def key(company):
    return company.key_for()


def event(number=1, kind="data.read", run="case-1", at="2026-11-16T09:00:00Z", **facts):
    if kind == "data.read":
        facts = {"system": "orders", "resource": f"order {number}", **facts}
    return {
        "id": f"e-{number}",
        "workflow": "refund-management",
        "run": run,
        "at": at,
        "kind": kind,
        **facts,
    }


def send(client, key, events, *, content_type="application/json", raw=None, **headers):
    body = json.dumps({"events": events}) if raw is None else raw
    return client.post(
        URL,
        body,
        content_type=content_type,
        headers={"Authorization": f"Bearer {key}", **headers},
    )


def figures(client, key, answer):
    batch = answer.json()["batch"]
    return client.get(
        f"{URL}/batches/{batch}", headers={"Authorization": f"Bearer {key}"}
    ).json()


def test_events_become_a_run_that_answers(client, company, workflow, key):
    answer = send(
        client,
        key,
        [
            event(1, "run.started", trigger="an e-mail"),
            event(2, at="2026-11-16T09:00:01Z"),
            event(
                3,
                "decision.made",
                at="2026-11-16T09:00:02Z",
                text="late",
                confidence=0.82,
            ),
            event(
                4,
                "run.finished",
                at="2026-11-16T09:00:09.5Z",
                status="completed",
                summary="Told the customer.",
            ),
        ],
    )

    assert (answer.status_code, answer.json()["accepted"]) == (202, 4)
    assert not Run.objects.exists()
    assert tasks.fold_inbox() == 1
    run = Run.objects.get()
    assert (run.state, run.answered, run.event_count) == ("COMPLETED", 7, 4)
    assert run.title == "Told the customer."
    assert (run.ended_at - run.started_at) == timedelta(seconds=9.5)
    assert figures(client, key, answer)["status"] == "done"
    assert figures(client, key, answer)["accepted"] == 4
    confidence = RunEvent.objects.get(kind="decision.made").facts["confidence"]
    assert confidence == "0.82"


def test_one_bad_event_never_costs_the_others(client, company, workflow, key):
    good = json.dumps(event(1))
    bad = [
        "3",
        "{}",
        json.dumps(event(2) | {"kind": "run.exploded"}),
        json.dumps(event(3) | {"approver": "me"}),
        json.dumps(event(4) | {"at": "yesterday"}),
        json.dumps(event(5) | {"at": "2190-01-01T00:00:00Z"}),
        '{"id": "x", "id": "y"}',
        json.dumps(event(6) | {"resource": "a\u0000b"}),
        '{"id": "\\ud800"}',
        json.dumps(event(7) | {"id": "x" * 129}),
        "[" * 40 + "]" * 40,
        '{"n": 12345678901234567890}',
    ]

    answer = send(client, key, None, raw='{"events": [' + ",".join([*bad, good]) + "]}")

    assert answer.status_code == 202
    told = answer.json()
    assert told["accepted"] == 1
    assert [item["index"] for item in told["rejected"]] == list(range(len(bad)))
    assert {item["code"] for item in told["rejected"]} == {
        "malformed",
        "invalid",
        "kind.unknown",
    }
    tasks.fold_inbox()
    assert RunEvent.objects.count() == 1
    assert len(figures(client, key, answer)["rejected"]) == len(bad)


@pytest.mark.parametrize(
    ("raw", "content_type", "headers", "status"),
    [
        (b"{", "application/json", {}, 400),
        (b"[]", "application/json", {}, 400),
        (b'{"events": []}', "application/json", {}, 400),
        (b'{"events": [1], "more": 1}', "application/json", {}, 400),
        (b"[" * 20_000, "application/json", {}, 400),
        (b"\xff\xfe", "application/json", {}, 400),
        (b"x", "text/plain", {}, 415),
        (b"x", "application/json", {"Content-Encoding": "br"}, 415),
        (b"x", "application/json", {"Content-Encoding": "gzip"}, 400),
        (
            gzip.compress(b"{}", mtime=0)[:-4],
            "application/json",
            {"Content-Encoding": "gzip"},
            400,
        ),
        (
            gzip.compress(b" " * 9_000_000, mtime=0),
            "application/json",
            {"Content-Encoding": "gzip"},
            413,
        ),
        (b" " * (8 * 1024 * 1024 + 1), "application/json", {}, 413),
        (b'{"events": [' + b"1," * 1000 + b"1]}", "application/json", {}, 413),
    ],
)
def test_what_is_no_batch_is_refused_and_nothing_is_kept(
    client, company, workflow, key, raw, content_type, headers, status
):
    answer = send(client, key, None, raw=raw, content_type=content_type, **headers)

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert not InboxBatch.objects.exists()


def test_lines_and_gzip_are_read_and_a_thousand_events_fit(
    client, company, workflow, key
):
    lines = "\n".join(json.dumps(event(n)) for n in range(1000)).encode()

    answer = send(
        client,
        key,
        None,
        raw=gzip.compress(lines),
        content_type="application/x-ndjson",
        **{"Content-Encoding": "gzip"},
    )

    assert (answer.status_code, answer.json()["accepted"]) == (202, 1000)
    tasks.fold_inbox()
    assert RunEvent.objects.count() == Run.objects.get().event_count == 1000


def test_duplicates_and_order_change_nothing(client, company, workflow, key):
    events = [
        event(1, "run.started", trigger="an e-mail"),
        *[event(n, at=f"2026-11-16T09:00:{n:02d}Z") for n in range(2, 20)],
        event(20, "run.finished", at="2026-11-16T09:01:00Z", status="completed"),
    ]
    send(client, key, events[::-1])
    tasks.fold_inbox()
    once = Run.objects.get()
    before = dict(Tally.objects.values_list("measure", "value"))

    answer = send(client, key, [*events, *events])
    told = answer.json()
    tasks.fold_inbox()

    again = Run.objects.get()
    assert (told["accepted"], told["duplicate"]) == (20, 20)
    assert figures(client, key, answer)["accepted"] == 0
    assert figures(client, key, answer)["duplicate"] == 40
    assert again.fold == once.fold
    assert dict(Tally.objects.values_list("measure", "value")) == before
    assert again.amended_at is None
    assert before["told.data.read"] == 18


def test_an_event_is_one_event_whatever_its_time_or_run(client, company, workflow, key):
    send(client, key, [event(1)])
    tasks.fold_inbox()

    send(client, key, [event(1, run="another", at="2026-11-17T09:00:00Z")])
    tasks.fold_inbox()

    assert (
        Run.objects.count() == RunEvent.objects.count() == EventKey.objects.count() == 1
    )


def test_what_arrives_shortly_after_the_end_amends_nothing(
    client, company, workflow, key
):
    send(client, key, [event(1, "run.finished", status="completed")])
    tasks.fold_inbox()
    send(client, key, [event(2)])
    tasks.fold_inbox()

    assert Run.objects.get().amended_at is None
    assert not RunEvent.objects.get(kind="data.read").is_late


def test_a_late_event_amends_a_finished_run(client, company, workflow, key):
    send(client, key, [event(1, "run.finished", status="completed")])
    tasks.fold_inbox()
    assert Run.objects.get().amended_at is None
    Run.objects.update(heard_at=wall_clock() - SEALED_AFTER)

    send(client, key, [event(2)])
    tasks.fold_inbox()

    run = Run.objects.get()
    assert run.amended_at is not None
    assert RunEvent.objects.get(kind="data.read").is_late
    assert run.state == "COMPLETED"


def test_another_agents_workflow_and_batch_do_not_exist(client, company, workflow, key):
    stranger = company.key_for(company.other_agent)

    answer = send(client, stranger, [event(1)])
    tasks.fold_inbox()

    told = figures(client, stranger, answer)
    assert told["accepted"] == 0
    assert told["rejected"][0]["code"] == "workflow.unknown"
    assert not Run.objects.exists()
    batch = answer.json()["batch"]
    other = client.get(
        f"{URL}/batches/{batch}", headers={"Authorization": f"Bearer {key}"}
    )
    assert other.status_code == 404
    assert client.post(URL, "{}", content_type="application/json").status_code == 401


def test_a_system_of_record_confirms_changes_and_makes_no_run(
    client, company, workflow, key
):
    system = register_agent(
        actor=SYSTEM,
        name="Billing",
        department=company.departments["care"],
        operator=company.priya,
        kind=AgentKind.SYSTEM_OF_RECORD,
        now=NOW,
    )
    system_key = company.key_for(system, scopes=("changes",))
    change = {
        "system": "billing",
        "resource": "order 12",
        "field": "refunded",
        "after": "40",
    }
    send(client, key, [event(1)])
    tasks.fold_inbox()

    answer = send(
        client,
        system_key,
        [
            event(1, "change.made", **change),
            event(2, "change.made", run="unheard-of", **change),
            event(3, "run.finished", status="completed"),
        ],
    )
    tasks.fold_inbox()

    told = figures(client, system_key, answer)
    assert told["accepted"] == 2
    assert {r["code"] for r in told["rejected"]} == {"kind.not_yours"}
    assert Run.objects.count() == 1
    assert RunEvent.objects.get(kind="change.made").provenance == "CONFIRMED"


def test_a_stop_rule_on_events_holds_the_run_at_once(client, company, key):
    document = refunds_document(
        stop_rules=[
            {
                "key": "tool-failed",
                "kind": "tool_failure",
                "effect": "hold",
                "sentence": "A tool failed in the middle of an action.",
                "params": {"failures": 2},
            }
        ]
    )
    live_workflow(company, document=document)
    call = {"tool": "refund_order", "args": {}, "status": "error", "error": "time-out"}

    send(client, key, [event(1, "tool.called", **call)])
    tasks.fold_inbox()
    assert not Run.objects.get().is_held
    send(client, key, [event(2, "tool.called", at="2026-11-16T09:00:05Z", **call)])
    tasks.fold_inbox()

    run = Run.objects.get()
    assert run.is_held
    assert run.hold_reason == Hold.objects.get().sentence
    assert RunEvent.objects.get(kind="held").provenance == "ENFORCED"
    assert (
        RunEvent.objects.filter(kind="tool.called").first().facts["mapped"]["tier"]
        == "change"
    )


def test_a_batch_that_fails_is_tried_again_and_then_put_aside(
    client, company, workflow, key, monkeypatch
):
    answer = send(client, key, [event(1)])

    def broken(*_args, **_more):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(folding, "insert_new", broken)
    for _ in range(5):
        InboxBatch.objects.update(lease_until=None)
        tasks.fold_inbox()

    told = figures(client, key, answer)
    assert (told["status"], told["accepted"]) == ("dead", 0)
    assert "stored" in told["reason"]
    monkeypatch.undo()
    assert inbox.redrive_batches(actor=SYSTEM, now=wall_clock()) == 1
    tasks.sweep_inbox()
    assert figures(client, key, answer)["accepted"] == 1
    assert Run.objects.count() == 1


def test_an_event_that_cannot_be_stored_costs_no_other(
    client, company, workflow, key, monkeypatch
):
    answer = send(client, key, [event(1), event(2), event(3)])
    whole = folding.insert_new

    def picky(staged, *, batch):
        if any(one.source_event_id == "e-2" for one in staged):
            raise RuntimeError("not this one")
        return whole(staged, batch=batch)

    monkeypatch.setattr(folding, "insert_new", picky)
    for _ in range(3):
        InboxBatch.objects.update(lease_until=None)
        tasks.fold_inbox()

    told = figures(client, key, answer)
    assert (told["status"], told["accepted"]) == ("done", 2)
    assert told["rejected"] == [
        {
            "index": 1,
            "code": "event.not_stored",
            "detail": "This could not be stored: RuntimeError.",
        }
    ]


def test_tallies_are_what_the_events_add_up_to(client, company, workflow, key):
    cost = {"value": "0.10", "currency": "EUR"}
    send(
        client, key, [event(n, "model.called", model="m", cost=cost) for n in range(3)]
    )
    tasks.fold_inbox()

    tallies = dict(Tally.objects.values_list("measure", "value"))
    assert tallies == {
        "told.model.called": 3,
        "costed.calls": 3,
        "cost.EUR": Decimal("0.3"),
    }
    assert not TallyDelta.objects.exists()


def test_events_lie_in_the_partition_of_their_runs_month(
    client, company, workflow, key
):
    send(client, key, [event(1)])
    tasks.fold_inbox()

    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM runs_runevent")
        name = cursor.fetchone()[0]
    assert name == f"runs_runevent_{wall_clock():%Y_%m}"


def test_folding_costs_the_same_for_one_event_and_for_many(
    client, company, workflow, key, django_assert_max_num_queries
):
    send(client, key, [event(n, run=f"case-{n % 5}") for n in range(500)])

    with django_assert_max_num_queries(60) as counted:
        tasks.fold_inbox()

    assert len(counted) < 60
