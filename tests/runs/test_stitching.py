"""Several traces and our own records become one run, in the order that is settled."""

from datetime import timedelta

import pytest

from portal.accounts.actors import SYSTEM
from portal.audit.operation import operation, record
from registry.models import AgentAssignment, Workflow
from runs.models import InboxBatch, Run, RunEvent, RunLink, UnplacedTrace
from runs.operations import minted, stitching
from runs.rules.spans.span import Span
from runs.rules.stitching import Choice, Known, Rule, can_go_on, key_of, settle
from tests.people import live_workflow, make_company
from tests.runs.helpers import START, append, start_run, store, told

T1, T2, T3 = "a" * 32, "b" * 32, "c" * 32
NOW = START + timedelta(minutes=1)


@pytest.fixture
def world(db):
    people = make_company()
    return people, live_workflow(people)


@pytest.fixture
def two_workflows(world):
    people, workflow = world
    other = live_workflow(people, name="Credits", slug="credits")
    return people, workflow, other


def span(trace=T1, number=1, parent=None, links=(), **attributes):
    return Span(
        trace_id=trace,
        span_id=f"{number:016x}",
        parent_id=parent,
        name=f"step {number}",
        started_at=START + timedelta(seconds=number),
        ended_at=START + timedelta(seconds=number + 1),
        attributes={key.replace("__", "."): value for key, value in attributes.items()},
        links=tuple((link, "1" * 16) for link in links),
    )


def batch_of(agent) -> InboxBatch:
    return InboxBatch.objects.create(
        agent=agent,
        content_type="application/json",
        raw=b"{}",
        received_at=NOW,
        event_count=1,
    )


@operation(leaves="run.batch_folded")
def stitched(batch, spans, now=NOW):
    places = stitching.stitch(batch, list(enumerate(spans)), now=now)
    record("run.batch_folded", actor=SYSTEM, accepted=0, duplicate=0, rejected=0)
    return places


def placed(agent, *spans):
    """Stitch spans as one batch and give an event to each run, as folding would."""
    places = stitched(batch_of(agent), spans)
    for one in spans:
        place = stitching.place_of(places, one)
        if place is not None:
            workflow = Workflow.objects.get(slug=place.workflow)
            run_id = start_run(workflow, agent, place.run)
            store(run_id, [told("data.read", 1, resource="x")])
    return places


def test_a_run_that_is_named_goes_before_everything(world):
    people, _ = world
    named = span(countersign__run__id="case-1", session__id="thread-9", links=[T2])

    places = placed(people.agent, span(T2), named)

    assert (places[T1].run, places[T1].rule) == ("case-1", "run")
    assert (places[T2].run, places[T2].rule) == (T2, "trace")


def test_children_that_come_first_join_the_run_that_their_root_names(world):
    people, _ = world
    placed(people.agent, span(T1, 2, "1" * 16), span(T1, 3, "1" * 16))
    assert Run.objects.get().agent_run_id == T1

    placed(people.agent, span(T1, 1, countersign__run__id="case-1"))

    run = Run.objects.get()
    assert (run.agent_run_id, run.fold["reads"]) == ("case-1", 3)
    assert RunEvent.objects.filter(kind="merged").count() == 1
    assert RunLink.objects.get(kind="TRACE").rule == "run"


def test_two_traces_of_one_conversation_are_one_run_while_it_goes_on(world):
    people, _ = world
    placed(people.agent, span(T1, session__id="thread-9"))
    placed(people.agent, span(T2, session__id="thread-9"))

    assert Run.objects.get().agent_run_id == "thread-9"


def test_after_its_end_a_conversation_begins_a_new_run(world):
    people, _ = world
    placed(people.agent, span(T1, session__id="thread-9"))
    store(Run.objects.get().id, [told("run.finished", 9, status="completed")])

    places = placed(people.agent, span(T2, session__id="thread-9"))
    placed(people.agent, span(T1, 5, session__id="thread-9"))

    assert places[T2].run == "thread-9#2"
    reads = {run.agent_run_id: run.fold["reads"] for run in Run.objects.all()}
    assert reads == {"thread-9": 2, "thread-9#2": 1}


def test_a_run_named_like_the_conversation_is_the_run_of_the_conversation(world):
    people, workflow = world
    run_id = start_run(workflow, people.agent, "thread-9")
    append(run_id, "asked", 5, action_request="a1", headline="Refund EUR 40.00.")

    placed(people.agent, span(T1, session__id="thread-9"))

    assert Run.objects.get().id == run_id


def test_a_pause_for_a_person_does_not_end_a_conversation():
    asked = {"a1": {"proposed": ["1|a", None]}}
    answered = {"a1": {"proposed": ["1|a", None], "resolved": ["5|b", "approved"]}}
    finished = ["3|c", "completed"]
    assert can_go_on({})
    assert can_go_on({"asks": asked, "finished": finished})
    assert can_go_on({"asks": answered, "finished": finished})
    assert not can_go_on({"asks": answered, "finished": ["7|c", "completed"]})
    assert not can_go_on({"finished": finished})


def test_a_link_to_a_trace_of_a_known_run_leads_there(world):
    people, _ = world
    placed(people.agent, span(T1, countersign__run__id="case-1"))

    places = placed(people.agent, span(T2, links=[T1]))

    assert (places[T2].run, places[T2].rule) == ("case-1", "link")


def test_an_id_that_we_gave_out_leads_to_its_run(world, monkeypatch):
    people, workflow = world
    run_id = start_run(workflow, people.agent, "case-1")
    given = minted.Given(run_id, workflow.id)
    monkeypatch.setattr(
        minted, "_FINDERS", [lambda ids, agent: dict.fromkeys(ids, given)]
    )

    places = placed(people.agent, span(T1, gen_ai__tool__call__id="call_9"))

    assert (places[T1].run, places[T1].rule) == ("case-1", "minted")


def test_another_workflows_run_is_never_joined(two_workflows, monkeypatch):
    people, workflow, other = two_workflows
    AgentAssignment.objects.filter(workflow=other).delete()
    elsewhere = start_run(other, people.other_agent, "case-1")
    given = minted.Given(elsewhere, other.id)
    monkeypatch.setattr(
        minted, "_FINDERS", [lambda ids, agent: dict.fromkeys(ids, given)]
    )

    placed(people.agent, span(T1, gen_ai__tool__call__id="call_9"))
    placed(people.agent, span(T2, countersign__run__id="case-1"))

    ours = Run.objects.filter(workflow=workflow)
    assert {run.agent_run_id for run in ours} == {T1, "case-1"}
    assert Run.objects.get(id=elsewhere).event_count == 0


def test_a_trace_with_several_named_runs_keeps_them_apart(world):
    people, _ = world
    first, second = (
        span(T1, number, countersign__run__id=name)
        for number, name in ((1, "case-1"), (2, "case-2"))
    )
    with_neither = span(T1, 3)

    places = stitched(batch_of(people.agent), [first, second, with_neither])

    runs = [
        stitching.place_of(places, one).run for one in (first, second, with_neither)
    ]
    assert runs == ["case-1", "case-2", "case-1"]


def test_what_an_agent_named_itself_is_not_merged_away(world):
    people, _ = world
    placed(people.agent, span(T1, countersign__run__id="case-1"))

    placed(people.agent, span(T1, 2, countersign__run__id="case-2"))

    assert {run.agent_run_id for run in Run.objects.all()} == {"case-1", "case-2"}


def test_an_agent_of_several_workflows_that_names_none_is_put_aside(two_workflows):
    people, *_ = two_workflows

    batch = batch_of(people.agent)
    places = stitched(
        batch, [span(T1), span(T1, 2), span(T2, countersign__workflow="credits")]
    )

    assert places[T2].workflow == "credits"
    assert T1 not in places
    row = UnplacedTrace.objects.get()
    assert (row.trace_id, row.why, row.spans) == (T1, "no_workflow", 2)
    batch.refresh_from_db()
    assert batch.quarantined == 2


def test_put_aside_twice_is_put_aside_once(world):
    people, _ = world
    batch = batch_of(people.other_agent)
    for _ in range(2):
        stitched(batch, [span(T1)])

    assert UnplacedTrace.objects.get().spans == 1
    assert UnplacedTrace.objects.get().why == "serves_none"


def test_a_workflow_that_the_agent_does_not_serve_is_put_aside(two_workflows):
    people, _, other = two_workflows
    AgentAssignment.objects.filter(workflow=other).delete()

    stitched(batch_of(people.agent), [span(T1, countersign__workflow="credits")])

    assert UnplacedTrace.objects.get().why == "not_served"
    assert not Run.objects.exists()


def test_a_flood_of_traces_is_counted_in_one_row(world, monkeypatch):
    people, _ = world
    monkeypatch.setattr("runs.operations.quarantine.OPEN_MAX", 3)
    batch = batch_of(people.other_agent)

    stitched(batch, [span(f"{number:032x}") for number in range(1, 9)])

    rows = dict(UnplacedTrace.objects.values_list("trace_id", "spans"))
    assert len(rows) == 4
    assert (rows["*"], sum(rows.values())) == (5, 8)


@pytest.mark.parametrize("weaker", [Rule.LINK, Rule.CONVERSATION, Rule.TRACE])
def test_a_weaker_reason_never_takes_a_trace_away(weaker):
    present = Known(1, "case-1", is_guessed=True, can_go_on=True)
    other = Choice("case-2", weaker)

    kept, joins = settle(present=present, present_rule="minted", chosen=other)

    assert (kept.name, joins) == ("case-1", False)


def test_long_and_odd_keys_stay_short_and_their_own():
    one, two = key_of("x" * 400), key_of("x" * 399 + "y")
    assert len(one) <= 128
    assert one != two
    assert key_of(" a\x00b ") == "ab"
