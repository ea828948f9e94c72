"""Cost per unit of output, in one currency at a time; nothing is ever converted."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portal.home.queries.kpis.figure import (
    Answer,
    Better,
    Detail,
    Family,
    Figure,
    Kpi,
    Unit,
)
from portal.home.queries.kpis.run_asking import Asked, RunKpi
from runs.queries.kpi_reading import Reading
from runs.rules.counting.measures import PREFIX

KINDS = (("models", "Models"), ("tools", "Tools"), ("other", "Other running costs"))
type Rates = Mapping[str, tuple[Decimal, str]]
HOUR_MS = Decimal(3_600_000)
DECIDING, READING = "People’s time", "Reading in the weekly review"


def _unit_cost(asked: Asked) -> Figure:
    currencies = sorted(
        (
            (-number, name.removeprefix("run.costed."))
            for name, number in asked.sums.items()
            if name.startswith("run.costed.") and number > 0
        ),
    )
    if not currencies:
        if not asked.of("count"):
            return asked.nothing("No run settled in these days.")
        return asked.unknowable(
            "No agent of this work tells what it costs, and none of its model calls tell"
            " tokens of a model whose price is known."
        )
    currency = currency_of(asked.sums)
    others = tuple(
        (f"Runs that cost {name}", -number) for number, name in currencies[1:]
    )
    excluded = asked.excluded(
        *others,
        ("Runs without any cost told", asked.of("cost_none")),
        ("Runs with costs in several currencies", asked.of("cost_mixed")),
    )
    units = asked.of(f"cost_units.{currency}")
    parts = [(label, asked.of(f"cost.{kind}.{currency}")) for kind, label in KINDS]
    people, note = _people(asked, currency)
    reading, note_of_reading = price_of_reading(asked.reading, currency, asked.rates)
    total = sum((value for _, value in parts), Decimal(0)) + people + reading
    notes = {DECIDING: note, READING: note_of_reading}
    details = (
        *_details([*parts, (DECIDING, people), (READING, reading)], units, notes),
        Detail(
            "Units that were undone",
            float(asked.of(f"cost_undone.{currency}")),
            Unit.COUNT,
            "they cost, and count for nothing",
        ),
    )
    if not units:
        return asked.nothing(
            "No completed run with known costs told its units.",
            excluded=excluded,
            over=total,
            currency=currency,
        )
    return Figure(
        Answer.MEASURED,
        asked.now,
        value=float(total / units),
        over=total,
        under=units,
        covered=asked.of("calls_priced"),
        coverable=asked.of("calls"),
        currency=currency,
        excluded=excluded,
        details=details,
    )


def currency_of(sums: Mapping[str, Decimal]) -> str:
    """Give the currency of most runs, which is the one that is counted; "" for none."""
    begin = f"{PREFIX}costed."
    found = [
        (-number, name.removeprefix(begin))
        for name, number in sums.items()
        if name.startswith(begin) and number > 0
    ]
    return min(found)[1] if found else ""


def _people(asked: Asked, currency: str) -> tuple[Decimal, str]:
    """Price the time of people in one currency; say what has no rate or no time."""
    if not asked.rates:
        return Decimal(0), "not priced: no rate is set (COUNTERSIGN_HOUR_RATES)"
    total, unpriced = price_of_time(asked.sums, currency, asked.rates)
    timed, decisions = asked.of("decisions_timed"), asked.of("decisions")
    note = f"{int(timed):,} of {int(decisions):,} decisions with a known time to look"
    if unpriced:
        note += f"; no rate in {currency} for {', '.join(sorted(unpriced))}"
    return total, note


def price_of_time(
    measures: Mapping[str, Any], currency: str, rates: Rates
) -> tuple[Decimal, list[str]]:
    """Price the time that people looked before they decided; name the roles without a rate."""
    total, unpriced = Decimal(0), []
    begin = f"{PREFIX}looked_ms.{currency}."
    for name, spent in measures.items():
        if not name.startswith(begin):
            continue
        role = name.removeprefix(begin)
        rate, of_currency = rates.get(role, (Decimal(0), ""))
        if of_currency == currency:
            total += Decimal(spent) / HOUR_MS * rate
        else:
            unpriced.append(role.replace("_", " "))
    return total, unpriced


def price_of_reading(read: Reading, currency: str, rates: Rates) -> tuple[Decimal, str]:
    """Price the reading of the weekly review in one currency; say what is not known."""
    if not read.readings:
        return Decimal(0), "nobody read a run in these days"
    note = f"{read.timed:,} of {read.readings:,} readings with a known time"
    rate, of_currency = rates.get("assessor", (Decimal(0), ""))
    if of_currency != currency:
        return Decimal(0), f"{note}; no rate in {currency} for assessor"
    return Decimal(read.seconds) / 3600 * rate, note


def _details(
    parts: list[tuple[str, Decimal]], units: Decimal, notes: Mapping[str, str]
) -> tuple[Detail, ...]:
    return tuple(
        Detail(
            label,
            float(value / units) if units else None,
            Unit.MONEY,
            notes.get(label) or f"{value:,.2f} in all",
        )
        for label, value in parts
    )


KPIS = (
    RunKpi(
        Kpi(
            key="unit-cost",
            label="Cost of a unit of work",
            family=Family.COST,
            unit=Unit.MONEY,
            better=Better.DOWN,
            sentence="What one unit costs in models, tools and people's time.",
            formula="(models + tools + other + people) ÷ units of completed runs that were not"
            " undone: not resolved, opened again, with an action that a person took back, or with"
            " a change that a system of record put back within 14 days."
            " People: from first look to decision, at most 15 minutes each, and reading in"
            " the weekly review, at most 30 minutes each, × the hourly rate of their role.",
            over_words="costs of settled runs",
            under_words="units of completed runs, not undone",
            excluded_words="Runs that cost another currency, several, or told no cost.",
            covered_words="model calls have a price",
            version=3,
            target_key="unit-cost",
        ),
        _unit_cost,
        reads=(
            *("count", "cost_none", "cost_mixed", "calls", "calls_priced"),
            *("decisions", "decisions_timed"),
        ),
        needs="reading",
        families=(
            "run.costed.",
            "run.cost.",
            "run.cost_units.",
            "run.cost_undone.",
            "run.looked_ms.",
        ),
        over=("costed.{currency}",),
        under=("cost_units.{currency}",),
        shown_under="cost_units.{currency}",
        excluded=("cost_none", "cost_mixed"),
    ),
)
