"""Escalations avoided: how many a frozen baseline would have had, less how many there were.

Standardised by kind of case: Σ N_s·r0_s - E, with the variance
Σ N_s²·r0_s(1-r0_s)/n0_s + Σ N_s·r_s(1-r_s): what the baseline does not know for sure, and
what chance does in these days. It may be negative, and is shown so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from runs.rules.stats import CONFIDENCE


@dataclass(frozen=True)
class KindOfCase:
    """One kind of case: how many now, how many of them escalated, and what was before."""

    cases: int
    escalated: int
    rate_before: float
    cases_before: int


@dataclass(frozen=True)
class Avoided:
    """How many fewer there were than before would have had, with its bounds."""

    value: float
    low: float
    high: float
    expected: float
    escalated: int
    cases: int


def avoided_in(kinds: Iterable[KindOfCase]) -> Avoided | None:
    """Estimate over kinds of cases; None while there is no case to compare."""
    known = [kind for kind in kinds if kind.cases > 0]
    if not known:
        return None
    expected = sum(kind.cases * kind.rate_before for kind in known)
    escalated = sum(kind.escalated for kind in known)
    variance = sum(_variance(kind) for kind in known)
    half = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * sqrt(variance)
    value = expected - escalated
    return Avoided(
        value,
        value - half,
        value + half,
        expected,
        escalated,
        sum(kind.cases for kind in known),
    )


def _variance(kind: KindOfCase) -> float:
    before, now = kind.rate_before, kind.escalated / kind.cases
    # A baseline that rests on no case is as unsure as one that rests on a single one.
    unsure = kind.cases**2 * before * (1 - before) / max(1, kind.cases_before)
    return max(0.0, unsure) + kind.cases * now * (1 - now)
