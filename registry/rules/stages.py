"""Resuming in stages: what runs by the rulebook alone, and what comes next.

A stage only ever takes away: what it does not open goes to a person. Pure, and it knows
no clock; when a stage ends is told by whoever asks.
"""

from collections.abc import Sequence

from registry.rules.rulebook import Stage
from registry.rules.verbs import VERBS, Tier, name_of, tier_of

NOTHING_ALONE = Stage()
READING_ALONE = Stage(tiers=frozenset({Tier.READ, Tier.PREPARE}))


def is_open(stage: Stage, verb: str) -> bool:
    """Return whether a verb runs by the rulebook alone in this stage."""
    return verb in stage.verbs or tier_of(verb) in stage.tiers


def after(stage: Stage) -> Stage | None:
    """Return the next stage, always wider; None means that the rulebook rules alone."""
    return READING_ALONE if stage == NOTHING_ALONE else None


def sentence_of(stage: Stage) -> str:
    """Say what a stage lets run and what it sends to people."""
    opened = _names(stage)
    if not opened:
        return "A person decides everything that the rulebook would allow."
    return f"Only {opened} run by the rulebook alone; a person decides the rest."


def _names(stage: Stage) -> str:
    tiers = [tier.value for tier in Tier if tier in stage.tiers]
    parts = []
    if tiers:
        parts.append(f"verbs that {_listed(tiers)}")
    verbs = [f"“{name_of(slug)}”" for slug in VERBS if slug in stage.verbs]
    if verbs:
        parts.append(_listed(verbs))
    return " and ".join(parts)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else words[0]
