"""What one event adds to the numbers of its workflow and day.

Used when an event is inserted and when tallies are built anew, so that both agree.
"""

from collections.abc import Mapping
from datetime import date, tzinfo
from decimal import Decimal

from runs.rules.costing import cost_of_call
from runs.rules.events import Event
from runs.rules.values import decimal_of

MEASURE_MAX = 80
_SMALLEST = Decimal("0.000001")


def day_of(event: Event, zone: tzinfo) -> date:
    """Give the day that an event counts for, in the organisation's time zone."""
    return event.at.astimezone(zone).date()


def measures_of(event: Event) -> dict[str, Decimal]:
    """Give what an event adds, by measure."""
    told = "" if event.is_moment else "told."
    found: dict[str, Decimal] = {f"{told}{event.kind}"[:MEASURE_MAX]: Decimal(1)}
    maker = _MORE.get(event.kind)
    if maker is not None:
        for name, value in maker(event).items():
            if value:
                # As exact as the column: so that adding up and counting anew agree.
                found[name[:MEASURE_MAX]] = value.quantize(_SMALLEST)
    return found


def _ruled(event: Event) -> dict[str, Decimal]:
    facts = event.facts
    if facts.get("occasion", "ask") != "ask":
        return {"ruled.again": Decimal(1)}
    answer = facts.get("answer")
    found = {f"ruled.{answer}": Decimal(1)}
    reasons = facts.get("reasons") or ()
    first = reasons[0] if reasons else {}
    if answer == "refuse" and isinstance(first, Mapping):
        found[f"refused.{first.get('code')}"] = Decimal(1)
    return found


def _decided(event: Event) -> dict[str, Decimal]:
    facts = event.facts
    found = {f"vote.{facts.get('verdict')}": Decimal(1)}
    if facts.get("resolution"):
        found[f"resolved.{facts['resolution']}"] = Decimal(1)
        found["resolved.all"] = Decimal(1)
    seconds = facts.get("seconds")
    if isinstance(seconds, int):
        found["deciding_seconds"] = Decimal(seconds)
    return found


def _outcome(event: Event) -> dict[str, Decimal]:
    return {f"outcome.{event.facts.get('status')}": Decimal(1)}


def _expired(event: Event) -> dict[str, Decimal]:
    what = "grant" if event.facts.get("grant") else "proposal"
    return {f"expired.{what}": Decimal(1)}


def _finished(event: Event) -> dict[str, Decimal]:
    found = {f"finished.{event.facts.get('status')}": Decimal(1)}
    units = decimal_of(event.facts.get("units"))
    if units is not None and event.facts.get("status") == "completed":
        found["units"] = units
    return found


def told_cost(event: Event) -> tuple[Decimal, str] | None:
    """Give what an event tells that was spent, with its currency; priced is not told."""
    if event.is_moment or event.kind not in ("cost", "model.called"):
        return None
    cost = event.facts if event.kind == "cost" else event.facts.get("cost")
    if not isinstance(cost, Mapping) or not cost.get("currency"):
        return None
    number = decimal_of(cost.get("value"))
    return None if number is None else (number, str(cost["currency"]))


def _spent(cost: object) -> dict[str, Decimal]:
    if not isinstance(cost, Mapping):
        return {}
    number = decimal_of(cost.get("value"))
    if number is None or not cost.get("currency"):
        return {}
    return {f"cost.{cost['currency']}": number}


def _called(event: Event) -> dict[str, Decimal]:
    """Count what was told under its currency, and what was priced by itself."""
    cost = cost_of_call(event.facts)
    if cost.basis == "told":
        return {"costed.calls": Decimal(1), **_spent(event.facts.get("cost"))}
    if cost.basis == "priced":
        return {"costed.calls": Decimal(1), f"priced.{cost.currency}": cost.value}
    return {}


def _tool(event: Event) -> dict[str, Decimal]:
    attempt = event.facts.get("attempt")
    is_again = isinstance(attempt, int) and attempt > 1
    return {
        "tool.errors": Decimal(event.facts.get("status") == "error"),
        "retries": Decimal(is_again),
    }


_MORE = {
    "ruled": _ruled,
    "decided": _decided,
    "outcome": _outcome,
    "expired": _expired,
    "run.finished": _finished,
    "model.called": lambda event: _called(event),
    "cost": lambda event: _spent(event.facts),
    "tool.called": _tool,
}
