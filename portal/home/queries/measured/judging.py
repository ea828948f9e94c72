"""Whether a number meets its target, with its interval considered. Pure; no queries."""

from dataclasses import dataclass
from enum import StrEnum

from portal.home.queries.kpis.figure import Answer, Figure, Kpi, Unit


class Met(StrEnum):
    """What can be said of a number and its target. The word is what a page shows."""

    MET = "met"
    NOT_MET = "not met"
    CANNOT_TELL = "cannot tell yet"
    NOT_MEASURABLE = "not measurable"
    NO_DATA = "no data"


@dataclass(frozen=True)
class Aimed:
    """A target over a scope: the bounds, the words, and whose it is."""

    at_least: float | None
    at_most: float | None
    words: str
    # How many workflows of the scope set it, of how many are live there; "" for ours.
    whose: str

    @property
    def line(self) -> float | None:
        """Give the one bound that a chart draws."""
        return self.at_most if self.at_most is not None else self.at_least


def judged(kpi: Kpi, figure: Figure, aimed: Aimed | None) -> Met | None:
    """Say whether a figure meets a target, or None without one.

    Where a share has an interval, the whole interval must lie within the bounds to meet
    them and outside to miss them; in between nobody can tell yet. Other numbers are counts
    and sums of what happened, so they are compared as they are.
    """
    if aimed is None:
        return None
    if figure.answer == Answer.NO_DATA or figure.value is None:
        is_no_data = figure.answer == Answer.NO_DATA
        return Met.NO_DATA if is_no_data else Met.NOT_MEASURABLE
    low = high = figure.value
    if kpi.unit != Unit.COUNT and figure.low is not None and figure.high is not None:
        low, high = figure.low, figure.high
    found = [
        _below(low, high, aimed.at_most),
        _below(-high, -low, None if aimed.at_least is None else -aimed.at_least),
    ]
    if Met.NOT_MET in found:
        return Met.NOT_MET
    return Met.CANNOT_TELL if Met.CANNOT_TELL in found else Met.MET


def _below(low: float, high: float, bound: float | None) -> Met:
    if bound is None or high <= bound:
        return Met.MET
    return Met.NOT_MET if low > bound else Met.CANNOT_TELL
