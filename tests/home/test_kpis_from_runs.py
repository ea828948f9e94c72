"""Indicators that come from runs: exact, within what one may see, with their rows."""

from datetime import date, timedelta

import pytest

from portal.home.queries.kpis.catalogue import figures_for, kpi_named, rows_for
from portal.home.queries.kpis.figure import Answer, Scope, Side
from tests.people import live_workflow, make_company
from tests.runs.helpers import START, start_run, store, told

DAY = date(2026, 11, 16)
SCOPE = Scope(DAY, DAY)


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


def figure(company, key, name="maya", scope=SCOPE):
    actor = company.actor(name)
    return figures_for(actor=actor, keys=[key], scopes=[scope], now=START)[key][0]


def test_throughput_is_units_of_completed_runs_by_day(company, workflow):
    store(
        start_run(workflow, company.agent, "case-1"),
        [told("run.finished", 9, status="completed", units="3")],
    )

    found = figure(company, "throughput", scope=Scope(DAY - timedelta(1), DAY))

    assert (found.answer, found.value, found.over) == (Answer.MEASURED, 1.5, 3)
    assert figure(company, "throughput", "olga").answer == Answer.NO_DATA
    rows = rows_for(
        actor=company.actor("maya"),
        key="throughput",
        scope=SCOPE,
        side=Side.OVER,
        cursor=None,
    )
    assert len(rows.rows) == 1
    assert kpi_named("throughput").target_key == "throughput"
