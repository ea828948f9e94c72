"""The runs and incidents behind an indicator, as rows with their addresses."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from django.db.models import Q
from django.urls import reverse

from portal.accounts.actors import Actor
from portal.core.errors import Malformed
from portal.core.pagination import Page
from portal.home.queries.kpis.figure import Row, Rows, Scope, Side
from portal.home.queries.kpis.run_asking import RunKpi
from portal.home.queries.kpis.run_comparing import compared_kinds
from portal.home.queries.kpis.run_cost import currency_of
from runs.queries.kpi_incidents import incidents_behind
from runs.queries.kpi_rows import CountedRun, counted_runs, waiting_runs
from runs.queries.kpi_sums import Span, sums_over
from runs.rules.counting.adherence import DEVIATIONS, LACKS
from runs.rules.counting.measures import PREFIX
from runs.rules.phrases import duration

NOT_SETTLED = "not settled yet, or changed since it was counted"
TOO_RECENT = "closed too recently: it may still be opened again"


def rows_behind(
    *, actor: Actor, asked: RunKpi, scope: Scope, side: Side, cursor: str | None
) -> Rows:
    """Give the rows behind one side of one indicator, newest first. Eight queries."""
    span = _back(scope, asked.shift)
    if asked.kpi.key == "unauthorised" and side is Side.OVER:
        return _incidents(actor, span, cursor)
    asked, others = _of_one_currency(actor, asked, span)
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
        return _rows(page, [_row(asked, run, side) for run in page.items])

    if side is not Side.EXCLUDED:
        return facts(cursor)

    def waiting(at: str | None) -> Rows:
        page = waiting_runs(actor=actor, span=_back(scope, 0), cursor=at)
        return _rows(page, [_noted(run, NOT_SETTLED) for run in page.items])

    def recent(at: str | None) -> Rows:
        days = Span(
            scope.last - timedelta(days=asked.shift - 1), scope.last, scope.workflows
        )
        name = f"{PREFIX}{asked.recent}"
        page = counted_runs(actor=actor, span=days, having=[name], cursor=at)
        return _rows(page, [_noted(run, TOO_RECENT) for run in page.items])

    parts = [waiting, recent, facts] if asked.recent else [waiting, facts]
    return one_after_another(parts, cursor)


def one_after_another(
    parts: Sequence[Callable[[str | None], Rows]], cursor: str | None
) -> Rows:
    """Read lists one after the other as if they were one; an empty one is passed over."""
    number, _, inner = (cursor or "").partition(".")
    at = int(number) if number.isdecimal() and int(number) < len(parts) else 0
    if cursor and not number.isdecimal():
        raise Malformed("This page address was not made here.")
    found = parts[at](inner or None)
    while not found.rows and not found.next_cursor and at + 1 < len(parts):
        at += 1
        found = parts[at](None)
    next_cursor = f"{at}.{found.next_cursor}" if found.next_cursor else None
    if next_cursor is None:
        later = (n for n in range(at + 1, len(parts)) if parts[n](None).rows)
        number_of_next = next(later, None)
        next_cursor = None if number_of_next is None else f"{number_of_next}."
    back = f"{at}.{found.previous_cursor}" if found.previous_cursor else None
    if back is None and at and cursor:
        back = f"{at - 1}."
    return Rows(found.rows, next_cursor, back)


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


def _of_one_currency(
    actor: Actor, asked: RunKpi, span: Span
) -> tuple[RunKpi, Callable[[Side], tuple[str, ...]]]:
    """Put the currency that is counted into the names of measures; say which are not."""
    if asked.kpi.key != "unit-cost":
        return asked, lambda _: ()
    (sums,) = sums_over(actor=actor, spans=[span], families=[f"{PREFIX}costed."])
    currency = currency_of(sums)

    def named(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name.format(currency=currency) for name in names)

    others = tuple(
        name.removeprefix(PREFIX)
        for name in sums
        if name != f"{PREFIX}costed.{currency}"
    )
    ready = replace(
        asked,
        over=named(asked.over),
        under=named(asked.under),
        shown_under=asked.shown_under.format(currency=currency),
    )
    return ready, lambda side: others if side is Side.EXCLUDED else ()


def _compared(actor: Actor, asked: RunKpi, side: Side) -> Q | None:
    """Narrow to the kinds of case that a baseline speaks of, where one is compared with."""
    if asked.needs != "compared":
        return None
    return compared_kinds(actor, is_known=side is not Side.EXCLUDED)


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


def _noted(run: CountedRun, note: str) -> Row:
    return Row(run.title, reverse("run", args=(run.id,)), run.ended_at, "", note)


def _row(asked: RunKpi, run: CountedRun, side: Side) -> Row:
    if f"{PREFIX}test" in run.measures:
        return _noted(run, "a test run")
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
