"""How a run ended for whoever asked: resolved or not, by whose word, and how sure the agent was.

Confirmed is only what the customer or a system of record said. What the agent says of
itself, or somebody without a name, is implied and never adds to confirmed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runs.rules.values import decimal_of

CUSTOMER_WORDS = ("customer", "user", "requester", "caller", "client")
BASES = ("customer", "system", "implied")


@dataclass(frozen=True)
class Resolution:
    """What was told of the end: None where nothing was. `confidence` is the agent's last."""

    is_resolved: bool | None
    basis: str
    confidence: Decimal | None

    @property
    def is_confirmed(self) -> bool:
        return self.is_resolved is True and self.basis in ("customer", "system")


def resolution_of(state: Mapping[str, Any]) -> Resolution:
    """Read how a run ended for whoever asked out of what its events add up to."""
    decided = state.get("decided") or ["", "", None]
    confidence = decimal_of(decided[2])
    if confidence is not None and not 0 <= confidence <= 1:
        confidence = None
    told = state.get("confirmed")
    if told is None:
        return Resolution(None, "", confidence)
    return Resolution(bool(told[1]), told[3] if len(told) > 3 else "", confidence)  # noqa: PLR2004


def basis_of(*, told: object, by: object, is_system: bool) -> str:
    """Say on whose word a resolution rests; a system's key says more than any text."""
    if is_system:
        return "system"
    if told == "customer" or str(by or "").strip().lower() in CUSTOMER_WORDS:
        return "customer"
    # An agent that names a system is not that system.
    return "implied"
