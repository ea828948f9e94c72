"""How many runs each layer gives, and how likely each run is then to be drawn.

Neyman's allocation (J. Neyman, "On the two different aspects of the representative
method", JRSS 97, 1934): n_h in proportion to N_h s_h, with s_h = sqrt(p_h (1 - p_h)), within
a floor and the size of the layer. Inside a layer the chance follows the run's weight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from math import sqrt

FLOOR = 5
PRIOR_FAULTS, PRIOR_CLEAN = 1, 9
WHOLE = Decimal(1)
SCALE = 10**8
_PLACES = Decimal("0.00000001")
_BISECTIONS = 200


@dataclass(frozen=True)
class Past:
    """What the last weeks said of a layer: how many runs were judged, and had a fault."""

    judged: int = 0
    faults: int = 0


def spread_of(past: Past) -> float:
    """Give s_h, with the share of faults shrunk by Beta(1, 9): never nought."""
    share = (PRIOR_FAULTS + past.faults) / (PRIOR_FAULTS + PRIOR_CLEAN + past.judged)
    return sqrt(share * (1 - share))


def allocate(
    count: int, sizes: Mapping[str, int], pasts: Mapping[str, Past]
) -> dict[str, Decimal]:
    """Share so many runs out over layers; gives how many are expected of each.

    Every layer keeps its floor, or all its runs, even when that comes to more.
    """
    least = {name: min(FLOOR, size) for name, size in sizes.items()}
    pull = {
        name: size * spread_of(pasts.get(name, Past())) for name, size in sizes.items()
    }
    wanted = min(max(count, sum(least.values())), sum(sizes.values()))

    def at(level: float) -> dict[str, float]:
        return {
            name: min(float(size), max(float(least[name]), level * pull[name]))
            for name, size in sizes.items()
        }

    low, high = 0.0, 1.0
    while sum(at(high).values()) < wanted and high < SCALE * SCALE:
        high *= 2
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if sum(at(middle).values()) < wanted:
            low = middle
        else:
            high = middle
    return {
        name: min(Decimal(sizes[name]), Decimal(value).quantize(_PLACES))
        for name, value in at(high).items()
    }


def chances(expected: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """Give each run's chance, in proportion to its weight and at most one.

    Whoever would pass one is drawn for sure, and the rest shares what is left. Rounded up,
    so that no chance recorded is below what was meant.
    """
    if expected >= len(weights):
        return [WHOLE] * len(weights)
    order = sorted(range(len(weights)), key=lambda at: -weights[at])
    left, total, sure = Fraction(expected), sum(weights), 0
    for at in order:
        if left * weights[at] < total:
            break
        left, total, sure = left - 1, total - weights[at], sure + 1
    found = [WHOLE] * len(weights)
    known: dict[int, Decimal] = {}
    for at in order[sure:]:
        weight = weights[at]
        if weight not in known:
            known[weight] = _rounded(left * weight / total)
        found[at] = known[weight]
    return found


def share_of(wanted: int, size: int) -> Decimal:
    """Give the chance with which so many are drawn of so many; one when all are."""
    if size <= 0 or wanted >= size:
        return WHOLE
    return _rounded(Fraction(wanted, size))


def _rounded(value: Fraction) -> Decimal:
    number = Decimal(value.numerator) / Decimal(value.denominator)
    return min(WHOLE, max(number, _PLACES).quantize(_PLACES, rounding=ROUND_CEILING))
