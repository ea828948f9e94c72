"""One share, and the bounds it lies between: Wilson's, and the exact ones."""

from dataclasses import dataclass
from math import ceil, exp, lgamma, log, log1p, sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
SHOWN_FROM = 10  # below this many, counts are shown and no share
_BISECTIONS = 100


@dataclass(frozen=True)
class Interval:
    """A share between 0 and 1 and the bounds it lies between."""

    share: float
    low: float
    high: float


def wilson(
    having: float, judged: float, *, confidence: float = CONFIDENCE
) -> Interval | None:
    """Give the score interval of a share; None when nothing was judged.

    E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 22 (1927): centre (p + z²/2n) / (1 + z²/n), half-width
    z·sqrt(p(1-p)/n + z²/4n²) / (1 + z²/n).
    """
    if judged <= 0:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = having / judged
    spread = 1 + z * z / judged
    centre = (share + z * z / (2 * judged)) / spread
    inner = share * (1 - share) / judged + z * z / (4 * judged * judged)
    half = z * sqrt(max(0.0, inner)) / spread
    low = 0.0 if having <= 0 else max(0.0, centre - half)
    high = 1.0 if having >= judged else min(1.0, centre + half)
    return Interval(share, low, high)


def upper_bound(
    having: int, judged: int, *, confidence: float = CONFIDENCE
) -> float | None:
    """Give the exact one-sided upper bound of a share; None when nothing was judged.

    C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits",
    Biometrika 26 (1934): the p at which seeing so few or fewer has the probability
    1 - confidence. With none seen it is 1 - (1 - confidence)^(1/n).
    """
    if judged <= 0:
        return None
    if having >= judged:
        return 1.0
    tail = 1 - confidence
    if having <= 0:
        return 1 - tail ** (1 / judged)
    low, high = having / judged, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if binomial_at_most(having, judged, middle) > tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def lower_bound(
    having: int, judged: int, *, confidence: float = CONFIDENCE
) -> float | None:
    """Give the exact one-sided lower bound: one less the upper bound of the others."""
    other = upper_bound(judged - having, judged, confidence=confidence)
    return None if other is None else 1 - other


def clopper_pearson(
    having: int, judged: int, *, confidence: float = CONFIDENCE
) -> Interval | None:
    """Give the exact interval of a share; None when nothing was judged.

    Clopper and Pearson (1934): on each side the one-sided bound at half of what is left.
    """
    each = (1 + confidence) / 2
    low = lower_bound(having, judged, confidence=each)
    high = upper_bound(having, judged, confidence=each)
    if low is None or high is None:
        return None
    return Interval(having / judged, low, high)


def clean_needed(share: float, *, confidence: float = CONFIDENCE) -> int:
    """Give how many must be judged without one having it, to say "fewer than share".

    The n at which 1 - (1 - confidence)^(1/n) falls below the share: 59 for 5 %, 299 for
    1 %, both at 95 %.
    """
    count = ceil(log1p(-confidence) / log1p(-share))
    while 1 - (1 - confidence) ** (1 / count) >= share:
        count += 1
    return count


def binomial_at_most(having: int, judged: int, share: float) -> float:
    """Give the probability of so many or fewer out of so many, each with this share."""
    if share <= 0 or having >= judged:
        return 1.0
    if share >= 1 or having < 0:
        return 0.0
    begin = lgamma(judged + 1)
    total = 0.0
    for k in range(having + 1):
        ways = begin - lgamma(k + 1) - lgamma(judged - k + 1)
        total += exp(ways + k * log(share) + (judged - k) * log1p(-share))
    return min(1.0, total)
