"""Small ways to answer: a share with its interval, a count, a duration, or why there is none.

No helper here divides by zero: without a denominator there is no data, and that is said.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from portal.accounts.actors import Actor
from portal.core.once import once
from portal.home.queries.kpis.figure import Answer, Detail, Figure, Scope, Unit
from runs.queries.kpi_sums import Span, Sums, sums_over
from runs.rules.stats import wilson

FOLLOW_UP = timedelta(days=14)
ANSWERS = ("allow", "review", "escalate", "refuse")
# What decisions and escalations are counted of.
_GROUND = (
    *(f"ruled.{answer}" for answer in ANSWERS),
    *("run.cases", "run.cases_escalated", "run.closed", "run.closed_named"),
    *("run.count", "run.test"),
)


def share_of(
    over: int | Decimal, under: int | Decimal, *, now: datetime, why: str, **more: Any
) -> Figure:
    """Give a share with its Wilson interval; without anything to count over, why."""
    if under <= 0:
        return Figure(
            Answer.NO_DATA, now, over=Decimal(over), under=Decimal(0), why=why, **more
        )
    interval = wilson(float(over), float(under))
    return Figure(
        Answer.MEASURED,
        now,
        value=float(Decimal(over) / Decimal(under)),
        over=Decimal(over),
        under=Decimal(under),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        **more,
    )


def count_of(over: int | Decimal, *, now: datetime, **more: Any) -> Figure:
    """Give a count: nothing counted is 0, and that is a measured answer."""
    return Figure(Answer.MEASURED, now, value=float(over), over=Decimal(over), **more)


def not_measurable(why: str, *, now: datetime, **more: Any) -> Figure:
    return Figure(Answer.NOT_MEASURABLE, now, why=why, **more)


def no_data(why: str, *, now: datetime, **more: Any) -> Figure:
    return Figure(Answer.NO_DATA, now, why=why, **more)


def part_of(label: str, over: float, under: float, note: str = "") -> Detail:
    """Give a share beside the headline; None where there is nothing to divide by."""
    said = note or f"{over:,.0f} of {under:,.0f}"
    return Detail(label, over / under if under else None, Unit.SHARE, said)


def span_of(scope: Scope, *, earlier: timedelta = timedelta(0)) -> Span:
    """Give a scope as the rooms below read it, or as many days before it."""
    return Span(scope.first - earlier, scope.last - earlier, scope.workflows)


@once
def ground_over(
    *, actor: Actor, scopes: Sequence[Scope]
) -> tuple[tuple[Sums, ...], tuple[Sums, ...]]:
    """Add up what decisions and escalations are counted of, and the same 14 days earlier.

    Two queries, and none when another source has asked already for the same page.
    """
    spans = [span_of(scope) for scope in scopes]
    earlier = [span_of(scope, earlier=FOLLOW_UP) for scope in scopes]
    found = sums_over(actor=actor, spans=[*spans, *earlier], measures=_GROUND)
    return found[: len(spans)], found[len(spans) :]
