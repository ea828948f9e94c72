"""Intervals of rates, and of what a middle value came down by. Pure and deterministic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, sqrt
from random import Random

_Z = 1.959963984540054
DRAWS = 1_000
SEED = 20_260


@dataclass(frozen=True)
class Bounds:
    low: float
    high: float


def rate_bounds(events: int, exposure: int) -> Bounds | None:
    """Give the interval of 95 % of a rate that may pass one; None without exposure.

    Byar's approximation of the exact Poisson limits: N. E. Breslow and N. E. Day,
    "Statistical Methods in Cancer Research" II (1987), 2.3.
    """
    if exposure <= 0:
        return None
    low = 0.0
    if events > 0:
        low = events * (1 - 1 / (9 * events) - _Z / (3 * sqrt(events))) ** 3
    past = events + 1
    high = past * (1 - 1 / (9 * past) + _Z / (3 * sqrt(past))) ** 3
    return Bounds(max(0.0, low) / exposure, high / exposure)


@dataclass(frozen=True)
class Stratum:
    """One kind of case: its weight and middle value in the baseline, and how many now.

    `near` gives values now by rank, from 1, around the middle: enough of them that a draw
    falls outside only once in millions, and then the last one is taken.
    """

    weight: float
    baseline: float
    total: int
    near: Mapping[int, float]

    @cached_property
    def ends(self) -> tuple[int, int]:
        """Give the first and the last rank that is known; looked for once, not each draw."""
        return min(self.near), max(self.near)

    def at(self, rank: int) -> float:
        """Give the value at a rank."""
        first, last = self.ends
        return self.near[min(max(rank, first), last)]

    def middle(self) -> float:
        """Give the median."""
        return (self.at((self.total + 1) // 2) + self.at(self.total // 2 + 1)) / 2


@dataclass(frozen=True)
class Reduction:
    """By what share a standardised median is below that of the baseline."""

    share: float
    low: float
    high: float
    now: float
    before: float


def reduction_of(strata: Sequence[Stratum], *, seed: int = SEED) -> Reduction | None:
    """Compare medians now with those of a baseline, at the baseline's mix of cases.

    The interval is a bootstrap with a fixed seed. The median of a sample drawn again is the
    value at the rank that a Beta variate names (the distribution of order statistics: H. A.
    David and H. N. Nagaraja, "Order Statistics", 3rd ed., 2.2), so no sample is built.
    The baseline itself stands as it was signed, without error.
    """
    known = [each for each in strata if each.total > 0 and each.weight > 0]
    weights = sum(each.weight for each in known)
    before = sum(each.weight * each.baseline for each in known)
    if not known or before <= 0:
        return None
    now = sum(each.weight * each.middle() for each in known)
    random = Random(seed)  # noqa: S311 - the same interval every time, no secret
    drawn = sorted(
        1 - sum(each.weight * _drawn(each, random) for each in known) / before
        for _ in range(DRAWS)
    )
    return Reduction(
        share=1 - now / before,
        low=drawn[int(0.025 * DRAWS)],
        high=drawn[int(0.975 * DRAWS) - 1],
        now=now / weights,
        before=before / weights,
    )


def ranks_near(total: int) -> tuple[int, int]:
    """Give the first and last rank, from 1, that a bootstrap of the median can need."""
    half = ceil(3 * sqrt(total)) + 1
    middle = (total + 1) // 2
    return max(1, middle - half), min(total, middle + half)


def _drawn(stratum: Stratum, random: Random) -> float:
    total = stratum.total
    halves = [(total + 1) // 2, total // 2 + 1]
    at = random.betavariate(halves[0], total - halves[0] + 1)
    return stratum.at(max(1, ceil(at * total)))
