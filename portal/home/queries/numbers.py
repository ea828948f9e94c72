"""Numbers that open: the last four weeks, what came before, and what they rest on.

Every number is a sum of measures over the workflows that this person may see. A share
has a Wilson interval of 95 %; a number without a denominator is "nothing to count yet"
and never zero.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from portal.home.queries.formulas import (
    BY_KEY,
    COUNT,
    FORMULAS,
    RATE,
    SHARE,
    Formula,
)
from registry.queries.across import WorkflowName, workflow_names
from runs.queries.numbers import sums_by_day, sums_by_workflow
from runs.rules.stats import wilson

WINDOW_DAYS = 28
WEEKS = 12
type Sums = Mapping[tuple[str, date], Decimal]


@dataclass(frozen=True)
class Span:
    """Days from the first to the last, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Number:
    """One number over one span, with what it was made of."""

    formula: Formula
    value: float | None
    over: Decimal
    under: Decimal | None
    low: float | None
    high: float | None
    before: float | None
    weeks: tuple[float | None, ...]
    covered: Decimal | None
    coverable: Decimal | None
    beside: Decimal | None = None

    @property
    def share(self) -> float | None:
        """Give how much of what was counted over it is; for a count, beside its number."""
        if self.formula.kind != COUNT:
            return self.value
        return float(min(self.over, self.under) / self.under) if self.under else None

    @property
    def change(self) -> float | None:
        """Give the difference to the span before, in the number's own unit."""
        if self.value is None or self.before is None:
            return None
        return self.value - self.before

    @property
    def coverage(self) -> float | None:
        if not self.coverable or self.covered is None:
            return None
        return min(1.0, float(self.covered / self.coverable))


@dataclass(frozen=True)
class Part:
    """What one workflow brings to a number."""

    workflow: WorkflowName
    number: Number


@dataclass(frozen=True)
class NumbersPage:
    span: Span
    families: tuple[tuple[str, tuple[Number, ...]], ...]
    workflows: tuple[WorkflowName, ...]
    chosen: WorkflowName | None
    has_anything: bool


@dataclass(frozen=True)
class NumberPage:
    span: Span
    number: Number
    week_starts: tuple[date, ...]
    parts: tuple[Part, ...]
    chosen: WorkflowName | None


def numbers_for(*, actor: Actor, today: date, workflow: str = "") -> NumbersPage:
    """Give every number, over all visible workflows or one. At most twelve queries.

    Raises NotFound for a workflow this person may not see.
    """
    names, chosen = _chosen(actor, workflow)
    sums = _sums(actor, today, chosen)
    span = span_until(today)
    numbers = tuple(_number(formula, sums, span) for formula in FORMULAS)
    families: dict[str, list[Number]] = {}
    for number in numbers:
        families.setdefault(number.formula.family, []).append(number)
    return NumbersPage(
        span=span,
        families=tuple((label, tuple(rows)) for label, rows in families.items()),
        workflows=names,
        chosen=chosen,
        has_anything=bool(sums),
    )


def number_for(
    *, actor: Actor, key: str, today: date, workflow: str = ""
) -> NumberPage:
    """Give one number with its weeks and its parts by workflow. Raises NotFound."""
    formula = BY_KEY.get(key)
    if formula is None:
        raise NotFound("There is no such number.")
    names, chosen = _chosen(actor, workflow)
    span = span_until(today)
    return NumberPage(
        span=span,
        number=_number(formula, _sums(actor, today, chosen), span),
        week_starts=tuple(week.first for week in _weeks(span)),
        parts=_parts(actor, formula, span, names, chosen),
        chosen=chosen,
    )


def span_until(today: date) -> Span:
    """Give the four weeks that end today."""
    return Span(today - timedelta(days=WINDOW_DAYS - 1), today)


def _chosen(
    actor: Actor, slug: str
) -> tuple[tuple[WorkflowName, ...], WorkflowName | None]:
    names = workflow_names(actor=actor)
    if not slug:
        return names, None
    chosen = next((each for each in names if each.slug == slug), None)
    if chosen is None:
        raise NotFound("There is no such workflow, or you may not see it.")
    return names, chosen


def _weeks(span: Span) -> tuple[Span, ...]:
    starts = [span.last - timedelta(days=7 * back + 6) for back in range(WEEKS)]
    return tuple(Span(start, start + timedelta(days=6)) for start in reversed(starts))


def _number(formula: Formula, sums: Sums, span: Span) -> Number:
    before = Span(
        span.first - timedelta(days=span.days), span.first - timedelta(days=1)
    )
    over, under, value = _value(formula, sums, span)
    interval = None
    if formula.kind in (SHARE, COUNT) and under:
        interval = wilson(float(min(over, under)), float(under))
    return Number(
        formula=formula,
        value=value,
        over=over,
        under=under,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        before=_value(formula, sums, before)[2],
        weeks=tuple(_value(formula, sums, week)[2] for week in _weeks(span)),
        covered=_sum(formula.covered, sums, span) if formula.covered else None,
        coverable=_sum(formula.coverable, sums, span) if formula.coverable else None,
        beside=_sum(formula.beside, sums, span) if formula.beside else None,
    )


def _value(
    formula: Formula, sums: Sums, span: Span
) -> tuple[Decimal, Decimal | None, float | None]:
    over = _sum(formula.over, sums, span)
    if formula.kind == COUNT:
        under = _sum(formula.under, sums, span) if formula.under else None
        return over, under, float(over)
    if formula.kind == RATE:
        days = Decimal(span.days)
        return over, days, float(over / days)
    under = _sum(formula.under, sums, span)
    return over, under, float(over / under) if under else None


def _sum(measures: Iterable[str], sums: Sums, span: Span) -> Decimal:
    wanted = set(measures)
    return sum(
        (
            value
            for (measure, on), value in sums.items()
            if measure in wanted and span.first <= on <= span.last
        ),
        Decimal(0),
    )


def _sums(actor: Actor, today: date, chosen: WorkflowName | None) -> Sums:
    """Add up every measure by day, over twelve weeks. Ten queries."""
    return sums_by_day(
        actor=actor,
        first=today - timedelta(days=7 * WEEKS - 1),
        last=today,
        workflow_id=chosen.id if chosen else None,
    )


def _parts(
    actor: Actor,
    formula: Formula,
    span: Span,
    names: tuple[WorkflowName, ...],
    chosen: WorkflowName | None,
) -> tuple[Part, ...]:
    by_workflow = sums_by_workflow(
        actor=actor,
        first=span.first,
        last=span.last,
        workflow_id=chosen.id if chosen else None,
    )
    parts = []
    for each in names:
        measures = by_workflow.get(each.id, {})
        sums = {(measure, span.last): value for measure, value in measures.items()}
        number = _number(formula, sums, span)
        if number.over or (number.under and formula.under):
            parts.append(Part(each, number))
    return tuple(parts)
