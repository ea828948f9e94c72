"""One number opened: what it is made of, its weeks, its parts, and the rows behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from portal.core.once import asked_once
from portal.home.queries.kpis.catalogue import figures_for, kpi_named, rows_for
from portal.home.queries.kpis.figure import Figure, Kpi, Row, Rows, Scope, Side
from portal.home.queries.measured.aims import aim_in
from portal.home.queries.measured.judging import Met, judged
from portal.home.queries.measured.scopes import (
    GROUPS,
    PHASES,
    Asked,
    Chosen,
    chosen,
    live_first,
)
from portal.home.queries.measured.table import Line, SeriesLine, line_of, series_line
from registry.queries.measures import frozen_baselines, live_targets
from registry.queries.workflows import workflow_head
from runs.queries.series import SeriesSpan, all_series, series_over

PARTS_MAX = 25
ROWS_EXPORTED_MAX = 10_000
# Which number a baseline can be taken from, and under which key the page holds it. That of
# escalations is a share of cases, not of requests.
ESCALATION_RATE = "escalation-rate"
TAKES_BASELINE = {"cycle-time": "cycle-time", "escalated": ESCALATION_RATE}


@dataclass(frozen=True)
class Part:
    """What one workflow, department or phase brings to a number."""

    label: str
    asked: Asked
    figure: Figure
    met: Met | None


@dataclass(frozen=True)
class Parts:
    """One page of parts; `after` begins the next one."""

    by: str
    parts: tuple[Part, ...]
    after: int | None


@dataclass(frozen=True)
class NumberPage:
    """One number opened."""

    chosen: Chosen
    line: Line
    weeks: tuple[tuple[Scope, Figure], ...]
    parts: Parts
    beside: SeriesLine | None
    series: tuple[tuple[str, str], ...]
    may_keep: bool
    as_of: datetime

    @property
    def kpi(self) -> Kpi:
        return self.line.kpi


@dataclass(frozen=True)
class RowsPage:
    """The exact rows behind one side of a number."""

    chosen: Chosen
    kpi: Kpi
    side: Side
    words: str
    rows: Rows


@asked_once()
def number_page(
    *,
    actor: Actor,
    key: str,
    asked: Asked,
    group: str = "",
    start: int = 0,
    beside: str = "",
    today: date,
    now: datetime,
) -> NumberPage:
    """Give one number with its weeks, its parts and a series beside it. Raises NotFound.

    The number's source is asked once, whatever the parts.
    """
    kpi = kpi_named(key)
    page = chosen(actor=actor, asked=asked, today=today)
    by = group if group in GROUPS else "workflow"
    cut, after = _cut(page, by, start)
    scopes = (page.scope, page.before, *page.weeks, *(scope for _, _, scope in cut))
    figures = figures_for(actor=actor, keys=[key], scopes=scopes, now=now)[key]
    targets = live_targets(actor=actor, workflow_ids=page.scope.workflows)
    baseline = None
    if page.only:
        mine = frozen_baselines(actor=actor, workflow_ids=[page.only.id])
        baseline = mine.get(page.only.id, {}).get(key)
    whole = 2 + len(page.weeks)
    parts = tuple(
        Part(label, said, figure, _met(kpi, figure, scope, targets, by))
        for (label, said, scope), figure in zip(cut, figures[whole:], strict=True)
    )
    shown, heads = _beside(actor, page, targets, beside)
    return NumberPage(
        chosen=page,
        line=line_of(kpi, figures[:whole], targets, baseline),
        weeks=tuple(zip(page.weeks, figures[2:whole], strict=True)),
        parts=Parts(by, parts, after),
        beside=shown,
        series=heads,
        may_keep=_may_keep(actor, page, key),
        as_of=now,
    )


@asked_once()
def rows_page(
    *,
    actor: Actor,
    key: str,
    asked: Asked,
    side: str,
    cursor: str | None,
    today: date,
) -> RowsPage:
    """Give one page of the rows behind a number. Raises NotFound for an unknown side."""
    kpi = kpi_named(key)
    page = chosen(actor=actor, asked=asked, today=today)
    if side not in tuple(Side):
        raise NotFound(
            "A number has the rows that it counts, those it is of, and those left out."
        )
    which = Side(side)
    return RowsPage(
        chosen=page,
        kpi=kpi,
        side=which,
        words=side_words(kpi, which),
        rows=rows_for(
            actor=actor, key=key, scope=page.scope, side=which, cursor=cursor
        ),
    )


def all_rows(*, actor: Actor, key: str, scope: Scope, side: Side) -> Iterator[Row]:
    """Give every row behind one side, page after page, at most ten thousand."""
    cursor, count = None, 0
    while True:
        rows = rows_for(actor=actor, key=key, scope=scope, side=side, cursor=cursor)
        yield from rows.rows
        cursor, count = rows.next_cursor, count + len(rows.rows)
        if cursor is None or count >= ROWS_EXPORTED_MAX:
            return


def side_words(kpi: Kpi, side: Side) -> str:
    """Say what the rows of a side are."""
    said = {
        Side.OVER: kpi.over_words,
        Side.UNDER: kpi.under_words,
        Side.EXCLUDED: kpi.excluded_words,
    }[side]
    return said or "nothing of this kind"


def _may_keep(actor: Actor, page: Chosen, key: str) -> bool:
    """Say whether this number may become the baseline of an open draft."""
    if page.only is None or key not in TAKES_BASELINE:
        return False
    head = workflow_head(actor=actor, slug=page.only.slug)
    return head.may_edit and head.has_draft


def _met(kpi: Kpi, figure: Figure, scope: Scope, targets, by: str) -> Met | None:
    if by != "workflow" or not scope.workflows:
        return None
    (workflow_id,) = scope.workflows
    return judged(kpi, figure, aim_in(kpi, workflow_id, targets))


def _cut(
    page: Chosen, by: str, start: int
) -> tuple[list[tuple[str, Asked, Scope]], int | None]:
    """Cut a scope by workflow, department or phase."""
    first, last = page.scope.first, page.scope.last
    if by == "workflow":
        ordered = live_first(page.inside)
        mine = ordered[start : start + PARTS_MAX]
        after = start + PARTS_MAX if start + PARTS_MAX < len(page.inside) else None
        cut = [
            (
                each.name,
                _asked(page.asked, workflows=(each.slug,)),
                Scope(first, last, frozenset({each.id})),
            )
            for each in mine
        ]
        return cut, after
    if by == "department":
        found = sorted(
            {(each.department, each.department_slug) for each in page.inside}
        )
        groups: Sequence[tuple[str, str]] = [(name, slug) for name, slug in found]
    else:
        phases = {each.phase for each in page.inside}
        groups = [(f"Phase {each}", str(each)) for each in PHASES if each in phases]
    cut = []
    for name, value in groups:
        ids = frozenset(
            each.id
            for each in page.inside
            if value
            == (each.department_slug if by == "department" else str(each.phase))
        )
        cut.append((name, _asked(page.asked, **{by: value}), Scope(first, last, ids)))
    return cut, None


def _asked(asked: Asked, **changes) -> Asked:
    said = {
        "workflows": asked.workflows,
        "department": asked.department,
        "phase": asked.phase,
        "period": asked.period,
        "first": asked.first,
        "last": asked.last,
    } | changes
    return Asked(**said)


def _beside(
    actor: Actor, page: Chosen, targets, slug: str
) -> tuple[SeriesLine | None, tuple[tuple[str, str], ...]]:
    heads = all_series(actor=actor)
    choices = tuple((head.slug, head.name) for head in heads)
    if not heads or slug == "none":
        return None, choices
    scopes = (page.scope, page.before, *page.weeks)
    spans = series_over(
        actor=actor,
        spans=[(each.first, each.last) for each in scopes],
        workflows=page.scope.workflows,
    )
    nothing = tuple(SeriesSpan(None, 0, 0) for _ in scopes)
    chosen_head = next((head for head in heads if head.slug == slug), None)
    if chosen_head is None:
        chosen_head = next((head for head in heads if head.slug in spans), None)
    if chosen_head is None:
        return None, choices
    return (
        series_line(chosen_head, spans.get(chosen_head.slug, nothing), targets),
        choices,
    )
