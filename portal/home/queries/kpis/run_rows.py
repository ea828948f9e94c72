"""The runs and incidents behind an indicator, as rows with their addresses."""

from datetime import timedelta
from decimal import Decimal

from django.db.models import Q
from django.urls import reverse

from portal.accounts.actors import Actor
from portal.core.pagination import Page
from portal.home.queries.kpis.chained import Part, one_after_another
from portal.home.queries.kpis.figure import Row, Rows, Scope, Side
from portal.home.queries.kpis.run_asking import RunKpi
from portal.home.queries.kpis.run_comparing import compared_kinds
from portal.home.queries.kpis.run_cost_rows import (
    UNIT_COST,
    cost_row,
    of_one_currency,
    reading_row,
)
from runs.queries.kpi_incidents import incidents_behind
from runs.queries.kpi_rows import CountedRun, counted_runs, waiting_runs
from runs.queries.kpi_sums import Span
from runs.rules.counting.adherence import DEVIATIONS, LACKS
from runs.rules.counting.measures import PREFIX
from runs.rules.phrases import duration

NOT_SETTLED = "not settled yet, or changed since it was counted"
A_TEST = "a test run"
TOO_RECENT = "closed too recently: it may still be opened again"


def rows_behind(
    *, actor: Actor, asked: RunKpi, scope: Scope, side: Side, cursor: str | None
) -> Rows:
    """Give the rows behind one side of one indicator, newest first. Eight queries."""
    span = _back(scope, asked.shift)
    asked, others, currency = of_one_currency(actor, asked, span)
    having, lacking = sides_of(asked, side)
    kinds = _compared(actor, asked, side)

    def facts(at: str | None) -> Rows:
        page = counted_runs(
            actor=actor,
            span=span,
            having=[f"{PREFIX}{name}" for name in (*having, *others(side))],
            lacking=[f"{PREFIX}{name}" for name in lacking],
            where=kinds,
            cursor=at,
        )
        return _rows(page, [_row(asked, run, side, currency) for run in page.items])

    def incidents(at: str | None) -> Rows:
        return _incidents(actor, span, at, is_standing=side is Side.OVER or None)

    def reading(at: str | None) -> Rows:
        del at
        return reading_row(actor, span, currency)

    match asked.kpi.key, side:
        case _, Side.EXCLUDED:
            return _left_out(actor, asked, scope, facts, cursor)
        case "unauthorised", Side.OVER:
            return incidents(cursor)
        case "unauthorised", _:
            return one_after_another([incidents, facts], cursor)
        case "throughput", Side.UNDER:
            return _days(scope)
        case "unit-cost", Side.OVER:
            return one_after_another([facts, reading], cursor)
    return facts(cursor)


def _left_out(
    actor: Actor, asked: RunKpi, scope: Scope, facts: Part, cursor: str | None
) -> Rows:
    def waiting(at: str | None) -> Rows:
        return _waiting(actor, _back(scope, 0), at)

    def recent(at: str | None) -> Rows:
        days = Span(
            scope.last - timedelta(days=asked.shift - 1), scope.last, scope.workflows
        )
        name = f"{PREFIX}{asked.recent}"
        page = counted_runs(actor=actor, span=days, having=[name], cursor=at)
        return _rows(page, [_noted(run, TOO_RECENT) for run in page.items])

    parts = [waiting, recent, facts] if asked.recent else [waiting, facts]
    return one_after_another(parts, cursor)


def sides_of(asked: RunKpi, side: Side) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give what the runs of a side add to, and what those do that are not of it."""
    if side is Side.OVER:
        # Adherence counts the runs that did nothing wrong.
        return asked.over, ("deviating",) if asked.kpi.key == "adherence" else ()
    if side is Side.UNDER:
        return asked.under, ()
    spared = asked.under if asked.spared is None else asked.spared
    lacking = tuple(name for name in spared if name not in asked.excluded)
    return (*asked.excluded, "test"), lacking


def _back(scope: Scope, days: int) -> Span:
    back = timedelta(days=days)
    return Span(scope.first - back, scope.last - back, scope.workflows)


def _compared(actor: Actor, asked: RunKpi, side: Side) -> Q | None:
    """Narrow to the kinds of case that a baseline speaks of, where one is compared with."""
    if asked.needs != "compared":
        return None
    known = compared_kinds(actor)
    return known if side is not Side.EXCLUDED else ~known | Q(is_test=True)


def left_out_always(actor: Actor, span: Span, cursor: str | None) -> Rows:
    """Give the runs that are in no number: not settled yet, and tests."""

    def waiting(at: str | None) -> Rows:
        return _waiting(actor, span, at)

    def tests(at: str | None) -> Rows:
        name = f"{PREFIX}test"
        page = counted_runs(actor=actor, span=span, having=[name], cursor=at)
        return _rows(page, [_noted(run, A_TEST) for run in page.items])

    return one_after_another([waiting, tests], cursor)


def _waiting(actor: Actor, span: Span, cursor: str | None) -> Rows:
    page = waiting_runs(actor=actor, span=span, cursor=cursor)
    return _rows(page, [_noted(run, NOT_SETTLED) for run in page.items])


def _days(scope: Scope) -> Rows:
    """Give each day, newest first: what is counted a day is counted of these."""
    days = (scope.last - timedelta(days=back) for back in range(scope.days))
    return Rows(tuple(Row(f"{day:%A, %-d %B %Y}", "", None) for day in days))


def _incidents(
    actor: Actor, span: Span, cursor: str | None, *, is_standing: bool | None
) -> Rows:
    page = incidents_behind(
        actor=actor, span=span, is_standing=is_standing, cursor=cursor
    )
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


def _noted(run: CountedRun, note: str) -> Row:
    return Row(run.title, reverse("run", args=(run.id,)), run.ended_at, "", note)


def _row(asked: RunKpi, run: CountedRun, side: Side, currency: str) -> Row:
    if f"{PREFIX}test" in run.measures:
        return _noted(run, A_TEST)
    if asked.kpi.key == UNIT_COST and side is Side.OVER:
        return cost_row(run, currency)
    if asked.each_under and side is Side.UNDER:
        return Row(
            run.title,
            reverse("run", args=(run.id,)),
            run.ended_at,
            f"{asked.each_under}",
        )
    shown, wanted = "", asked.shown
    if wanted == "took_ms":
        shown = duration(run.took_ms / 1000) if run.took_ms is not None else ""
    else:
        by_side = {Side.UNDER: asked.shown_under, Side.EXCLUDED: asked.shown_excluded}
        wanted = by_side.get(side, wanted)
        names = [f"{PREFIX}{name}" for name in wanted.split("+")] if wanted else []
        value = sum((Decimal(run.measures.get(name, 0)) for name in names), Decimal(0))
        shown = f"{value.normalize():f}" if names else ""
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
