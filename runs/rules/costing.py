"""What a run's models cost: as the agent told it, or priced from its tokens, never both.

A price is worked out once, when the call is heard of, and kept with it. Prices stand in
US dollars and are not converted. What has no price is said, and counts as unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runs.rules.phrases import count, listed, money, small_money
from runs.rules.values import decimal_of

MODEL_COSTS = ("", "model", "models", "llm", "tokens")
CURRENCY = "USD"


@dataclass(frozen=True)
class Cost:
    """What one model call costs. `basis` is told, priced, unknown or no_tokens."""

    basis: str
    value: Decimal = Decimal(0)
    currency: str = ""
    source: str = ""


def cost_of_call(facts: Mapping[str, Any]) -> Cost:
    """Say what one model call costs, and on what that rests."""
    told = facts.get("cost")
    if isinstance(told, Mapping):
        number = decimal_of(told.get("value"))
        if number is not None and told.get("currency"):
            return Cost("told", number, str(told["currency"]))
    priced = facts.get("priced")
    if isinstance(priced, Mapping) and priced.get("value"):
        number = decimal_of(priced["value"])
        if number is not None:
            return Cost("priced", number, CURRENCY, str(priced.get("list") or ""))
    has_tokens = any(facts.get(name) for name in ("input_tokens", "output_tokens"))
    return Cost("unknown" if has_tokens else "no_tokens")


def add_told(state: dict[str, Any], cost: object) -> None:
    """Add a cost that was told to what a run's events add up to, by its currency."""
    if not isinstance(cost, Mapping):
        return
    number, currency = decimal_of(cost.get("value")), cost.get("currency")
    if number is None or not currency:
        return
    costs = state.setdefault("cost", {})
    costs[currency] = str(Decimal(costs.get(currency, "0")) + number)


def is_model_cost(facts: Mapping[str, Any]) -> bool:
    """Say whether a cost that an agent tells by itself is that of its models."""
    return str(facts.get("cost_kind") or "").strip().lower() in MODEL_COSTS


def totals_of(state: Mapping[str, Any]) -> dict[str, Decimal]:
    """Add up a run's cost by currency: told, and priced where no total was told."""
    totals = {name: Decimal(value) for name, value in state.get("cost", {}).items()}
    if not state.get("model_costs_told"):
        priced = Decimal(state.get("priced", "0"))
        if priced:
            totals[CURRENCY] = totals.get(CURRENCY, Decimal(0)) + priced
    return totals


def words_of(state: Mapping[str, Any]) -> str:
    """Write a run's cost: "EUR 0.14", "EUR 0.14 and USD 0.02", or nothing."""
    totals = totals_of(state)
    return listed([small_money(totals[name], name) for name in sorted(totals)])


def basis_of(state: Mapping[str, Any]) -> str:
    """Say in a few words what a run's cost rests on."""
    told, calls = bool(state.get("cost")), state.get("model_calls", 0)
    priced = state.get("priced_calls", 0)
    unknown = state.get("unpriced_models", [])
    parts = []
    if told:
        parts.append("told by the agent")
    if priced and not state.get("model_costs_told"):
        parts.append(f"{count(priced, 'call')} priced from tokens")
    if unknown:
        parts.append(
            f"no price is known for {listed(list(unknown)[:2], len(unknown) - 2)}"
        )
    elif calls and not told and not priced:
        parts.append("its model calls came without tokens")
    return "; ".join(parts)


def call_words(cost: Cost) -> str:
    """Write what one call, or the calls of one model, cost."""
    return money(cost.value, cost.currency) if cost.currency else ""
