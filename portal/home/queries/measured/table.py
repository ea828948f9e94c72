"""The table of numbers: every indicator and every imported series over one scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.accounts.actors import Actor
from portal.core.once import asked_once
from portal.home.queries.kpis.catalogue import all_kpis, figures_for
from portal.home.queries.kpis.figure import Answer, Better, Family, Figure, Kpi, Scope
from portal.home.queries.measured.aims import Targets, aim_of, aim_of_series
from portal.home.queries.measured.judging import Aimed, Met, judged
from portal.home.queries.measured.scopes import Asked, Chosen, chosen
from registry.queries.measures import Baseline, frozen_baselines, live_targets
from runs.queries.series import SeriesHead, SeriesSpan, all_series, series_over


@dataclass(frozen=True)
class Line:
    """One indicator over the scope, beside what it is compared with."""

    kpi: Kpi
    now: Figure
    before: Figure
    weeks: tuple[float | None, ...]
    aimed: Aimed | None
    no_aim: str
    met: Met | None
    baseline: Baseline | None = None

    @property
    def change(self) -> float | None:
        """Give the difference to the equal span before, in the number's own unit."""
        return difference(self.now, self.before)

    @property
    def is_better(self) -> bool | None:
        return better(self.kpi.better, self.change)

    @property
    def coverage(self) -> float | None:
        return coverage_of(self.now)


@dataclass(frozen=True)
class SeriesLine:
    """One imported series over the scope."""

    series: SeriesHead
    now: SeriesSpan
    before: SeriesSpan
    weeks: tuple[float | None, ...]
    aimed: Aimed | None
    no_aim: str
    met: Met | None

    @property
    def change(self) -> float | None:
        if self.now.value is None or self.before.value is None:
            return None
        return self.now.value - self.before.value


@dataclass(frozen=True)
class NumbersTable:
    """Every number over one scope."""

    chosen: Chosen
    families: tuple[tuple[str, tuple[Line, ...]], ...]
    series: tuple[SeriesLine, ...]
    has_anything: bool
    as_of: datetime


@asked_once()
def numbers_table(
    *, actor: Actor, asked: Asked, today: date, now: datetime
) -> NumbersTable:
    """Give every number over a scope, the span before it and twelve weeks.

    Each source is asked once. Raises NotFound for work this person may not see.
    """
    page = chosen(actor=actor, asked=asked, today=today)
    kpis = all_kpis()
    scopes = (page.scope, page.before, *page.weeks)
    figures = figures_for(
        actor=actor, keys=[kpi.key for kpi in kpis], scopes=scopes, now=now
    )
    targets = live_targets(actor=actor, workflow_ids=page.scope.workflows)
    baselines = (
        frozen_baselines(actor=actor, workflow_ids=[page.only.id]).get(page.only.id, {})
        if page.only
        else {}
    )
    families: dict[str, list[Line]] = {family.value: [] for family in Family}
    for kpi in kpis:
        line = line_of(kpi, figures[kpi.key], targets, baselines.get(kpi.key))
        families[kpi.family.value].append(line)
    return NumbersTable(
        chosen=page,
        families=tuple(
            (label, tuple(lines)) for label, lines in families.items() if lines
        ),
        series=_series(actor, scopes, targets),
        has_anything=bool(page.inside),
        as_of=now,
    )


def line_of(
    kpi: Kpi,
    figures: Sequence[Figure],
    targets: Targets,
    baseline: Baseline | None = None,
) -> Line:
    """Put one indicator's figures, now, before and by week, beside its target."""
    now, before, *weeks = figures
    aimed, no_aim = aim_of(kpi, targets)
    return Line(
        kpi=kpi,
        now=now,
        before=before,
        weeks=tuple(each.value for each in weeks),
        aimed=aimed,
        no_aim=no_aim,
        met=judged(kpi, now, aimed),
        baseline=baseline,
    )


def difference(now: Figure, before: Figure) -> float | None:
    """Give the difference of two figures where both are measured."""
    measured = (
        now.answer == Answer.MEASURED
        and before.answer == Answer.MEASURED
        and now.value is not None
        and before.value is not None
    )
    return now.value - before.value if measured else None  # type: ignore[operator]


def better(direction: Better, change: float | None) -> bool | None:
    """Say whether a change is for the better, or None where nobody can say."""
    if not change or direction not in (Better.UP, Better.DOWN):
        return None
    return (change > 0) == (direction == Better.UP)


def coverage_of(figure: Figure) -> float | None:
    """Give how much of what could be counted was, or None where that is not said."""
    if not figure.coverable or figure.covered is None:
        return None
    return min(1.0, float(figure.covered / figure.coverable))


def _series(
    actor: Actor, scopes: Sequence[Scope], targets: Targets
) -> tuple[SeriesLine, ...]:
    heads = all_series(actor=actor)
    if not heads:
        return ()
    spans = series_over(
        actor=actor,
        spans=[(each.first, each.last) for each in scopes],
        workflows=scopes[0].workflows,
    )
    nothing = tuple(SeriesSpan(None, 0, 0) for _ in scopes)
    return tuple(
        series_line(head, spans.get(head.slug, nothing), targets) for head in heads
    )


def series_line(
    head: SeriesHead, spans: Sequence[SeriesSpan], targets: Targets
) -> SeriesLine:
    """Put one series' values, now, before and by week, beside its target."""
    now, before, *weeks = spans
    aimed, no_aim = aim_of_series(head.slug, targets)
    met = None
    if aimed is not None:
        is_in = now.value is not None and (
            (aimed.at_most is None or now.value <= aimed.at_most)
            and (aimed.at_least is None or now.value >= aimed.at_least)
        )
        met = Met.NO_DATA if now.value is None else Met.MET if is_in else Met.NOT_MET
    return SeriesLine(
        series=head,
        now=now,
        before=before,
        weeks=tuple(each.value for each in weeks),
        aimed=aimed,
        no_aim=no_aim,
        met=met,
    )
