"""Whatever happened: what a number counts is what its rows page lists, side by side."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.utils import timezone

from portal.home.queries.kpis.catalogue import figures_for
from portal.home.queries.kpis.figure import Answer, Scope, Side
from portal.home.queries.kpis.from_runs import BY_KEY
from portal.home.queries.measured.opened import all_rows
from runs.models import Run
from runs.operations.counting import count_due_runs
from tests.approvals.asking import make_portal
from tests.home.ended import any_history, ended
from tests.people import refunds_document
from tests.runs.helpers import LATER, START, moment, start_run, store, told

# Days, money, seven questions a run, pairs of exceptions, departments, what a baseline
# would have had: none of these is a row.
NOT_ROWS = {
    *(("throughput", Side.UNDER), ("unit-cost", Side.OVER)),
    *(("answerable", Side.UNDER), ("escalations-avoided", Side.OVER)),
    *(("exception-consistency", Side.OVER), ("exception-consistency", Side.UNDER)),
    *(("breadth", Side.OVER), ("breadth", Side.UNDER)),
}
NOT_LEFT_OUT_RUNS = (
    "Kinds of the baseline without a run in these days",
    "Workflows without a baseline",
)


@pytest.fixture
def portal(db):
    share = {"first": "2026-03-01", "last": "2026-05-31", "source": "The old system."}
    cases = [{"kind": "damaged", "n": 30, "value": "20"}]
    made = make_portal(
        document=refunds_document(
            baselines=[
                share | {"key": "cycle-time", "value": "30", "n": 40, "cases": cases},
                share
                | {"key": "escalation-rate", "value": "10", "n": 40, "cases": cases},
            ]
        )
    )
    dice = Random(6)
    for number in range(40):
        _tell(made, f"case-{number}", dice)
    Run.objects.filter(agent_run_id__in=["case-3", "case-4"]).update(is_test=True)
    count_due_runs(now=LATER)
    for number in range(3):
        _tell(made, f"late-{number}", dice)
    ended(made, *any_history(6, 60, until=START + timedelta(days=3)))
    return made


def _tell(portal, name, dice):
    """Tell of one run as it may happen."""
    events = [
        told(
            "run.started",
            0,
            trigger="x",
            case=f"C-{dice.randrange(30)}",
            case_type=dice.choice(("damaged", "late", "")),
            **({"requester": f"P-{dice.randrange(20)}"} if dice.random() < 0.7 else {}),
        )
    ]
    for at in range(dice.randrange(4)):
        attempt = {"status": dice.choice(("ok", "error")), "attempt": 1 + at}
        events.append(told("tool.called", 5 + at, tool="look", args={}, **attempt))
    if dice.random() < 0.6:
        currency = dice.choice(("EUR", "EUR", "USD"))
        events.append(
            told("cost", 9, cost_kind="models", value="0.20", currency=currency)
        )
    if dice.random() < 0.3:
        events.append(told("handoff", 10, to="Dana"))
    if dice.random() < 0.3:
        events.append(moment("held", 11, rule="money", sentence="Too much."))
    if dice.random() < 0.5:
        events.append(told("outcome.confirmed", 12, resolved=dice.random() < 0.7))
    units = {"units": "2"} if dice.random() < 0.6 else {}
    status = dice.choice(("completed", "completed", "failed", "cancelled"))
    events.append(told("run.finished", 20 + dice.randrange(90), status=status, **units))
    store(start_run(portal.workflow, portal.people.agent, name), events)


def counted(rows):
    """Give how many rows there are, or what they say that they stand for together."""
    numbers = [
        Decimal(row.shown)
        for row in rows
        if row.shown[:1].isdigit() and row.shown.replace(".", "").isdecimal()
    ]
    return {Decimal(len(rows)), sum(numbers, Decimal(0)) + len(rows) - len(numbers)}


def test_each_side_of_each_number_lists_as_many_as_it_counts(portal):
    actor = portal.people.actor("ada")
    first = START.date() - timedelta(days=30)
    scopes = [
        Scope(first, START.date() + timedelta(days=3)),
        Scope(START.date(), START.date() + timedelta(days=14)),
    ]
    keys = [*BY_KEY, "asked", "allowed-alone", "refused", "escalated"]
    found = figures_for(actor=actor, keys=keys, scopes=scopes, now=timezone.now())
    wrong, measured = [], 0
    for key in keys:
        for scope, figure in zip(scopes, found[key], strict=True):
            if figure.answer == Answer.NOT_MEASURABLE:
                continue
            left_out = sum(
                count
                for words, count in figure.excluded
                if words not in NOT_LEFT_OUT_RUNS
            )
            sides = {Side.OVER: figure.over, Side.UNDER: figure.under}
            for side, count in {**sides, Side.EXCLUDED: left_out}.items():
                if count is None or (key, side) in NOT_ROWS:
                    continue
                rows = list(all_rows(actor=actor, key=key, scope=scope, side=side))
                measured += bool(count)
                if Decimal(count) not in counted(rows):
                    wrong.append((key, str(side), str(count), len(rows)))
    assert not wrong
    assert measured > 30
