"""Sums that numbers are made of: exact, bounded to what a person may see, rebuildable."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.actors import SYSTEM
from runs.models import Tally, TallyDelta
from runs.operations.rebuilding import rebuild_tallies
from runs.operations.tallying import add_up
from runs.queries.across import runs_matching, week_of_runs
from runs.queries.numbers import cycle_times, sums_by_day, sums_by_workflow
from runs.rules.tallying import measures_of
from tests.people import live_workflow, make_company
from tests.runs.helpers import LATER, START, refund_story, start_run, store, told

DAY = date(2026, 11, 16)


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    workflow = live_workflow(company)
    store(start_run(workflow, company.agent, "case-1"), refund_story())
    store(
        start_run(workflow, company.agent, "case-2"),
        [
            told("run.started", 0, trigger="x"),
            told("run.finished", 100, status="completed"),
        ],
    )
    return workflow


def test_sums_are_the_same_before_and_after_adding_up(company, workflow):
    maya = company.actor("maya")
    before = sums_by_day(actor=maya, first=DAY, last=DAY)
    assert TallyDelta.objects.exists()

    add_up()

    assert not TallyDelta.objects.exists()
    assert sums_by_day(actor=maya, first=DAY, last=DAY) == before
    assert before["ruled.review", DAY] == before["resolved.approved", DAY] == 1
    assert before["cost.EUR", DAY] == Decimal("0.14")
    assert before["run.count", DAY] == 2
    assert before["run.answerable", DAY] == 14
    assert before["run.unauthorised", DAY] == 0
    by_workflow = sums_by_workflow(actor=maya, first=DAY, last=DAY)[workflow.id]
    assert by_workflow == {measure: value for (measure, _), value in before.items()}


def test_an_outsider_sums_nothing(company, workflow):
    olga = company.actor("olga")

    assert sums_by_day(actor=olga, first=DAY, last=DAY) == {}
    assert sums_by_workflow(actor=olga, first=DAY, last=DAY) == {}
    assert cycle_times(actor=olga, first=DAY, last=DAY).count == 0
    assert runs_matching(actor=olga, text="refund") == ()
    assert week_of_runs(actor=olga, workflow_ids=[workflow.id], now=START) == {}


def test_cycle_times_are_percentiles_of_completed_runs(company, workflow):
    found = cycle_times(actor=company.actor("maya"), first=DAY, last=DAY)

    assert found.count == 2
    assert found.p50_seconds == pytest.approx((377 + 100) / 2)
    assert found.waited_p90_seconds == pytest.approx(0.9 * 362)
    nothing = cycle_times(
        actor=company.actor("maya"), first=DAY - timedelta(9), last=DAY - timedelta(8)
    )
    assert (nothing.count, nothing.p50_seconds) == (0, None)


def test_runs_are_found_by_title_and_by_the_agents_id(company, workflow):
    maya = company.actor("maya")

    assert [f.title for f in runs_matching(actor=maya, text="order 12")] == [
        "Refund EUR 40.00 for order 12, done after approval."
    ]
    assert len(runs_matching(actor=maya, text="CASE-")) == 2
    assert runs_matching(actor=maya, text=" \x00 ") == ()
    week = week_of_runs(
        actor=maya, workflow_ids=[workflow.id], now=START + timedelta(1)
    )
    assert (week[workflow.id].runs, week[workflow.id].held) == (2, 0)


def test_rebuilding_finds_nothing_wrong_and_puts_right_what_is(company, workflow):
    assert rebuild_tallies(actor=SYSTEM, now=LATER) == 0
    before = list(Tally.objects.order_by("measure").values_list("measure", "value"))
    assert before

    Tally.objects.filter(measure="asked").update(value=7)
    Tally.objects.filter(measure="cost.EUR").delete()

    assert rebuild_tallies(actor=SYSTEM, now=LATER) == 2
    assert (
        list(Tally.objects.order_by("measure").values_list("measure", "value"))
        == before
    )


_EVENTS = st.lists(
    st.one_of(
        st.builds(
            lambda n, v: told("cost", n, value=str(v), currency="EUR"),
            st.integers(0, 200_000),
            st.decimals(0, 9, places=9),
        ),
        st.builds(
            lambda n: told("data.read", n, resource="r"), st.integers(0, 200_000)
        ),
        st.builds(
            lambda n, u: told("run.finished", n, status="completed", units=str(u)),
            st.integers(0, 200_000),
            st.integers(0, 50),
        ),
    ),
    max_size=12,
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(events=_EVENTS)
def test_tallies_of_any_history_agree_with_counting_anew(company, workflow, events):
    store(start_run(workflow, company.agent, "generated"), events)
    add_up()

    assert rebuild_tallies(actor=SYSTEM, now=LATER) == 0
    naive = sum(
        (measures_of(e).get("cost.EUR", Decimal(0)) for e in events), Decimal(0)
    )
    assert naive >= 0


def test_the_queries_cost_the_same_however_many_runs(
    company, workflow, django_assert_max_num_queries
):
    maya = company.actor("maya")
    for number in range(20):
        start_run(workflow, company.agent, f"more-{number}")

    with django_assert_max_num_queries(6):
        sums_by_day(actor=maya, first=DAY, last=DAY)
    with django_assert_max_num_queries(3):
        cycle_times(actor=maya, first=DAY, last=DAY)
