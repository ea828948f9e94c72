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
from runs.queries.kpi_sums import Span, sums_over
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
    def summed():
        maya = company.actor("maya")
        return sums_over(actor=maya, spans=[Span(DAY, DAY)], families=[""])[0]

    before = summed()
    assert TallyDelta.objects.exists()

    add_up()

    assert not TallyDelta.objects.exists()
    assert summed() == before
    assert before["ruled.review"] == before["resolved.approved"] == 1
    assert before["cost.EUR"] == Decimal("0.14")


def test_an_outsider_sums_nothing(company, workflow):
    olga = company.actor("olga")

    assert sums_over(actor=olga, spans=[Span(DAY, DAY)], families=[""]) == ({},)
    assert runs_matching(actor=olga, text="refund") == ()
    assert week_of_runs(actor=olga, workflow_ids=[workflow.id], now=START) == {}


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
