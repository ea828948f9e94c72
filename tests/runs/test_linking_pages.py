"""What telemetry asks of people: traces to place, tools to map, runs that are one."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from portal.audit.models import Entry
from portal.config import metrics
from portal.core.clock import wall_clock
from runs import tasks
from runs.models import InboxBatch, Run, RunLink, UnmappedTool, UnplacedTrace
from runs.operations.silence import sweep_silent_runs
from runs.operations.unmapped import close_mapped_tools, note_unmapped
from runs.queries.partitions import partition_health
from runs.rules.sealing import SILENT_AFTER, silent_after
from tests.approvals.asking import make_portal
from tests.runs.helpers import START, inside, start_run, store, told
from tests.runs.test_stitching import T1, batch_of, span, stitched

UNKNOWN = {"is_unknown": True}


@pytest.fixture
def portal(db):
    return make_portal()


def _aside(portal) -> UnplacedTrace:
    stitched(
        batch_of(portal.people.agent), [span(T1, countersign__workflow="elsewhere")]
    )
    return UnplacedTrace.objects.get()


def test_an_owner_places_a_trace_in_a_run_and_its_batch_is_read_again(portal):
    trace = _aside(portal)
    InboxBatch.objects.update(state="DONE", finished_at=START)
    run_id = start_run(portal.workflow, portal.people.agent, "case-1")
    maya = portal.signed_in("maya")
    address = reverse("unplaced_trace", args=[trace.id])
    said = {
        "workflow": portal.workflow.slug,
        "run": str(run_id),
        "reason": "same order",
    }

    assert b"Where does this belong?" in maya.get(address).content
    assert maya.post(address, said | {"reason": ""}).status_code == 422
    assert maya.post(address, said).url == reverse("run", args=[run_id])

    trace.refresh_from_db()
    assert (trace.state, trace.run_id) == ("PLACED", run_id)
    assert InboxBatch.objects.get().state == "PENDING"
    assert RunLink.objects.get(kind="TRACE").rule == "person"
    assert Entry.objects.filter(name="run.trace_placed").count() == 1
    places = stitched(
        batch_of(portal.people.agent), [span(T1, countersign__workflow="x")]
    )
    assert (places[T1].run, places[T1].rule) == ("case-1", "person")


def test_a_dismissed_trace_keeps_its_reason_and_asks_for_nothing(portal):
    trace = _aside(portal)
    maya = portal.signed_in("maya")
    assert b"nobody knows which run" in maya.get(reverse("start")).content

    maya.post(reverse("unplaced_dismiss", args=[trace.id]), {"why": "a test of ours"})
    stitched(batch_of(portal.people.agent), [span(T1, 7, countersign__workflow="x")])

    assert UnplacedTrace.objects.get().reason == "a test of ours"
    assert UnplacedTrace.objects.get().state == "DISMISSED"
    assert b"Everything has its run" in maya.get(reverse("unplaced")).content
    assert bytes(InboxBatch.objects.order_by("id")[0].raw) == b""


def test_trying_again_places_what_can_be_placed_by_now(portal):
    trace = _aside(portal)
    InboxBatch.objects.update(state="DONE", finished_at=START)

    portal.signed_in("maya").post(reverse("unplaced_again", args=[trace.id]))
    stitched(InboxBatch.objects.get(), [span(T1)])

    trace.refresh_from_db()
    assert (trace.state, trace.run.agent_run_id) == ("PLACED", T1)
    assert trace.settled_by is None


def test_only_who_may_change_a_workflow_of_the_agent_sees_what_waits(portal):
    trace = _aside(portal)
    for name in ("dana", "olga", "audrey"):
        page = portal.signed_in(name).get(reverse("unplaced_trace", args=[trace.id]))
        assert page.status_code == 404


def _uses(portal, *names):
    run_id = start_run(portal.workflow, portal.people.agent, "case-1")
    events = [
        told("tool.called", n, tool=name, status="ok", mapped=UNKNOWN)
        for n, name in enumerate(names)
    ]
    inside(
        lambda: note_unmapped(
            {run_id: events}, {run_id: portal.workflow.id}, now=wall_clock()
        )
    )
    return run_id


def test_an_unregistered_tool_is_a_task_until_it_is_mapped(portal):
    _uses(portal, "wipe_order", "wipe_order", "refund_order")
    maya = portal.signed_in("maya")
    page = maya.get(reverse("runs_tasks", args=[portal.workflow.slug])).content.decode()
    assert "wipe_order" in page
    assert "2\N{NO-BREAK SPACE}times" in page
    # The live version maps this one by now: it asks for nothing, swept or not.
    assert "refund_order" not in page

    assert close_mapped_tools(now=wall_clock()) == 1

    states = dict(UnmappedTool.objects.values_list("name", "state"))
    assert states == {"wipe_order": "OPEN", "refund_order": "MAPPED"}


def test_a_mapped_tool_that_is_unknown_again_is_a_task_again(portal):
    _uses(portal, "refund_order")
    close_mapped_tools(now=wall_clock())

    _uses(portal, "refund_order")

    assert UnmappedTool.objects.get().state == "OPEN"
    assert UnmappedTool.objects.get().calls == 2


def test_a_tool_is_dismissed_with_a_reason_and_stays_dismissed(portal):
    _uses(portal, "format_text")
    tool = UnmappedTool.objects.get()
    maya = portal.signed_in("maya")
    address = reverse("tool_dismiss", args=[tool.id])

    assert maya.post(address, {"reason": " "}).status_code == 422
    assert maya.post(address, {"reason": "it only formats"}).status_code == 302
    _uses(portal, "format_text")

    tool.refresh_from_db()
    assert (tool.state, tool.reason, tool.calls) == ("DISMISSED", "it only formats", 2)


def test_the_tool_is_filled_in_where_it_is_mapped(portal):
    maya = portal.signed_in("maya")
    maya.post(reverse("draft_new", args=[portal.workflow.slug]))

    page = maya.get(
        reverse("draft_checks", args=[portal.workflow.slug]), {"tool": "wipe_order"}
    )

    assert b'value="wipe_order"' in page.content


def test_an_owner_merges_two_runs_and_the_old_address_leads_to_the_one_that_is_left(
    portal,
):
    agent = portal.people.agent
    one, other = (start_run(portal.workflow, agent, name) for name in (T1, "case-1"))
    store(one, [told("data.read", 1, system="orders", resource="12")])
    maya = portal.signed_in("maya")
    address = reverse("run_merge", args=[one])

    assert b"case-1" in maya.get(address).content
    assert maya.post(address, {"into": str(other), "reason": ""}).status_code == 422
    said = {"into": str(other), "reason": "the same order"}
    assert maya.post(address, said).url == reverse("run", args=[other])

    assert maya.get(reverse("run", args=[one])).url == reverse("run", args=[other])
    assert portal.signed_in("olga").get(reverse("run", args=[one])).status_code == 404
    assert b"the same order" in maya.get(reverse("run_links", args=[other])).content


def test_a_run_that_says_nothing_more_becomes_unknown_and_comes_back(portal):
    run_id = start_run(portal.workflow, portal.people.agent, "case-1")
    store(run_id, [told("data.read", n, system="orders", resource="1") for n in (1, 2)])
    later = START + timedelta(minutes=31)

    assert sweep_silent_runs(now=START + timedelta(minutes=29)) == 0
    assert sweep_silent_runs(now=later) == 1
    assert sweep_silent_runs(now=later) == 0

    run = Run.objects.get()
    assert (run.state, "still running" in run.title) == ("UNKNOWN", False)
    store(run_id, [told("data.read", 3000, system="orders", resource="2")])
    assert Run.objects.get().state == "RUNNING"


def test_a_run_that_waits_for_a_person_or_is_held_is_not_silent(portal):
    portal.ask(run="waits")
    portal.ask("20.00", run="held", description="The customer calls a lawyer")

    assert sweep_silent_runs(now=wall_clock() + timedelta(days=9)) == 0


def test_slow_runs_may_be_silent_for_longer():
    assert silent_after([]) == SILENT_AFTER
    assert silent_after([1.0] * 50) == SILENT_AFTER
    assert silent_after([600.0] * 50) == timedelta(seconds=6000)
    assert silent_after([10.0**9]) == timedelta(days=7)


def test_an_event_without_a_partition_of_its_own_raises_the_alarm(portal):
    assert partition_health().is_fine
    old = "00000000-0000-7000-8000-000000000001"
    run = Run.objects.get(id=start_run(portal.workflow, portal.people.agent, "case-1"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM runs_runevent_default")
        assert cursor.fetchone()[0] == 0
    run.pk, run.id, run.agent_run_id = old, old, "from long ago"
    run.save(force_insert=True)
    store(run.id, [told("data.read", 1, system="orders", resource="12")])

    assert "1 run event lies in the default partition" in partition_health().sentence
    assert b"default_partition 1\n" in metrics.exposition()
    ready = portal.signed_in("ada").get(reverse("readyz")).json()
    assert "default partition" in ready["partitions"]
    assert b"Run events lie in the wrong place" in (
        portal.signed_in("ada").get(reverse("start")).content
    )


def test_the_sweep_does_both_and_may_run_twice(portal):
    _uses(portal, "refund_order")
    tasks.sweep_runs()
    tasks.sweep_runs()
    assert UnmappedTool.objects.get().state == "MAPPED"
