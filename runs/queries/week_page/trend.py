"""Twelve weeks of every question and of overrides, with intervals and control limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from runs.models import DriftWeek, ReviewWeek
from runs.queries.week_page.history import PastWeek, mondays_to
from runs.rules.drifting import BASELINE_MIN
from runs.rules.estimating import FORMULA_VERSION, results_of
from runs.rules.questions import QUESTIONS
from runs.rules.stats import SHOWN_FROM, Interval, wilson
from runs.rules.stats.control import p_chart_limits


@dataclass(frozen=True)
class TrendPoint:
    """One week of one line; a week without a share is a gap, with its counts beside it."""

    starts_on: date
    week_id: UUID | None
    interval: Interval | None
    judged: int
    counted: int
    limits: tuple[float, float] | None

    @property
    def is_out(self) -> bool:
        if self.interval is None or self.limits is None:
            return False
        low, high = self.limits
        return not low <= self.interval.share <= high


@dataclass(frozen=True)
class TrendLine:
    """One line over twelve weeks, and what lies in its middle."""

    key: str
    name: str
    points: tuple[TrendPoint, ...]
    centre: float | None

    @property
    def out(self) -> tuple[int, ...]:
        return tuple(at for at, point in enumerate(self.points) if point.is_out)


@dataclass(frozen=True)
class Trend:
    mondays: tuple[date, ...]
    questions: tuple[TrendLine, ...]
    overrides: TrendLine
    version: int


def trend(
    week: ReviewWeek, past: Mapping[date, PastWeek], drift: Mapping[date, DriftWeek]
) -> Trend:
    """Give the lines of the twelve weeks up to this one. No query."""
    mondays = mondays_to(week.starts_on)
    results = {
        monday: {
            result.key: result
            for result in results_of(one.answered, populations=one.populations)
        }
        for monday, one in past.items()
    }
    return Trend(
        mondays=mondays,
        questions=tuple(
            _question_line(question.key, question.short, mondays, past, results)
            for question in QUESTIONS
        ),
        overrides=_override_line(mondays, drift),
        version=FORMULA_VERSION,
    )


def _question_line(key, short, mondays, past, results) -> TrendLine:
    """Draw limits about the mean of the twelve weeks, each by its effective size."""
    found = {monday: results[monday][key] for monday in mondays if monday in results}
    shares = [
        (result.interval.share, result.size_effective)
        for result in found.values()
        if result.interval is not None
    ]
    weight = sum(size for _, size in shares)
    centre = (
        sum(share * size for share, size in shares) / weight
        if weight and len(shares) > 1
        else None
    )
    points = []
    for monday in mondays:
        result = found.get(monday)
        points.append(
            TrendPoint(
                starts_on=monday,
                week_id=past[monday].id if monday in past else None,
                interval=result.interval if result else None,
                judged=result.judged if result else 0,
                counted=result.counts["yes"] if result else 0,
                limits=(
                    p_chart_limits(centre, int(result.size_effective))
                    if result and result.interval and centre is not None
                    else None
                ),
            )
        )
    return TrendLine(key, short, tuple(points), centre)


def _override_line(mondays, drift: Mapping[date, DriftWeek]) -> TrendLine:
    """Draw each week's limits about what was usual in the eight weeks before it."""
    points = []
    for monday in mondays:
        row = drift.get(monday)
        decisions = row.decisions if row else 0
        has_share = row is not None and decisions >= SHOWN_FROM
        is_usual = row is not None and row.usual_of >= BASELINE_MIN
        points.append(
            TrendPoint(
                starts_on=monday,
                week_id=None,
                interval=wilson(row.overrides, decisions)
                if row and has_share
                else None,
                judged=decisions,
                counted=row.overrides if row else 0,
                limits=(
                    p_chart_limits(row.usual, decisions)
                    if row and has_share and is_usual
                    else None
                ),
            )
        )
    return TrendLine("overrides", "Override rate", tuple(points), None)
