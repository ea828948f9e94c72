"""Whatever happened: what a number counts is what its rows page lists, side by side."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from portal.home.queries.kpis.catalogue import all_kpis, figures_for
from portal.home.queries.kpis.figure import Answer, Figure, Scope, Side
from portal.home.queries.measured.opened import all_rows
from tests.doors.world import rolled_back
from tests.home.happened import everything_happened
from tests.runs.helpers import START

OVER, UNDER = Side.OVER, Side.UNDER
# Rows that stand for several of what is counted say how many, and are added up: units,
# attempts, outcomes, actions, answers, money.
ADDED_UP = {
    *(("throughput", OVER), ("retries", OVER), ("retries", UNDER)),
    *(("succeeded", side) for side in Side),
    *(("unauthorised", side) for side in Side),
    *(("answerable", OVER), ("answerable", UNDER)),
    *(("unit-cost", OVER), ("unit-cost", UNDER)),
}
# No row is one of these, so that they are held otherwise below: pairs of exceptions, and
# escalations that did not happen.
NOT_ROWS = {
    *(("exception-consistency", OVER), ("exception-consistency", UNDER)),
    ("escalations-avoided", OVER),
}
# What looks back some days, and what is counted when it is really asked.
LATER_ON = {
    *("contained", "resolution-confidence", "rework", "cycle-time-reduction"),
    *("asked", "allowed-alone", "refused", "escalated", "acceptance", "queue-age"),
}
KEYS = [kpi.key for kpi in all_kpis()]


@pytest.fixture(scope="module")
def scopes():
    today = timezone.now().date()
    return [
        Scope(START.date() - timedelta(days=30), START.date() + timedelta(days=6)),
        Scope(START.date() + timedelta(days=10), START.date() + timedelta(days=16)),
        Scope(today - timedelta(days=6), today),
    ]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, scopes):
    """One history for all of these tests, and what every number makes of it."""
    with django_db_blocker.unblock(), rolled_back():
        actor = everything_happened().people.actor("ada")
        yield (
            actor,
            figures_for(actor=actor, keys=KEYS, scopes=scopes, now=timezone.now()),
        )


def counts(figure: Figure) -> dict[Side, Decimal]:
    left_out = sum(count for _, count in figure.excluded)
    # What is counted of nothing has no rows on that side.
    under = figure.under or Decimal(0)
    return {OVER: figure.over, UNDER: under, Side.EXCLUDED: Decimal(left_out)}


def test_each_side_of_each_number_lists_exactly_what_it_counts(
    world, scopes, django_db_blocker
):
    actor, found = world
    wrong, seen = [], set()
    with django_db_blocker.unblock():
        for key in KEYS:
            for at, (scope, figure) in enumerate(zip(scopes, found[key], strict=True)):
                if at and key not in LATER_ON:
                    continue
                for side, count in counts(figure).items():
                    if (key, side) in NOT_ROWS:
                        continue
                    rows = list(all_rows(actor=actor, key=key, scope=scope, side=side))
                    listed = Decimal(len(rows))
                    if (key, side) in ADDED_UP:
                        listed = sum(
                            (Decimal(row.shown or 1) for row in rows), listed * 0
                        )
                    if listed != count:
                        wrong.append((key, str(side), str(count), str(listed)))
                    if count:
                        seen.add((key, side))
    assert not wrong
    unseen = [key for key in KEYS if (key, OVER) not in seen | NOT_ROWS]
    assert unseen == []


def test_every_number_has_something_to_count_in_this_history(world):
    _, found = world
    assert {
        key
        for key, figures in found.items()
        if all(figure.answer != Answer.MEASURED for figure in figures)
    } == set()


def test_pairs_of_exceptions_are_those_of_the_rows(world, scopes, django_db_blocker):
    actor, found = world
    figure = found["exception-consistency"][0]
    pairs = {OVER: Decimal(0), UNDER: Decimal(0)}
    for side in pairs:
        with django_db_blocker.unblock():
            rows = list(
                all_rows(
                    actor=actor,
                    key="exception-consistency",
                    scope=scopes[0],
                    side=side,
                )
            )
        for row in rows:
            same, alike = re.search(r"(\d+) of (\d+) of its kind", row.note).groups()
            others = int(same if side == OVER else alike) - 1
            # Each pair is seen from both of its ends.
            pairs[side] += Decimal(others) / 2
    assert (pairs[OVER], pairs[UNDER]) == (figure.over, figure.under)
    assert figure.over < figure.under


def test_escalations_avoided_list_the_cases_that_did_escalate(
    world, scopes, django_db_blocker
):
    actor, found = world
    figure = found["escalations-avoided"][0]
    with django_db_blocker.unblock():
        rows = list(
            all_rows(actor=actor, key="escalations-avoided", scope=scopes[0], side=OVER)
        )
    expected, escalated = (detail.value for detail in figure.details)
    assert len(rows) == escalated > 0
    assert float(figure.over) == pytest.approx(expected - escalated)
