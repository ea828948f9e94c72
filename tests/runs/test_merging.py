"""Two runs become one: their events move, nothing is lost and nothing counts twice."""

from datetime import timedelta

import pytest
from django.db import Error, connection, transaction

from portal.accounts.actors import SYSTEM
from portal.core.errors import Conflict, Invalid, NotFound
from runs.models import EventKey, Hold, Run, RunEvent, RunMerge
from runs.operations import moments
from runs.operations.merging import merge_by_hand, merge_runs
from runs.operations.rebuilding import rebuild_tallies
from runs.rules.stitching import Rule
from tests.people import live_workflow, make_company
from tests.runs.helpers import LATER, START, append, inside, start_run, store, told

pytestmark = pytest.mark.django_db(transaction=False)


@pytest.fixture
def world(db):
    people = make_company()
    return people, live_workflow(people)


def _merge(source_id, target_id, rule=Rule.CONVERSATION):
    return inside(
        lambda: merge_runs(
            source_id=source_id,
            target_id=target_id,
            rule=rule,
            reason="it is of the same conversation",
            actor=SYSTEM,
            now=START + timedelta(hours=1),
        )
    )


def _two(world):
    people, workflow = world
    trace = start_run(workflow, people.agent, "4bf92f3577b34da6a3ce929d0e0e4736")
    case = start_run(workflow, people.agent, "case-1")
    store(
        trace, [told("data.read", n, system="orders", resource=str(n)) for n in (1, 2)]
    )
    store(case, [told("data.read", 3, system="orders", resource="3")])
    return trace, case


def test_the_events_of_a_merged_run_stand_in_the_other_and_are_counted_once(world):
    trace, case = _two(world)
    ids = set(RunEvent.objects.values_list("id", flat=True))

    assert _merge(trace, case) == case

    assert not RunEvent.objects.filter(run_id=trace).exists()
    kept = set(RunEvent.objects.filter(run_id=case).values_list("id", flat=True))
    assert ids < kept
    assert RunEvent.objects.exclude(id__in=ids).get().kind == "merged"
    run = Run.objects.get(id=case)
    assert (run.fold["reads"], run.event_count) == (3, 4)
    assert RunMerge.objects.get().events == 2
    assert rebuild_tallies(actor=SYSTEM, now=LATER) == 0


def test_the_name_of_a_merged_run_leads_to_the_run_that_is_left(world):
    people, workflow = world
    trace, case = _two(world)
    _merge(trace, case)

    again = start_run(workflow, people.agent, "4bf92f3577b34da6a3ce929d0e0e4736")
    ref = append(trace, "flagged")

    assert again == case == ref.id
    assert [run.id for run in Run.objects.all()] == [case]
    assert Run.every.get(id=trace).merged_into_id == case


def test_merging_on_leads_every_name_to_the_last_run(world):
    people, workflow = world
    trace, case = _two(world)
    _merge(trace, case)
    last = start_run(workflow, people.agent, "case-2")

    _merge(case, last)

    assert {run.merged_into_id for run in Run.every.exclude(id=last)} == {last}


def test_what_the_portal_recorded_never_moves(world):
    trace, case = _two(world)
    append(trace, "asked", 5, action_request="a1", headline="Refund EUR 40.00.")

    assert _merge(trace, case) == trace

    assert Run.every.get(id=case).merged_into_id == trace
    assert Run.objects.get().fold["reads"] == 3


def test_two_runs_with_records_stay_two(world):
    trace, case = _two(world)
    append(trace, "asked", 5, action_request="a1", headline="Refund EUR 40.00.")
    append(case, "asked", 5, action_request="a2", headline="Refund EUR 40.00.")

    with pytest.raises(Conflict, match="on record"):
        _merge(trace, case)

    assert Run.objects.count() == 2


def test_a_hold_on_a_merged_run_holds_the_run_that_is_left(world):
    trace, case = _two(world)
    inside(
        lambda: moments.hold_run(
            run_id=trace,
            rule_key="legal-words",
            sentence="The customer speaks of a lawyer.",
            actor=SYSTEM,
            now=START,
        )
    )

    _merge(trace, case)

    run = Run.objects.get()
    assert (run.is_held, run.hold_reason) == (True, "The customer speaks of a lawyer.")
    assert Hold.objects.get().run_id == case
    assert not Run.every.get(id=trace).is_held


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM runs_runevent WHERE run_id = %s",
        "UPDATE runs_runevent SET kind = 'note' WHERE run_id = %s",
        "UPDATE runs_runmerge SET events = 7 WHERE source_id = %s",
        "DELETE FROM runs_runmerge WHERE source_id = %s",
    ],
)
def test_nobody_moves_an_event_by_hand(world, statement):
    trace, case = _two(world)
    if "merge" in statement:
        _merge(trace, case)
    with (
        pytest.raises(Error, match=r"append-only|permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [trace])


def test_a_copy_and_a_record_by_hand_do_not_let_the_application_take_an_event(world):
    trace, case = _two(world)
    columns = (
        "workflow_id, kind, at, received_at, provenance, source_id, source_name,"
        " source_event_id, batch_id, is_late, facts"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO runs_runmerge (id, workflow_id, source_id, target_id, rule,"
            " reason, by_kind, by_id, by_name, events, at) SELECT gen_random_uuid(),"
            " workflow_id, id, %s, 'person', 'x', 'person', id, 'x', 2, now()"
            " FROM runs_run WHERE id = %s",
            [case, trace],
        )
        cursor.execute(
            f"INSERT INTO runs_runevent (run_id, id, {columns})"  # noqa: S608 - ours
            f" SELECT %s, id, {columns} FROM runs_runevent WHERE run_id = %s",
            [case, trace],
        )

    with pytest.raises(Error, match="append-only"):
        RunEvent.objects.filter(run_id=trace).delete()


def test_runs_of_two_workflows_are_never_merged(world):
    people, _ = world
    trace, _ = _two(world)
    other = live_workflow(people, name="Credits", slug="credits")
    elsewhere = start_run(other, people.agent, "case-1")

    with pytest.raises(Error, match="two whole runs of one workflow"):
        _merge(trace, elsewhere)
    with pytest.raises(Conflict):
        merge_by_hand(
            actor=people.actor("ada"),
            run_id=trace,
            into_id=elsewhere,
            reason="x",
            now=START,
        )


def test_an_owner_merges_by_hand_with_a_reason(world):
    people, _ = world
    trace, case = _two(world)
    call = {"run_id": trace, "into_id": case, "now": START}

    with pytest.raises(Invalid):
        merge_by_hand(actor=people.actor("maya"), reason=" ", **call)
    with pytest.raises(NotFound):
        merge_by_hand(actor=people.actor("dana"), reason="the same case", **call)
    merge_by_hand(actor=people.actor("maya"), reason="the same case", **call)

    moment = RunEvent.objects.get(kind="merged")
    assert moment.source_name == "Maya Adler"
    assert moment.facts["reason"] == "the same case"


def test_the_keys_of_moved_events_name_their_new_run(world):
    trace, case = _two(world)
    event = RunEvent.objects.filter(run_id=trace).first()
    EventKey.objects.create(
        source_id=event.source_id, source_event_id="", run_id=trace, event_id=event.id
    )

    _merge(trace, case)

    assert EventKey.objects.get().run_id == case
