"""The runs and incidents behind an indicator, as rows with their addresses."""

from datetime import timedelta
from decimal import Decimal

from django.urls import reverse

from portal.accounts.actors import Actor
from portal.core.pagination import Page
from portal.home.queries.kpis.figure import Row, Rows, Scope, Side
from portal.home.queries.kpis.run_asking import RunKpi
from runs.queries.kpi_incidents import incidents_behind
from runs.queries.kpi_rows import CountedRun, counted_runs
from runs.queries.kpi_sums import Span
from runs.rules.counting.adherence import DEVIATIONS, LACKS
from runs.rules.counting.measures import PREFIX
from runs.rules.phrases import duration


def rows_behind(
    *, actor: Actor, asked: RunKpi, scope: Scope, side: Side, cursor: str | None
) -> Rows:
    """Give the rows behind one side of one indicator, newest first. Three queries."""
    back = timedelta(days=asked.shift)
    span = Span(scope.first - back, scope.last - back, scope.workflows)
    if asked.kpi.key == "unauthorised" and side is Side.OVER:
        return _incidents(actor, span, cursor)
    having, lacking = sides_of(asked, side)
    page = counted_runs(
        actor=actor,
        span=span,
        having=[f"{PREFIX}{name}" for name in having],
        lacking=[f"{PREFIX}{name}" for name in lacking],
        cursor=cursor,
    )
    return _rows(page, [_row(asked, run) for run in page.items])


def sides_of(asked: RunKpi, side: Side) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give what the runs of a side add to, and what those do that are not of it."""
    if side is Side.OVER:
        # Adherence counts the runs that did nothing wrong.
        return asked.over, ("deviating",) if asked.kpi.key == "adherence" else ()
    if side is Side.UNDER:
        return asked.under, ()
    if asked.kpi.key == "adherence":
        return asked.excluded, ()
    return asked.excluded, tuple(n for n in asked.under if n not in asked.excluded)


def _incidents(actor: Actor, span: Span, cursor: str | None) -> Rows:
    page = incidents_behind(actor=actor, span=span, is_standing=True, cursor=cursor)
    return _rows(
        page,
        [
            Row(
                each.headline,
                reverse("incident", args=(each.id,)),
                each.happened_at,
                str(each.actions),
                each.why,
            )
            for each in page.items
        ],
    )


def _row(asked: RunKpi, run: CountedRun) -> Row:
    shown = ""
    if asked.shown == "took_ms":
        shown = duration(run.took_ms / 1000) if run.took_ms is not None else ""
    elif asked.shown:
        value = run.measures.get(f"{PREFIX}{asked.shown}")
        shown = f"{Decimal(value).normalize():f}" if value else "0"
    notes = [
        words
        for prefix, known in (("deviates", DEVIATIONS), ("lacks", LACKS))
        for name, words in known.items()
        if f"{PREFIX}{prefix}.{name}" in run.measures
        and asked.kpi.key == {"deviates": "adherence", "lacks": "evidence"}[prefix]
    ]
    return Row(
        run.title, reverse("run", args=(run.id,)), run.ended_at, shown, ", ".join(notes)
    )


def _rows(page: Page, rows: list[Row]) -> Rows:
    return Rows(tuple(rows), page.next_cursor, page.previous_cursor)
