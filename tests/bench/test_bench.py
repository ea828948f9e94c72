"""The benchmark's own parts: quantiles, memory, and the crowd that it makes by SQL."""

import json
import os
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

from approvals.models import Proposal
from approvals.queries.card import card_for
from approvals.queries.inbox import inbox_for, waiting_count
from portal.home.bench import peers
from portal.home.bench.crowd import OPEN_ONE_IN, make_crowd
from portal.home.bench.measuring import memory_of, milliseconds, ratio, rush, timed
from portal.home.bench.run_crowd import make_runs
from portal.home.bench.telling import EVENTS_A_RUN, SPANS_A_RUN, batch_of, traces
from runs.models import Run, RunEvent, RunIndex
from runs.queries.lists import runs_for
from runs.queries.narrowing import RunAsked
from tests.approvals.asking import make_portal


def test_quantiles_are_in_milliseconds():
    told = milliseconds([0.001 * number for number in range(1, 101)])

    assert told == {"p50_ms": 50.5, "p95_ms": 95.05, "p99_ms": 99.01, "count": 100}
    assert ratio(3.0, 1.5) == 2.0
    assert ratio(1.0, 0) is None
    assert len(timed(lambda: None, times=5)) == 5


def test_a_rush_times_each_and_all():
    told = rush(lambda number: number, times=20, at_once=4)

    assert len(told.seconds) == 20
    assert told.a_second > 0


def test_memory_counts_a_process_that_is_there_and_none_that_is_not():
    told = memory_of({"this": os.getpid(), "gone": 2**22 - 1})

    assert told["this"]["mib"] > 10
    assert told["gone"]["mib"] == 0


def test_an_unknown_benchmark_is_refused_before_anything_starts():
    with pytest.raises(CommandError, match="There is no benchmark speed"):
        call_command("bench", "speed")


def test_a_crowd_reads_like_what_was_really_written(committed_db):
    portal = make_portal()
    asked = [portal.ask("84.20", run=f"run-{number}") for number in range(3)]
    assert all(one["proposal"] for one in asked)
    address = committed_db.superuser_url.replace(
        "/countersign?", f"/{committed_db.name}?"
    )

    make_crowd(address, count=200)

    dana = portal.people.actor("dana")
    now = datetime.now(tz=UTC)
    assert Proposal.objects.count() == 203
    assert waiting_count(dana) == 3 + 200 // OPEN_ONE_IN
    assert Run.objects.count() == 203
    assert RunEvent.objects.filter(kind="asked").count() > 3
    shown = inbox_for(dana)
    assert len(shown.rows) == 3 + 200 // OPEN_ONE_IN
    for row in shown.rows:
        assert card_for(dana, row.id, now=now).headline


def test_a_crowd_of_runs_is_found_by_its_filters(committed_db):
    portal = make_portal()
    portal.ask("84.20", run="run-1")
    address = committed_db.superuser_url.replace(
        "/countersign?", f"/{committed_db.name}?"
    )

    make_runs(address, first=1, last=120)
    make_runs(address, first=121, last=240)

    dana = portal.people.actor("dana")
    assert Run.objects.count() == RunIndex.objects.count() == 241
    for asked in (
        RunAsked(q="chair order"),
        RunAsked(verb="credit", system="billing"),
        RunAsked(state="FAILED"),
        RunAsked(amount_to="0.30", currency="EUR"),
        RunAsked(unanswered="decided", q="crowd-13"),
    ):
        assert 0 < len(runs_for(actor=dana, asked=asked).rows) < 50, asked


def test_what_is_sent_is_what_agents_send():
    told = json.loads(batch_of("x", runs=3))["events"]
    bodies = traces(runs=90, seed=1)

    assert len(told) == len({each["id"] for each in told}) == 3 * EVENTS_A_RUN
    spans = [
        span
        for body in bodies
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert len(spans) == 90 * SPANS_A_RUN
    assert len({span.span_id for span in spans}) == len(spans)


def test_a_receiver_that_is_not_installed_is_said_to_be_absent(monkeypatch):
    absent = {
        "other": peers.PEERS["phoenix"].__class__(
            "no_such_module", lambda *_: (), lambda *_: {}, "x.db", "SELECT 1", {}
        )
    }
    monkeypatch.setattr(peers, "PEERS", absent)
    monkeypatch.delenv("COUNTERSIGN_BENCH_PEERS", raising=False)

    assert peers.peers([b""], 1) == {"other": "not installed"}
