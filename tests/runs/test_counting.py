"""Settled runs are counted: once, from their events, and taken back when they change."""

from datetime import date, timedelta

import pytest

from runs.models import RunFact, Tally, TallyDelta
from runs.operations.counting import count_due_runs
from runs.queries.kpi_sums import Span, sums_over
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
