"""A request that is allowed and the standing that allows it; each test spoils one thing."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from registry.rules.answers import Answer, Authority, Money, Reason, Reversibility, Risk
from registry.rules.authority import rule
from registry.rules.rulebook import (
    ActionGroup,
    Allowance,
    Cap,
    CapKind,
    Check,
    Guardrail,
    Request,
    Rulebook,
    Standing,
)

REFUND = Allowance(
    system="billing",
    verb="refund",
    authority=Authority.ALLOWED,
    amount_max=Decimal("25.00"),
    currency="EUR",
    count_per_day=10,
    amount_field="amount",
    currency_field="currency",
    risk=Risk.MEDIUM,
    reversibility=Reversibility.IRREVERSIBLE,
)
RULEBOOK = Rulebook(
    workflow="refund-management",
    version=3,
    phase=4,
    risk=Risk.LOW,
    currency="EUR",
    allowances={("billing", "refund"): REFUND},
    guardrail=Guardrail(confidence_min=Decimal("0.9"), risk_review=Risk.HIGH),
    caps=(
        Cap("money-a-day", CapKind.SPEND, Decimal(100), "EUR", 24, ("refund",)),
        Cap("refunds-an-hour", CapKind.COUNT, Decimal(5), None, 1, ("refund",)),
    ),
    checks=(Check("order exists", ("refund",)),),
    categories=("damaged-item",),
    action_groups=(ActionGroup("Pay back", frozenset({("billing", "refund")})),),
)
STANDING = Standing(
    rulebook=RULEBOOK,
    is_live=True,
    is_paused=False,
    agent_is_active=True,
    approved_systems=frozenset({"billing"}),
    known_systems=frozenset({"billing", "mainframe"}),
    approved_models=frozenset({"small-model"}),
    used={"money-a-day": Decimal(0), "refunds-an-hour": Decimal(0)},
    day_counts={},
)
REQUEST = Request(
    verb="refund",
    system="billing",
    resource_type="order",
    resource_id="1182",
    args={"amount": "20.00", "currency": "EUR"},
    amount=Money(Decimal("20.00"), "EUR"),
    confidence=Decimal("0.93"),
    risk=Risk.LOW,
    category="damaged-item",
    evidence_count=1,
    checks=(("order exists", "pass"),),
    model="small-model",
    title="Refund EUR 20.00 for order 1182",
)


def with_row(**changes: Any) -> dict[str, Any]:
    """Change the refund's row."""
    return {"allowances": {("billing", "refund"): replace(REFUND, **changes)}}


def ruled(
    request: Mapping[str, Any] | None = None,
    standing: Mapping[str, Any] | None = None,
    rulebook: Mapping[str, Any] | None = None,
):
    """Rule on the allowed case with some things changed."""
    facts = {"rulebook": replace(RULEBOOK, **(rulebook or {})), **(standing or {})}
    return rule(replace(REQUEST, **(request or {})), replace(STANDING, **facts))


def reason(ruling, code: str) -> Reason | None:
    return next((each for each in ruling.reasons if each.code == code), None)


def money(value: str, currency: str = "EUR") -> dict[str, Any]:
    """Ask for another amount, in the args and in the claim alike."""
    return {
        "args": {"amount": value, "currency": currency},
        "amount": Money(Decimal(value), currency),
    }


__all__ = ["Answer", "money", "reason", "ruled", "with_row"]
