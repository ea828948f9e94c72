"""The indicators that are counted from runs, as one source.

However many scopes are asked: two queries for what may be seen, one for all sums, and one
for each further thing that some indicator rests on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from portal.accounts.actors import Actor
from portal.home.queries.kpis import (
    run_comparing,
    run_cost,
    run_customer,
    run_efficiency,
    run_guards,
    run_risk,
)
from portal.home.queries.kpis.figure import Figure, Kpi, Rows, Scope, Side
from portal.home.queries.kpis.run_asking import Asked, Compared, RunKpi
from portal.home.queries.kpis.run_rows import rows_behind
from registry.queries.across import workflow_ids_seen_by
from runs.queries.kpi_incidents import Beside, beside_over
from runs.queries.kpi_percentiles import Percentile, percentiles_over
from runs.queries.kpi_reading import Reading, reading_over
from runs.queries.kpi_sums import (
    Span,
    Sums,
    columns_of,
    ever_told,
    sums_of,
    waiting_over,
)
from runs.rules.counting.measures import PREFIX

SHARES = (0.5, 0.9)
TOLD = ("told.handoff", "told.outcome.confirmed")
RUN_KPIS: tuple[RunKpi, ...] = (
    *run_efficiency.KPIS,
    *run_customer.KPIS,
    *run_risk.KPIS,
    *run_guards.KPIS,
    *run_cost.KPIS,
)
BY_KEY = {each.kpi.key: each for each in RUN_KPIS}


@dataclass(frozen=True)
class _Looked:
    """Everything that was asked of the database for one call, by scope."""

    sums: Mapping[tuple[int, int], Sums]
    recent: Sequence[Sums]
    waiting: Sequence[int]
    told_ever: frozenset[str]
    percentiles: Sequence[Mapping[float, Percentile]]
    beside: Sequence[Beside]
    compared: Sequence[Compared]
    reading: Sequence[Reading]


class FromRuns:
    """Every indicator that is counted from runs."""

    kpis: tuple[Kpi, ...] = tuple(each.kpi for each in RUN_KPIS)

    def figures(
        self,
        *,
        actor: Actor,
        keys: Sequence[str],
        scopes: Sequence[Scope],
        now: datetime,
    ) -> Mapping[str, tuple[Figure, ...]]:
        """Give each indicator once per scope. About thirteen queries for all of them."""
        asked = [BY_KEY[key] for key in keys if key in BY_KEY]
        looked = _look(actor, asked, scopes)
        return {
            each.kpi.key: tuple(
                each.figure(_asked(looked, each, number, scope, now))
                for number, scope in enumerate(scopes)
            )
            for each in asked
        }

    def rows(
        self, *, actor: Actor, key: str, scope: Scope, side: Side, cursor: str | None
    ) -> Rows:
        """Give the rows behind one side of one indicator, newest first."""
        return rows_behind(
            actor=actor, asked=BY_KEY[key], scope=scope, side=side, cursor=cursor
        )


def _asked(
    looked: _Looked, kpi: RunKpi, number: int, scope: Scope, now: datetime
) -> Asked:
    return Asked(
        scope=scope,
        now=now,
        sums=looked.sums[number, kpi.shift],
        recent=looked.recent[number],
        waiting=looked.waiting[number],
        told_ever=looked.told_ever,
        percentiles=looked.percentiles[number],
        beside=looked.beside[number],
        compared=looked.compared[number],
        reading=looked.reading[number],
        rates=settings.HOUR_RATES,
    )


def span_of(scope: Scope, *, shift: int = 0) -> Span:
    """Give the days of a scope, so many days back."""
    back = timedelta(days=shift)
    return Span(scope.first - back, scope.last - back, scope.workflows)


def _look(actor: Actor, asked: Sequence[RunKpi], scopes: Sequence[Scope]) -> _Looked:
    seen = workflow_ids_seen_by(actor)
    needs = {each.needs for each in asked}
    shifts = sorted({0, *(each.shift for each in asked)})
    spans = [span_of(scope, shift=shift) for shift in shifts for scope in scopes]
    late = run_customer.REOPENED_DAYS
    spans += [
        Span(scope.last - timedelta(days=late - 1), scope.last, scope.workflows)
        for scope in scopes
    ]
    found = sums_of(
        columns_of(spans, seen=seen),
        # What is a test is said beside every number.
        measures={
            f"{PREFIX}{name}" for each in asked for name in (*each.reads, "test")
        },
        families={name for each in asked for name in each.families},
        count=len(spans),
    )
    size = len(scopes)
    columns = columns_of([span_of(scope) for scope in scopes], seen=seen)
    now_sums = found[:size]
    return _Looked(
        sums={
            (number, shift): found[at * size + number]
            for at, shift in enumerate(shifts)
            for number in range(size)
        },
        recent=found[len(shifts) * size :],
        waiting=waiting_over(columns, count=size),
        told_ever=ever_told(columns, TOLD)
        if any(each.asks_ever for each in asked)
        else frozenset(),
        percentiles=percentiles_over(columns, now_sums, SHARES)
        if "percentiles" in needs
        else [{}] * size,
        beside=beside_over(
            actor,
            [span_of(scope) for scope in scopes],
            columns,
            zone=settings.TIME_ZONE,
        )
        if "beside" in needs
        else [Beside()] * size,
        compared=run_comparing.compared_over(actor, columns, size)
        if "compared" in needs
        else [Compared()] * size,
        reading=reading_over(columns, count=size)
        if "reading" in needs
        else [Reading()] * size,
    )
