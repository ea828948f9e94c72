"""What each run brings to the cost of a unit, in the one currency that is counted."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal

from django.conf import settings
from django.urls import reverse

from portal.accounts.actors import Actor
from portal.home.queries.kpis.figure import Row, Rows, Side
from portal.home.queries.kpis.run_asking import RunKpi
from portal.home.queries.kpis.run_cost import (
    KINDS,
    READING,
    currency_of,
    price_of_reading,
    price_of_time,
)
from registry.queries.across import workflow_ids_seen_by
from runs.queries.kpi_reading import reading_over
from runs.queries.kpi_rows import CountedRun
from runs.queries.kpi_sums import Span, columns_of, sums_over
from runs.rules.counting.measures import PREFIX

UNIT_COST = "unit-cost"


def of_one_currency(
    actor: Actor, asked: RunKpi, span: Span
) -> tuple[RunKpi, Callable[[Side], tuple[str, ...]], str]:
    """Put the currency that is counted into the names of measures; say which are not."""
    if asked.kpi.key != UNIT_COST:
        return asked, lambda _: (), ""
    (sums,) = sums_over(actor=actor, spans=[span], families=[f"{PREFIX}costed."])
    currency = currency_of(sums)

    def named(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name.format(currency=currency) for name in names)

    others = tuple(
        name.removeprefix(PREFIX)
        for name in sums
        if name != f"{PREFIX}costed.{currency}"
    )
    ready = replace(
        asked,
        over=named(asked.over),
        under=named(asked.under),
        shown_under=asked.shown_under.format(currency=currency),
    )
    return ready, lambda side: others if side is Side.EXCLUDED else (), currency


def cost_row(run: CountedRun, currency: str) -> Row:
    """Say what one run cost, the time of people in it included."""
    names = [f"{PREFIX}cost.{kind}.{currency}" for kind, _ in KINDS]
    told = sum((Decimal(run.measures.get(name, 0)) for name in names), Decimal(0))
    people, _ = price_of_time(run.measures, currency, settings.HOUR_RATES)
    note = f"{currency}, {_short(people)} of it people’s time" if people else currency
    return Row(
        run.title,
        reverse("run", args=(run.id,)),
        run.ended_at,
        _short(told + people),
        note,
    )


def reading_row(actor: Actor, span: Span, currency: str) -> Rows:
    """Give the reading of the weekly review as one row, where it costs something."""
    columns = columns_of([span], seen=workflow_ids_seen_by(actor))
    (read,) = reading_over(columns, count=1)
    price, note = price_of_reading(read, currency, settings.HOUR_RATES)
    if not price:
        return Rows(())
    return Rows((Row(READING, reverse("weeks"), None, _short(price), note),))


def _short(value: Decimal) -> str:
    return f"{round(value, 6).normalize():f}"
