"""Telemetry from the door to its run: nothing is lost and nothing counts twice."""

import random

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.core.clock import wall_clock
from registry.models import AgentAssignment
from runs import tasks
from runs.models import EventKey, InboxBatch, Run, RunEvent, RunMerge, UnplacedTrace
from runs.operations import folding
from runs.operations.rebuilding import rebuild_tallies
from tests.approvals.asking import make_portal
from tests.runs.helpers import LATER
from tests.runs.telemetry import export, root, span, tool

OTHER = "b" * 32


@pytest.fixture
def portal(db):
    return make_portal()


def send(client, portal, raw):
    answer = client.post(
        "/v1/traces",
        raw,
        content_type="application/json",
        headers={"Authorization": f"Bearer {portal.key}"},
    )
    assert answer.status_code == 200, answer.content


def counts():
    return (
        RunEvent.objects.count(),
        EventKey.objects.count(),
        sum(Run.objects.values_list("event_count", flat=True)),
    )


def told_events():
    """Every event that a sender told, with the name of its run."""
    rows = RunEvent.objects.exclude(source_event_id="")
    return sorted(rows.values_list("run__agent_run_id", "source_event_id", "kind"))


def holds():
    call_command("check_invariants")
    assert rebuild_tallies(actor=SYSTEM, now=LATER) == 0


def test_a_root_that_arrives_last_gathers_everything_in_the_run_it_names(
    client, portal
):
    send(client, portal, export(tool(2), tool(3)))
    tasks.fold_inbox()
    assert Run.objects.get().known_by == "trace"
    before = RunEvent.objects.count()

    late = root()
    late["attributes"].append(
        {"key": "countersign.run.id", "value": {"stringValue": "case-1"}}
    )
    send(client, portal, export(late))
    tasks.fold_inbox()

    run = Run.objects.get()
    assert run.agent_run_id == "case-1"
    assert RunEvent.objects.filter(run=run).count() > before
    assert RunMerge.objects.get().events == before
    send(client, portal, export(tool(2), tool(3)))
    tasks.fold_inbox()
    assert (
        RunEvent.objects.filter(run=run, source_event_id__contains=":").count() > before
    )
    holds()


def _exports():
    """The same story whatever comes first: two traces of one conversation, one late name."""
    talk = {"session.id": "thread-9"}
    return [
        export(tool(2)),
        export(root(), resource=talk),
        export(tool(12, trace=OTHER, parent=11), resource=talk),
        export(span(20, trace=OTHER, attributes={"countersign.run.id": "case-1"})),
    ]


def test_in_whatever_order_and_however_often_it_comes_the_runs_are_the_same(
    client, portal
):
    outcomes = set()
    for seed in range(3):
        order = _exports() * 2
        random.Random(seed).shuffle(order)
        with _undone():
            for raw in order:
                send(client, portal, raw)
                tasks.fold_inbox()
            events = RunEvent.objects.exclude(source_event_id="")
            outcomes.add(tuple(sorted(events.values_list("source_event_id", "kind"))))
            assert counts()[1] == events.count()
            # The trace that names its run is in it, with all that was guessed before.
            named = Run.objects.get(agent_run_id="case-1")
            assert events.filter(
                source_event_id__startswith=OTHER, run=named
            ).count() == (events.filter(source_event_id__startswith=OTHER).count())
            holds()
    assert len(outcomes) == 1


class _undone:
    """Undo what happens inside."""

    def __enter__(self):
        self.sid = connection.savepoint()

    def __exit__(self, *error):
        connection.savepoint_rollback(self.sid)


class Killed(Exception):
    """What stands for a worker that is killed."""


def test_a_worker_that_dies_on_the_way_leaves_nothing_half_done(client, portal):
    send(client, portal, export(tool(2), tool(3)))
    tasks.fold_inbox()
    late = span(1, attributes={"countersign.run.id": "case-1", "session.id": "t"})
    send(client, portal, export(late, tool(4), tool(5, trace=OTHER)))
    batch = InboxBatch.objects.get(state="PENDING")
    before, statement, survived = counts(), 0, 0

    class Killer:
        def __init__(self, at):
            self.at, self.seen = at, 0

        def __call__(self, execute, sql, params, many, context):
            # The transaction's own statements are the test's here, not the worker's.
            self.seen += "SAVEPOINT" not in sql
            if "SAVEPOINT" not in sql and self.seen == self.at:
                raise Killed(sql[:60])
            return execute(sql, params, many, context)

    while not survived:
        statement += 2
        killer = Killer(statement)
        with connection.execute_wrapper(killer):
            try:
                folding.fold_batch(batch_id=batch.id, now=wall_clock())
            except Killed:
                assert RunEvent.objects.count() == before[0]
                assert Run.objects.get().known_by == "trace"
                assert InboxBatch.objects.get(id=batch.id).state == "PENDING"
            else:
                survived = killer.seen

    assert survived > 20
    assert RunMerge.objects.count() == 1
    assert {run.agent_run_id for run in Run.objects.all()} == {"case-1", OTHER}
    holds()


def test_what_a_person_placed_is_folded_into_its_run_once(client, portal):
    AgentAssignment.objects.filter(agent=portal.people.agent).delete()
    send(client, portal, export(tool(2), tool(3)))
    tasks.fold_inbox()
    batch, trace = InboxBatch.objects.get(), UnplacedTrace.objects.get()
    assert (batch.quarantined, batch.accepted, trace.spans) == (2, 0, 2)
    assert not Run.objects.exists()
    holds()
    AgentAssignment.objects.create(
        agent=portal.people.agent, workflow=portal.workflow, since=wall_clock()
    )

    portal.signed_in("maya").post(
        reverse("unplaced_trace", args=[trace.id]),
        {"workflow": portal.workflow.slug, "run": "own", "reason": "it is ours now"},
    )
    tasks.fold_inbox()

    batch.refresh_from_db()
    run = Run.objects.get()
    assert (batch.state, batch.quarantined) == ("DONE", 0)
    assert batch.accepted == RunEvent.objects.filter(run=run).count() > 0
    assert bytes(batch.raw) == b""
    holds()


def test_an_agents_tool_call_leads_to_the_run_in_which_it_asked(client, portal):
    asked = portal.ask(run="case-1", tool_call_id="call_9")
    called = tool(2)
    called["attributes"].append(
        {"key": "gen_ai.tool.call.id", "value": {"stringValue": "call_9"}}
    )
    send(client, portal, export(called))
    tasks.fold_inbox()

    run = Run.objects.get()
    assert (str(run.id), run.agent_run_id) == (asked["run"]["id"], "case-1")
    assert run.fold["tools"] == 1
