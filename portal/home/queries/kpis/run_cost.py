"""Cost per unit of output, in one currency at a time; nothing is ever converted."""

from decimal import Decimal

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
from runs.rules.counting.measures import PREFIX

KINDS = (("models", "Models"), ("tools", "Tools"), ("other", "Other running costs"))
HOUR_MS = Decimal(3_600_000)


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
    currency = currencies[0][1]
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
    total = sum((value for _, value in parts), Decimal(0)) + people
    details = _details([*parts, ("People’s time", people)], units, note)
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


def _people(asked: Asked, currency: str) -> tuple[Decimal, str]:
    """Price the time of people in one currency; say what has no rate or no time."""
    if not asked.rates:
        return Decimal(0), "not priced: no rate is set (COUNTERSIGN_HOUR_RATES)"
    total, unpriced = Decimal(0), []
    begin = f"{PREFIX}looked_ms.{currency}."
    for name, spent in asked.sums.items():
        if not name.startswith(begin):
            continue
        role = name.removeprefix(begin)
        rate, of_currency = asked.rates.get(role, (Decimal(0), ""))
        if of_currency == currency:
            total += spent / HOUR_MS * rate
        else:
            unpriced.append(role.replace("_", " "))
    timed, decisions = asked.of("decisions_timed"), asked.of("decisions")
    note = f"{int(timed):,} of {int(decisions):,} decisions with a known time to look"
    if unpriced:
        note += f"; no rate in {currency} for {', '.join(sorted(unpriced))}"
    return total, note


def _details(
    parts: list[tuple[str, Decimal]], units: Decimal, note: str
) -> tuple[Detail, ...]:
    last = len(parts) - 1
    return tuple(
        Detail(
            label,
            float(value / units) if units else None,
            Unit.MONEY,
            (note if number == last else "") or f"{value:,.2f} in all",
        )
        for number, (label, value) in enumerate(parts)
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
            " undone. People: time from first look to decision, at most 15 minutes each, ×"
            " the hourly rate of their role.",
            over_words="costs of settled runs",
            under_words="units of completed runs, not undone",
            excluded_words="Runs that cost another currency, several, or told no cost.",
            covered_words="model calls have a price",
            target_key="unit-cost",
        ),
        _unit_cost,
        reads=(
            *("count", "cost_none", "cost_mixed", "calls", "calls_priced"),
            *("decisions", "decisions_timed"),
        ),
        families=("run.costed.", "run.cost.", "run.cost_units.", "run.looked_ms."),
        over=("costed",),
        under=("cost_units",),
        excluded=("cost_none", "cost_mixed"),
    ),
)
