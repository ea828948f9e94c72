"""One difference between two rulebooks, and when a bound is provably narrower.

What cannot be proved narrower is widening.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.rules.amounts import is_finite, money_text
from registry.rules.answers import Money


class Label(StrEnum):
    NEUTRAL = "neutral"
    NARROWING = "narrowing"
    WIDENING = "widening"


@dataclass(frozen=True)
class Change:
    """One difference: where it stands, its sentence, and whether it widens."""

    path: str
    text: str
    label: Label

    @property
    def where(self) -> str:
        return self.path


def label_when(is_narrower: bool) -> Label:
    return Label.NARROWING if is_narrower else Label.WIDENING


def is_lower(before: Any, after: Any) -> bool:
    """Return whether an upper limit became provably lower; none at all is no limit."""
    if after is None or not is_finite(after):
        return False
    return before is None or (is_finite(before) and after < before)


def is_higher(before: Any, after: Any) -> bool:
    """Return whether a floor became provably higher; none at all is no floor."""
    if after is None or not is_finite(after):
        return False
    return before is None or (is_finite(before) and after > before)


def money_or_none(value: Any, currency: str) -> str | None:
    return None if value is None else money_text(Money(value, currency))


def moved(what: str, said: Any, says: Any, before: Any, after: Any) -> str:
    if before is None:
        return f"{what} set to {says}"
    if after is None:
        return f"{what} of {said} removed"
    way = "lowered" if is_lower(before, after) else "raised"
    return f"{what} {way} from {said} to {says}"


def covers(before: Collection[str], after: Collection[str]) -> bool:
    """Return whether a list of verbs still binds all it bound; an empty list binds every verb."""
    return not after or (bool(before) and set(before) <= set(after))
