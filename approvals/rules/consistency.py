"""How the last exceptions alike were settled, in words, and what would differ from them.

A signature says what makes two exceptions alike: their kind, the workflow, and what
brought them about.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LOOKED_AT = 20
CLEAR_SHARE = 0.8
# Fewer than this are no custom yet.
CLEAR_MIN = 5
RESUMED, STOPPED = "RESUMED", "STOPPED"
REASONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    RESUMED: (
        ("nothing_wrong", "Looked into it, nothing is wrong"),
        ("put_right", "The cause is put right"),
        ("false_alarm", "The rule fired without cause"),
        ("this_once", "Allowed this once"),
    ),
    STOPPED: (
        ("went_wrong", "The agent went wrong"),
        ("by_hand", "A person does it by hand"),
        ("must_not_be", "It must never be done"),
        ("done_before", "It is done already"),
    ),
}
REASON_WORDS = {code: words for each in REASONS.values() for code, words in each}


@dataclass(frozen=True)
class Custom:
    """How the last ones alike ended: how many each way."""

    passed: int
    refused: int

    @property
    def total(self) -> int:
        return self.passed + self.refused


def hold_signature(workflow_id: object, rule_key: str) -> str:
    return f"hold:{workflow_id}:{rule_key}"


def differs(custom: Custom, *, passes: bool) -> bool:
    """Say whether this ending is otherwise than four of five before it."""
    if custom.total < CLEAR_MIN:
        return False
    others = custom.refused if passes else custom.passed
    return others >= CLEAR_SHARE * custom.total


def sentence_of(
    custom: Custom, *, passed: str = "let go on", refused: str = "stopped for good"
) -> str:
    """Say "Of the last 20 like this, 18 were let go on and 2 were stopped for good."."""
    if custom.total == 0:
        return "This is the first like this."
    if custom.total == 1:
        return f"The only one like this was {passed if custom.passed else refused}."
    if not custom.refused:
        return f"The last {custom.total} like this were all {passed}."
    if not custom.passed:
        return f"The last {custom.total} like this were all {refused}."
    return (
        f"Of the last {custom.total} like this, {_were(custom.passed)} {passed} and"
        f" {_were(custom.refused)} {refused}."
    )


def _were(count: int) -> str:
    return f"{count} {'was' if count == 1 else 'were'}"


@dataclass(frozen=True)
class Alikeness:
    """How often two exceptions alike ended alike, and beside it what chance leaves."""

    alike: int
    pairs: int
    alpha: float | None
    # What is the only one of its signature, and so compares with nothing.
    alone: int = 0


def alikeness_of(counts: Iterable[Mapping[str, int]]) -> Alikeness:
    """Compare every two endings within each signature; one alone compares with nothing.

    Alpha is Krippendorff's for names (K. Krippendorff, "Content Analysis", 3rd ed., 2013,
    11.3), signatures as units and their occurrences as raters: 1 - (n-1) Σ_g d_g/(n_g-1)
    / D, with d_g the ordered pairs of a signature that differ and D those of all. None
    while everything ended alike everywhere: then there is nothing to agree about.
    """
    every = list(counts)
    alone = sum(sum(group.values()) == 1 for group in every)
    groups = [group for group in every if sum(group.values()) >= 2]
    alike = sum(n * (n - 1) // 2 for group in groups for n in group.values())
    sizes = [sum(group.values()) for group in groups]
    pairs = sum(n * (n - 1) // 2 for n in sizes)
    totals: dict[str, int] = {}
    for group in groups:
        for ending, n in group.items():
            totals[ending] = totals.get(ending, 0) + n
    size = sum(sizes)
    chance = size * size - sum(n * n for n in totals.values())
    if chance <= 0:
        return Alikeness(alike, pairs, None, alone)
    seen = sum(
        (n * n - sum(each * each for each in group.values())) / (n - 1)
        for n, group in zip(sizes, groups, strict=True)
    )
    return Alikeness(alike, pairs, 1 - (size - 1) * seen / chance, alone)
