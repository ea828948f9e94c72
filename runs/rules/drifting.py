"""Whether people overrule a workflow more, or less, than they used to.

A decision overrules when a person rejected, answered instead, or changed a field that
matters. What is usual comes from the eight weeks before; the watch over the decisions in
their order finds a lasting change. An alarm suggests a finding and changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from runs.rules.stats.control import (
    ALARM_AT,
    Watch,
    Watched,
    bernoulli_cusum,
    chance_of_alarm,
)
from runs.rules.stats.many import benjamini_hochberg

# Raised when what is counted, or how, changes; then every week is counted anew.
VERSION = 1
BASELINE_WEEKS = 8
# Before so many decisions nothing is usual yet, and nothing is watched.
BASELINE_MIN = 20
# What is known of any workflow before its own decisions say more: one in ten.
PRIOR_OVERRIDES, PRIOR_DECISIONS = 1, 10
USUAL_MIN, USUAL_MAX = 0.02, 0.6
# Of what is raised over all workflows at most this share is raised by chance.
FALSE_SHARE_MAX = 0.1
# Beyond this a watch is so improbable by chance that its chance need not be told apart.
_PEAK_MAX = 10.0
OVERRULING = frozenset({"rejected", "responded"})
DECIDED = frozenset({"approved", "edited", *OVERRULING})


@dataclass(frozen=True)
class Before:
    """What a week begins with: the decisions of the weeks before, and the watch so far."""

    decisions: int = 0
    overrides: int = 0
    up: float = 0.0
    down: float = 0.0


@dataclass(frozen=True)
class Measured:
    """What one week came to."""

    decisions: int
    overrides: int
    usual: float
    usual_of: int
    watched: Watched | None

    def crossed(self, direction: str) -> int | None:
        """Give the position of the decision at which the watch crossed; None if never."""
        if self.watched is None:
            return None
        return self.watched.up_at if direction == "UP" else self.watched.down_at

    def peak(self, direction: str) -> float:
        if self.watched is None:
            return 0.0
        up = direction == "UP"
        return self.watched.up_peak if up else self.watched.down_peak


@dataclass(frozen=True)
class Crossing[Key]:
    """A watch that crossed, how likely that is by chance, and that among all watched."""

    key: Key
    direction: str
    chance: float
    chance_adjusted: float

    @property
    def is_raised(self) -> bool:
        return self.chance_adjusted <= FALSE_SHARE_MAX


def is_override(facts: Mapping[str, object]) -> bool:
    """Say whether a decision overruled what the agent asked."""
    resolution = facts.get("resolution")
    if resolution in OVERRULING:
        return True
    if resolution != "edited":
        return False
    # Before it was told whether a change was material, any change counted.
    material = facts.get("material")
    return bool(facts.get("edited_fields")) if material is None else bool(material)


def usual_of(before: Before) -> float:
    """Give what is usual: the share of the weeks before, shrunk towards one in ten.

    The mean of Beta(1 + overrides, 9 + others), kept between 2 and 60 %: outside them a
    change cannot be told from chance in a quarter of a year.
    """
    share = (before.overrides + PRIOR_OVERRIDES) / (before.decisions + PRIOR_DECISIONS)
    return min(USUAL_MAX, max(USUAL_MIN, share))


def measure(before: Before, overruled: Sequence[bool]) -> Measured:
    """Follow one week's decisions, in their order."""
    usual = usual_of(before)
    watched = None
    if before.decisions >= BASELINE_MIN:
        watched = bernoulli_cusum(Watch(usual, before.up, before.down), overruled)
    return Measured(
        decisions=len(overruled),
        overrides=sum(overruled),
        usual=usual,
        usual_of=before.decisions,
        watched=watched,
    )


def crossings[Key](weeks: Mapping[Key, Measured]) -> list[Crossing[Key]]:
    """Give every watch that crossed in a week, judged beside all that were watched.

    With many workflows some cross by chance each week, so each crossing's chance is
    raised by Benjamini and Hochberg's rule over both directions of every workflow.
    """
    watched = [
        (key, week, direction)
        for key, week in weeks.items()
        if week.watched is not None
        for direction in ("UP", "DOWN")
    ]
    chances = [_chance(week, direction) for _, week, direction in watched]
    adjusted = benjamini_hochberg(chances)
    return [
        Crossing(key, direction, chances[place], adjusted[place])
        for place, (key, week, direction) in enumerate(watched)
        if week.crossed(direction) is not None
    ]


def _chance(week: Measured, direction: str) -> float:
    if week.crossed(direction) is None:
        return 1.0
    return chance_of_alarm(
        week.usual,
        falls=direction == "DOWN",
        decisions=week.decisions,
        alarm_at=max(ALARM_AT, min(_PEAK_MAX, week.peak(direction))),
    )


def sentence_of(
    *, direction: str, decisions: int, overrides: int, usual: float, starts_on: date
) -> str:
    """Say what an alarm saw."""
    week = f"the week of {starts_on.day} {starts_on:%B}"
    seen = f"{overrides} of {decisions} decisions in {week}"
    before = f"{usual * 100:.0f} % was usual before"
    if direction == "UP":
        return f"People overruled {seen}; {before}."
    return (
        f"People overruled only {seen}; {before}. See whether what is approved is "
        "still read."
    )
