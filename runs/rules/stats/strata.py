"""A share over layers that were drawn at different rates."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from statistics import NormalDist

from runs.rules.stats.shares import CONFIDENCE, Interval, wilson


@dataclass(frozen=True)
class Stratum:
    """One layer of a sample: how many there are, were judged, and had it.

    `chances` holds, for each that was judged, how likely it was to be drawn and whether
    it had it; empty when all were equally likely.
    """

    population: int
    judged: int
    having: int
    chances: tuple[tuple[float, bool], ...] = ()

    @classmethod
    def of(cls, population: int, judged: Iterable[tuple[float, bool]]) -> "Stratum":
        """Give a layer from those judged of it, each with its chance to be drawn."""
        chances = tuple((float(chance), bool(had)) for chance, had in judged)
        having = sum(had for _, had in chances)
        is_even = len({chance for chance, _ in chances}) <= 1
        return cls(population, len(chances), having, () if is_even else chances)


@dataclass(frozen=True)
class Stratified:
    """A share over all layers, its variance, and the equivalent simple sample size."""

    share: float
    variance: float
    size_effective: float


@dataclass(frozen=True)
class _Layer:
    """A layer's share, its variance, and the share that its variance was taken at."""

    share: float
    variance: float
    spread_at: float


def stratified(
    strata: Iterable[Stratum], *, confidence: float = CONFIDENCE
) -> Stratified | None:
    """Estimate a share over layers drawn at different rates.

    W. G. Cochran, "Sampling Techniques", 3rd ed. (1977), 5.3-5.4: the share is
    Σ W_h p_h and its variance Σ W_h² p_h(1-p_h)/(n_h-1) · (1 - n_h/N_h), with
    W_h = N_h/N. A layer that was judged whole adds no variance. None while a layer that
    has runs has none judged: it would be left out.

    Within a layer whose runs were not equally likely, p_h is Hájek's: each judged run
    weighs the inverse of its chance, scaled so that the weights add up to N_h (J. Hájek,
    1971; Särndal, Swensson and Wretman, "Model Assisted Survey Sampling", 1992, 5.7 and
    7.10). Its variance is Σ w_i(w_i-1)(y_i-p_h)²/N_h² · n_h/(n_h-1), which is Cochran's
    when all weights are equal.

    A layer judged in part in which every answer was the same shows no spread, and yet is
    not certain: its spread is taken at the centre of Wilson's interval. The effective
    size is p̃(1-p̃)/variance with the same centres in p̃, so that a layer of five clean
    runs counts as five and not as many.
    """
    layers = [layer for layer in strata if layer.population > 0]
    total = sum(layer.population for layer in layers)
    judged = sum(min(layer.judged, layer.population) for layer in layers)
    if not layers or any(layer.judged <= 0 for layer in layers):
        return None
    share, variance, spread_at = 0.0, 0.0, 0.0
    for layer in layers:
        weight = layer.population / total
        found = _layer(layer, confidence)
        share += weight * found.share
        spread_at += weight * found.spread_at
        variance += weight * weight * found.variance
    size = spread_at * (1 - spread_at) / variance if variance > 0 else float(judged)
    if not isfinite(size) or size <= 0:
        size = float(judged)
    return Stratified(min(1.0, max(0.0, share)), variance, size)


def stratified_interval(
    strata: Iterable[Stratum], *, confidence: float = CONFIDENCE
) -> Interval | None:
    """Give the Wilson interval of a stratified share, on its effective size.

    Where every run was judged the share is exact for them, and the interval says what
    they tell of the agent: Wilson's, on their number.
    """
    found = stratified(strata, confidence=confidence)
    if found is None:
        return None
    having = found.share * found.size_effective
    return wilson(having, found.size_effective, confidence=confidence)


def _layer(layer: Stratum, confidence: float) -> _Layer:
    unseen = max(0.0, 1 - layer.judged / layer.population)
    share = _share(layer)
    if layer.judged == 1:
        # One of several says nothing of the spread: the widest, a quarter.
        return _Layer(share, 0.25 * unseen, 0.5 if unseen else share)
    if layer.having in (0, layer.judged) and unseen:
        z = NormalDist().inv_cdf(0.5 + confidence / 2)
        centre = (layer.having + z * z / 2) / (layer.judged + z * z)
        spread = centre * (1 - centre) / (layer.judged - 1)
        return _Layer(share, spread * unseen, centre)
    if layer.chances:
        return _Layer(share, _uneven_variance(layer, share), share)
    return _Layer(share, share * (1 - share) / (layer.judged - 1) * unseen, share)


def _share(layer: Stratum) -> float:
    if not layer.chances:
        return layer.having / layer.judged
    weights = [1 / chance for chance, _ in layer.chances]
    had = sum(1 / chance for chance, has in layer.chances if has)
    return had / sum(weights)


def _uneven_variance(layer: Stratum, share: float) -> float:
    scale = layer.population / sum(1 / chance for chance, _ in layer.chances)
    total = 0.0
    for chance, had in layer.chances:
        # A run that stands for less than itself was certain to be drawn.
        weight = max(1.0, scale / chance)
        total += weight * (weight - 1) * ((1.0 if had else 0.0) - share) ** 2
    count = layer.judged
    return total / layer.population**2 * count / (count - 1)
