"""What a run cost, by kind and currency. Currencies are never added to one another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from runs.rules.costing import CURRENCY, cost_of_call, is_model_cost
from runs.rules.events import Event
from runs.rules.values import decimal_of, short

LOOKED_MS_MAX = 15 * 60 * 1000
TOOL_COSTS = ("tool", "tools", "api", "search")


@dataclass
class Spending:
    """Costs by (kind, currency), model calls with a price, and the time of deciders."""

    costs: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    calls: int = 0
    priced_calls: int = 0
    # Of people who decided: how many, how many of them looked for a known time, and how
    # long by role, at most a quarter of an hour each.
    decisions: int = 0
    timed: int = 0
    looked_ms: dict[str, int] = field(default_factory=dict)

    @property
    def currencies(self) -> tuple[str, ...]:
        return tuple(sorted({currency for _, currency in self.costs}))


def spending_of(events: Iterable[Event]) -> Spending:
    """Add up what a run cost. A told total of its models makes prices of calls needless."""
    found = Spending()
    priced = Decimal(0)
    has_total = False
    for event in events:
        if event.is_moment:
            if event.kind == "decided":
                _look(found, event.facts)
        elif event.kind == "cost":
            kind = _kind_of(event.facts)
            has_total |= kind == "models"
            _add(found, kind, event.facts)
        elif event.kind == "model.called":
            found.calls += 1
            cost = cost_of_call(event.facts)
            found.priced_calls += cost.basis in ("told", "priced")
            if cost.basis == "told":
                _add(found, "models", event.facts.get("cost"))
            elif cost.basis == "priced":
                priced += cost.value
    if has_total:
        found.priced_calls = found.calls
    elif priced:
        key = ("models", CURRENCY)
        found.costs[key] = found.costs.get(key, Decimal(0)) + priced
    return found


def _kind_of(facts: Mapping[str, object]) -> str:
    if is_model_cost(facts):
        return "models"
    kind = str(facts.get("cost_kind") or "").strip().lower()
    return "tools" if kind in TOOL_COSTS else "other"


def _add(found: Spending, kind: str, cost: object) -> None:
    if not isinstance(cost, Mapping):
        return
    value, currency = decimal_of(cost.get("value")), cost.get("currency")
    if value is None or not currency:
        return
    key = (kind, str(currency))
    found.costs[key] = found.costs.get(key, Decimal(0)) + value


def _look(found: Spending, facts: Mapping[str, object]) -> None:
    found.decisions += 1
    looked = facts.get("looked_seconds")
    if isinstance(looked, int) and looked >= 0:
        found.timed += 1
        role = short(facts.get("role"), 40) or "reviewer"
        spent = min(looked * 1000, LOOKED_MS_MAX)
        found.looked_ms[role] = found.looked_ms.get(role, 0) + spent
