"""The small statistics of the weekly review. Shares come with an interval or not at all.

Wilson for a share, Clopper-Pearson for "none seen", a stratified estimate for a sample
whose runs were not all equally likely to be drawn. Nothing here divides by zero: no
observations give None.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, isfinite, lgamma, log, log1p, sqrt
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


@dataclass(frozen=True)
class Stratum:
    """One layer of a sample: how many there are, were judged, and had it."""

    population: int
    judged: int
    having: int


@dataclass(frozen=True)
class Stratified:
    """A share over all layers, its variance, and the equivalent simple sample size."""

    share: float
    variance: float
    size_effective: float


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
        if binomial_at_most(having, judged, middle) > tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2


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


def stratified(strata: Iterable[Stratum]) -> Stratified | None:
    """Estimate a share over layers drawn at different rates.

    W. G. Cochran, "Sampling Techniques", 3rd ed. (1977), 5.3-5.4: the share is
    Σ W_h p_h and its variance Σ W_h² p_h(1-p_h)/(n_h-1) · (1 - n_h/N_h), with
    W_h = N_h/N. None while a layer that has runs has none judged: it would be left out.
    A layer with one judged of several takes the widest variance, a quarter.
    """
    layers = [layer for layer in strata if layer.population > 0]
    total = sum(layer.population for layer in layers)
    judged = sum(min(layer.judged, layer.population) for layer in layers)
    if not layers or any(layer.judged <= 0 for layer in layers):
        return None
    share, variance = 0.0, 0.0
    for layer in layers:
        weight = layer.population / total
        seen = layer.having / layer.judged
        share += weight * seen
        variance += weight * weight * _variance(layer, seen)
    size = share * (1 - share) / variance if variance > 0 else float(judged)
    if not isfinite(size) or size <= 0:
        size = float(judged)
    return Stratified(min(1.0, share), variance, size)


def stratified_interval(
    strata: Iterable[Stratum], *, confidence: float = CONFIDENCE
) -> Interval | None:
    """Give the Wilson interval of a stratified share, on its effective size."""
    found = stratified(strata)
    if found is None:
        return None
    having = found.share * found.size_effective
    return wilson(having, found.size_effective, confidence=confidence)


def _variance(layer: Stratum, share: float) -> float:
    unseen = max(0.0, 1 - layer.judged / layer.population)
    if layer.judged == 1:
        return 0.25 * unseen
    return share * (1 - share) / (layer.judged - 1) * unseen
