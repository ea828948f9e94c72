"""Limits of a weekly share, and a watch over decisions that finds a lasting change."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import expm1, log, log1p, sqrt

SIGMAS = 3.0
# The change that is watched for, as odds: from 10 % up to 20 %, or down to 4.7 %.
ODDS_CHANGE = 2.25
ALARM_AT = 5.0
# How fine the grid of the exact chain may be; finer is slower.
_GRID_MAX = 100
# How long the chain runs until its hazard is steady, and over how long it is measured.
_SETTLING = 300
_MEASURING = 100


@dataclass(frozen=True)
class Watch:
    """A two-sided watch over yes-or-no decisions: what is usual, and how far it drifted."""

    usual: float
    up: float = 0.0
    down: float = 0.0


@dataclass(frozen=True)
class Watched:
    """What a watch came to over some decisions.

    `up_at` and `down_at` are the positions, from 0, at which it alarmed first.
    """

    end: Watch
    up_peak: float
    down_peak: float
    up_at: int | None
    down_at: int | None


def p_chart_limits(usual: float, size: int) -> tuple[float, float] | None:
    """Give the limits of a share of so many, 3 sigma either side; None of nothing.

    W. A. Shewhart (1931); D. C. Montgomery, "Introduction to Statistical Quality
    Control", 7.2.2, for sizes that differ: p ± 3·sqrt(p(1-p)/n), within 0 and 1.
    """
    if size <= 0:
        return None
    half = SIGMAS * sqrt(max(0.0, usual * (1 - usual)) / size)
    return max(0.0, usual - half), min(1.0, usual + half)


def changed_odds(share: float, times: float) -> float:
    """Give the share whose odds are so many times those of this one."""
    odds = share / (1 - share) * times
    return odds / (1 + odds)


def reference_value(usual: float, changed: float) -> float:
    """Give k, between the usual share and the changed one.

    M. R. Reynolds and Z. G. Stoumbos, "A CUSUM chart for monitoring a proportion when
    inspecting continuously", Journal of Quality Technology 31 (1999):
    k = ln((1-p0)/(1-p1)) / ln(p1(1-p0)/(p0(1-p1))). The same for a fall, where both
    logarithms change their sign.
    """
    ratio = log(changed * (1 - usual) / (usual * (1 - changed)))
    return log((1 - usual) / (1 - changed)) / ratio


def bernoulli_cusum(
    watch: Watch, decisions: Iterable[bool], *, alarm_at: float = ALARM_AT
) -> Watched:
    """Follow decisions in their order: S = max(0, S + x - k) up, S + k - x down.

    E. S. Page, Biometrika 41 (1954), in the form of Reynolds and Stoumbos (1999). Goes on
    past an alarm at S ≥ h: whoever raises it begins that side anew.
    """
    rise = reference_value(watch.usual, changed_odds(watch.usual, ODDS_CHANGE))
    fall = reference_value(watch.usual, changed_odds(watch.usual, 1 / ODDS_CHANGE))
    up, down = watch.up, watch.down
    up_peak, down_peak = up, down
    up_at: int | None = None
    down_at: int | None = None
    for place, happened in enumerate(decisions):
        up = max(0.0, up + happened - rise)
        down = max(0.0, down + fall - happened)
        up_peak, down_peak = max(up_peak, up), max(down_peak, down)
        if up >= alarm_at and up_at is None:
            up_at = place
        if down >= alarm_at and down_at is None:
            down_at = place
    return Watched(Watch(watch.usual, up, down), up_peak, down_peak, up_at, down_at)


def chance_of_alarm(
    usual: float, *, falls: bool, decisions: int, alarm_at: float = ALARM_AT
) -> float:
    """Give how likely so many decisions alarm although nothing changed.

    The exact Markov chain of the watch (D. Brook and D. A. Evans, Biometrika 59, 1972)
    on a grid on which k is a whole number of steps. Once the chain has run a while, the
    chance of an alarm at the next decision, given none so far, no longer changes: the
    chance over many is 1 - (1 - that)^n. A second of computing at the most.
    """
    changed = changed_odds(usual, 1 / ODDS_CHANGE if falls else ODDS_CHANGE)
    k = Fraction(reference_value(usual, changed)).limit_denominator(_GRID_MAX)
    size = max(1, round(alarm_at * k.denominator))
    # One step of the chain: what an event and a non-event add, in steps of the grid.
    sign = -1 if falls else 1
    event, other = sign * (k.denominator - k.numerator), -sign * k.numerator
    state = [0.0] * size
    state[0] = 1.0
    calm = 0.0
    for number in range(_SETTLING + _MEASURING):
        state, lost = _step(state, usual, event, other)
        held = sum(state)
        state = [part / held for part in state]
        calm += log1p(-lost) if number >= _SETTLING else 0.0
    return -expm1(calm / _MEASURING * decisions)


def _step(
    state: list[float], share: float, event: int, other: int
) -> tuple[list[float], float]:
    size = len(state)
    after = [0.0] * size
    lost = 0.0
    for place, weight in enumerate(state):
        if weight <= 0:
            continue
        for move, chance in ((event, share), (other, 1 - share)):
            to = max(0, place + move)
            if to >= size:
                lost += weight * chance
            else:
                after[to] += weight * chance
    return after, lost
