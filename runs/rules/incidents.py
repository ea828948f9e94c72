"""The words of incidents: what was done, what may explain it, why nothing covered it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from runs.rules.phrases import count
from runs.rules.values import short

HEADLINE_MAX = 300
WAYS: Mapping[str, str] = MappingProxyType(
    {
        "EXPLAINED": "explained",
        "CONFIRMED": "confirmed as unauthorised",
    }
)
REASONS = (
    ("by_hand", "A person did it by hand, and may"),
    ("other_process", "Another process does this, outside of AI"),
    ("clock", "The system's clock or its grouping of changes is wrong"),
    ("test", "It was a test"),
    ("misread", "The system told it wrongly"),
)
REASON_WORDS: Mapping[str, str] = MappingProxyType(dict(REASONS))


def headline_of(
    source: str, system: str, resource: str, field: str, facts: Mapping[str, Any]
) -> str:
    """Say what a system reported, in one line made from its fields."""
    what = short(field, 60) or "a change"
    if "after" in facts:
        before = short(facts.get("before"), 40) or "nothing"
        what = f"{what} {before} → {short(facts['after'], 60) or 'nothing'}"
    where = f"{short(resource, 100)} in {short(system, 60)}"
    return short(f"{short(source, 60)} reports {what}, {where}", HEADLINE_MAX)


def told_headline(number: int) -> str:
    """Say what an agent told of itself."""
    return f"The agent tells of {count(number, 'change')} without a redeemed grant"
