"""Settled runs are counted: once, from their events, and taken back when they change."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.actors import SYSTEM
from portal.core.errors import AlreadyDone, Conflict, NotFound
from portal.core.ids import new_id
from portal.core.invariants import first_wrong
from runs.models import ReportedCost, Run, RunDue, RunEvent, RunFact, Tally, TallyDelta
from runs.operations import counting
from runs.operations.counting import count_due_runs
from runs.operations.merging import merge_by_hand
from runs.operations.rebuilding import rebuild_tallies, recount_if_moved
from runs.operations.silence import call_runs_unknown
from runs.operations.tallying import add_up
from runs.queries.invariants import CHECKS as INVARIANTS
from runs.queries.kpi_sums import Span, sums_over
from runs.queries.stories import event_of
from runs.rules import folding
from runs.rules.answering import answered_count
from runs.rules.counting.belonging import Around, belonging_of
from runs.rules.counting.measures import (
    PREFIX,
    VERSION,
    Settled,
    measures_of_run,
)
from tests.people import live_workflow, make_company
from tests.runs.helpers import LATER, START, refund_story, start_run, store, told

DAY = date(2026, 11, 16)


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


def sums(company, first=DAY, last=DAY):
    wanted = set(Tally.objects.values_list("measure", flat=True)) | set(
        TallyDelta.objects.values_list("measure", flat=True)
    )
    return sums_over(
        actor=company.actor("maya"), spans=[Span(first, last)], measures=wanted
    )[0]


def ended(workflow, company, name, *events, at=100, **finish):
    run_id = start_run(workflow, company.agent, name)
    finish.setdefault("status", "completed")
    store(run_id, [*events, told("run.finished", at, **finish)])
    return run_id


def test_a_run_is_counted_once_it_is_settled_and_not_before(company, workflow):
    run_id = start_run(workflow, company.agent, "case-1")
    store(run_id, refund_story())

    assert count_due_runs(now=START + timedelta(minutes=10)) == 0
    assert not RunFact.objects.exists()
    assert count_due_runs(now=START + timedelta(minutes=30)) == 1
    assert count_due_runs(now=LATER) == 0

    fact = RunFact.objects.get(run=run_id)
    assert (fact.on, fact.took_ms, fact.event_count) == (DAY, 377_000, 17)
    found = sums(company)
    assert found["run.count"] == found["run.took"] == found["run.acts_gateway"] == 1
    assert found["run.person_ms"] == 362_000
    assert found["run.intents"] == 1
    assert found["run.again"] == 1


def test_what_comes_late_changes_the_day_and_takes_back_what_was_counted(
    company, workflow
):
    run_id = ended(workflow, company, "case-1", units="2")
    count_due_runs(now=LATER)
    assert sums(company)["run.units"] == 2

    store(run_id, [told("run.finished", 86_400, status="failed")])
    assert RunDue.objects.filter(run_id=run_id).exists()
    assert sums(company)["run.units"] == 2
    count_due_runs(now=LATER)

    tomorrow = DAY + timedelta(1)
    assert sums(company).get("run.count", 0) == 0
    assert sums(company).get("run.units", 0) == 0
    assert sums(company, tomorrow, tomorrow)["run.state.failed"] == 1


def test_a_run_that_fell_silent_is_counted_and_its_next_word_takes_it_back(
    company, workflow
):
    run_id = start_run(workflow, company.agent, "quiet")
    store(run_id, [told("run.started", 0, trigger="x"), told("note", 9, text="on it")])
    call_runs_unknown(run_ids=[run_id], now=LATER)
    count_due_runs(now=LATER)
    assert sums(company)["run.state.unknown"] == 1
    assert sums(company)["run.deviates.silent"] == 1

    store(run_id, [told("note", 60, text="back")])
    count_due_runs(now=LATER)

    assert not RunFact.objects.exists()
    assert sums(company).get("run.count", 0) == 0


def test_a_merged_run_is_counted_in_the_one_that_is_left(company, workflow):
    one = ended(workflow, company, "one", units="1")
    other = ended(workflow, company, "other", at=500, units="4")
    count_due_runs(now=LATER)
    assert sums(company)["run.units"] == 5

    merge_by_hand(
        actor=company.actor("maya"), run_id=other, into_id=one, reason="one", now=LATER
    )
    count_due_runs(now=LATER)

    assert list(RunFact.objects.values_list("run_id", flat=True)) == [one]
    assert sums(company)["run.count"] == 1
    assert sums(company)["run.units"] == 4


def test_a_test_run_counts_as_itself_and_as_nothing_else(company, workflow):
    run_id = ended(workflow, company, "case-1", units="2")
    Run.objects.filter(id=run_id).update(is_test=True)
    count_due_runs(now=LATER)

    assert {k: v for k, v in sums(company).items() if k.startswith(PREFIX)} == {
        "run.test": 1
    }


@pytest.mark.parametrize(
    ("hour", "day"),
    [
        (datetime(2026, 10, 24, 21, 59, 59, tzinfo=UTC), date(2026, 10, 24)),
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), date(2026, 10, 25)),
        # The day of the change has twenty-five hours.
        (datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), date(2026, 10, 26)),
    ],
)
def test_days_are_the_organisations_also_when_clocks_change(
    company, workflow, hour, day
):
    with override_settings(TIME_ZONE="Europe/Berlin"):
        ended(workflow, company, "case-1", at=(hour - START).total_seconds())
        count_due_runs(now=LATER)

        assert sums(company, day, day)["run.count"] == 1
        assert sums(company, day, day)["told.run.finished"] == 1
        assert rebuild_tallies(actor=SYSTEM, now=LATER) == 0


def test_another_time_zone_moves_everything_by_itself_and_once(company, workflow):
    late = datetime(2026, 11, 16, 23, 30, tzinfo=UTC)
    ended(workflow, company, "case-1", at=(late - START).total_seconds())
    count_due_runs(now=LATER)
    assert recount_if_moved(now=LATER)
    assert not recount_if_moved(now=LATER)

    with override_settings(TIME_ZONE="Europe/Berlin"):
        while recount_if_moved(now=LATER):
            pass
        tomorrow = DAY + timedelta(1)
        assert sums(company).get("run.count", 0) == 0
        assert sums(company, tomorrow, tomorrow)["run.count"] == 1
        assert sums(company, tomorrow, tomorrow)["told.run.finished"] == 1


def test_what_was_counted_by_an_older_way_is_counted_again_by_itself(company, workflow):
    ended(workflow, company, "case-1", units="2")
    count_due_runs(now=LATER)
    fact = RunFact.objects.get()
    right = sums(company)
    fact.version, fact.measures = 0, {**fact.measures, "run.units": "9"}
    fact.save()
    Tally.objects.filter(measure="run.units").update(value=9)
    TallyDelta.objects.filter(measure="run.units").update(value=9)

    while recount_if_moved(now=LATER):
        pass

    assert sums(company) == right
    assert RunFact.objects.get().version == VERSION


def test_rebuilding_puts_right_facts_and_tallies_and_says_how_many_were_wrong(
    company, workflow
):
    run_id = ended(workflow, company, "case-1", units="2")
    ended(workflow, company, "case-2")
    count_due_runs(now=LATER)
    add_up()
    assert rebuild_tallies(actor=SYSTEM, now=LATER) == 0
    before = sums(company)

    fact = RunFact.objects.get(run=run_id)
    fact.measures["run.units"] = "7"
    fact.save()
    Tally.objects.filter(measure="run.count").update(value=9)
    Tally.objects.filter(measure="told.run.finished").delete()
    broken = [first_wrong(check) for check in INVARIANTS]

    # The fact, the tally that lost what the fact had wrongly gained, and the two others.
    assert rebuild_tallies(actor=SYSTEM, now=LATER) == 4
    assert sums(company) == before
    assert rebuild_tallies(actor=SYSTEM, now=LATER) == 0
    assert any("is not the sum of its runs" in (each or "") for each in broken)
    assert not any("sum of its runs" in (first_wrong(c) or "") for c in INVARIANTS)


def test_two_who_count_at_once_count_once(company, workflow, monkeypatch):
    ended(workflow, company, "case-1")
    monkeypatch.setattr(counting, "try_lock", lambda scope: False)

    assert count_due_runs(now=LATER) == 0
    assert RunDue.objects.exists()


def test_a_backlog_is_read_in_parts_and_never_whole(company, workflow, monkeypatch):
    for number in range(5):
        ended(workflow, company, f"case-{number}")
    monkeypatch.setattr(counting, "RUNS_AT_ONCE", 2)

    with CaptureQueriesContext(connection) as captured:
        assert count_due_runs(now=LATER) == 5

    read = [
        each["sql"]
        for each in captured
        if each["sql"].startswith("SELECT") and "due_at" in each["sql"].split("FROM")[0]
    ]
    assert len(read) == 4
    assert all(sql.endswith("LIMIT 2") for sql in read)


def test_counting_costs_the_same_queries_however_many_runs(
    company, workflow, django_assert_max_num_queries
):
    for number in range(12):
        ended(workflow, company, f"case-{number}")
    with django_assert_max_num_queries(24):
        assert count_due_runs(now=LATER) == 12


def test_a_passed_spend_cap_marks_the_runs_that_told_the_cost(company, workflow):
    run_id = start_run(workflow, company.agent, "dear")
    batch = new_id()
    store(run_id, [told("run.finished", 9, status="completed")])
    RunEvent.objects.create(
        run_id=run_id,
        workflow=workflow,
        kind="cost",
        at=START,
        received_at=START,
        provenance="REPORTED",
        source_id=SYSTEM.id,
        source_name="Refund agent",
        batch_id=batch,
        facts={"value": "9", "currency": "EUR"},
    )
    ReportedCost.objects.create(
        workflow=workflow,
        batch_id=batch,
        currency="EUR",
        amount=9,
        reported_at=START,
        has_passed_cap=True,
    )
    count_due_runs(now=LATER)

    assert sums(company)["run.deviates.over_cap"] == 1


@st.composite
def histories(draw):
    """Parts of the lives of four runs, in an order in which they may well arrive."""
    times = st.integers(-22 * 86_400, 2 * 86_400)
    runs = st.integers(0, 3)
    event = st.one_of(
        st.builds(
            lambda at, case, who: told(
                "run.started", at, trigger="x", case=case, requester=who
            ),
            times,
            st.sampled_from(("A", "B")),
            st.sampled_from(("ana", "ben")),
        ),
        st.builds(
            lambda at, n: told("tool.called", at, tool="t", args={"n": n}, status="ok"),
            times,
            st.integers(0, 1),
        ),
        st.builds(
            lambda at, v: told("cost", at, value=str(v), currency="EUR"),
            times,
            st.decimals(0, 9, places=7),
        ),
        st.builds(lambda at: told("handoff", at, to="Dana"), times),
        st.builds(
            lambda at, r: told("outcome.confirmed", at, resolved=r, basis="customer"),
            times,
            st.booleans(),
        ),
        st.builds(
            lambda at, s, u: told("run.finished", at, status=s, units=u),
            times,
            st.sampled_from(("completed", "completed", "failed")),
            st.sampled_from(("0", "1", "2.5")),
        ),
    )
    acts = st.one_of(
        st.tuples(st.just("tell"), runs, st.lists(event, min_size=1, max_size=4)),
        st.tuples(st.just("silent"), runs),
        st.tuples(st.just("merge"), runs, runs),
        st.tuples(st.just("count")),
        st.tuples(st.just("add")),
    )
    return draw(st.lists(acts, min_size=3, max_size=12))


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories())
def test_tallies_of_any_history_are_what_counting_naively_gives(
    company, workflow, history
):
    with override_settings(TIME_ZONE="Europe/Berlin"):
        # Events stay for good, so each history has runs of its own beside the others'.
        runs = [start_run(workflow, company.agent, str(new_id())) for _ in range(4)]
        for act, *rest in history:
            live(act, rest, runs, company)
        count_due_runs(now=LATER)

        assert tallied() == naively_counted()
        assert rebuild_tallies(actor=SYSTEM, now=LATER) == 0


def live(act, rest, runs, company):
    if act == "tell":
        merged = Run.every.values_list("merged_into_id", flat=True).get(
            id=runs[rest[0]]
        )
        store(merged or runs[rest[0]], rest[1])
    elif act == "silent":
        with suppress(AlreadyDone):
            call_runs_unknown(run_ids=[runs[rest[0]]], now=LATER)
    elif act == "merge":
        with suppress(Conflict, NotFound):
            merge_by_hand(
                actor=company.actor("maya"),
                run_id=runs[rest[0]],
                into_id=runs[rest[1]],
                reason="one",
                now=LATER,
            )
    elif act == "count":
        count_due_runs(now=LATER)
    else:
        add_up()


def tallied():
    found = {}
    for model in (Tally, TallyDelta):
        for row in model.objects.filter(measure__startswith=PREFIX):
            key = (row.on, row.measure)
            found[key] = found.get(key, 0) + row.value
    return {key: value for key, value in found.items() if value}


def naively_counted():
    """Count every run that is over from its events, one beside all others."""
    over = []
    for run in Run.objects.all():
        events = [event_of(row) for row in RunEvent.objects.filter(run_id=run.id)]
        state = folding.fold({}, events)
        if run.state == "UNKNOWN":
            state["silent"] = "x"
        if not events or folding.state_of(state) in ("RUNNING", "WAITING"):
            continue
        end = folding.ended_at(state) or max(event.at for event in events)
        over.append((run, events, state, end, belonging_of(events)))
    found = {}
    zone = ZoneInfo("Europe/Berlin")
    for run, events, state, end, mine in over:
        others = [each for each in over if each[0].id != run.id]
        of_case = [
            o for o in others if mine.case_hash and o[4].case_hash == mine.case_hash
        ]
        start = folding.started_at(state)
        settled = Settled(
            state=folding.state_of(state),
            started_at=start,
            ended_at=end,
            is_test=False,
            is_named=True,
            has_passed_cap=False,
            answered=answered_count(state),
            fold=state,
            events=events,
            belonging=mine,
            around=Around(
                is_newest_of_case=all((end, run.id) > (o[3], o[0].id) for o in of_case),
                was_handed_before=any(o[2].get("handoffs") for o in of_case),
                is_reopened=any(
                    timedelta(0) < folding.started_at(o[2]) - end <= timedelta(14)
                    for o in of_case
                ),
                came_back=any(
                    timedelta(0) < folding.started_at(o[2]) - end <= timedelta(1)
                    for o in others
                    if mine.requester_hash
                    and o[4].requester_hash == mine.requester_hash
                ),
            ),
        )
        for measure, value in measures_of_run(settled).items():
            key = (end.astimezone(zone).date(), measure)
            found[key] = found.get(key, 0) + value
    return found
