"""The indicators that come from escalations and exceptions, as one source."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from statistics import quantiles

from django.db.models import Q
from django.urls import reverse

from approvals.queries.kpi_ends import Which, end_rows, ends_over
from approvals.queries.kpi_exceptions import (
    alikeness_over,
    escalation_rows,
    escalations_over,
    trailing,
)
from approvals.queries.settled import Pairs, SettledRow, settled_rows
from approvals.rules.consistency import Alikeness
from approvals.rules.ended import Decided, decided_in
from portal.accounts.actors import Actor
from portal.core.pagination import Page
from portal.home.queries.kpis import escalation_kpis as named
from portal.home.queries.kpis.answers import (
    count_of,
    ground_over,
    no_data,
    share_of,
    span_of,
)
from portal.home.queries.kpis.avoiding import avoided_over
from portal.home.queries.kpis.chained import one_after_another
from portal.home.queries.kpis.figure import (
    Answer,
    Detail,
    Figure,
    Kpi,
    Row,
    Rows,
    Scope,
    Side,
    Unit,
)
from portal.home.queries.kpis.run_asking import always_left_out
from portal.home.queries.kpis.run_comparing import compared_kinds
from portal.home.queries.kpis.run_rows import left_out_always
from registry.queries.across import workflow_ids_seen_by
from runs.queries.kpi_holds import ExceptionRow, Exceptions, hold_rows, holds_over
from runs.queries.kpi_rows import counted_runs
from runs.queries.kpi_sums import Span, columns_of, waiting_over

_VOLUMES = frozenset({named.VOLUME.key, named.PER_HUNDRED.key})


class FromEscalations:
    """Every indicator that is counted from escalations and exceptions."""

    kpis: tuple[Kpi, ...] = named.ALL

    def figures(
        self,
        *,
        actor: Actor,
        keys: Sequence[str],
        scopes: Sequence[Scope],
        now: datetime,
    ) -> Mapping[str, tuple[Figure, ...]]:
        """Give each indicator once per scope. At most twenty queries."""
        wanted = frozenset(keys)
        spans = [span_of(scope) for scope in scopes]
        found: dict[str, tuple[Figure, ...]] = {}
        if named.AVOIDED.key in wanted:
            found[named.AVOIDED.key] = avoided_over(actor=actor, scopes=scopes, now=now)
        if named.IN_TIME.key in wanted:
            ends = [decided_in(each) for each in ends_over(actor=actor, spans=spans)]
            found[named.IN_TIME.key] = tuple(_in_time(each, now) for each in ends)
        if wanted & _VOLUMES:
            found |= _volumes(actor, scopes, now)
        if named.CONSISTENCY.key in wanted:
            alike = alikeness_over(actor=actor, spans=spans)
            found[named.CONSISTENCY.key] = tuple(_alike(each, now) for each in alike)
        return {key: figures for key, figures in found.items() if key in wanted}

    def rows(
        self, *, actor: Actor, key: str, scope: Scope, side: Side, cursor: str | None
    ) -> Rows:
        """Give the exceptions behind an indicator: escalations first, then holds."""
        span = span_of(scope)
        if key == named.IN_TIME.key:
            page = end_rows(actor=actor, span=span, which=_SIDES[side], cursor=cursor)
            return Rows(
                tuple(
                    Row(
                        each.headline,
                        reverse("exception", args=(each.id,)),
                        each.at,
                        shown=each.state.lower(),
                        note=each.note,
                    )
                    for each in page.items
                ),
                page.next_cursor,
                page.previous_cursor,
            )
        if key == named.AVOIDED.key:
            known = compared_kinds(actor, key="escalation-rate")
            measure = "run.cases_escalated" if side == Side.OVER else "run.cases"
            where = ~known if side == Side.EXCLUDED else known
            return _runs(actor, span, measure, cursor, where)
        if key == named.CONSISTENCY.key:
            return _settled(actor, span, _PAIRS[side], cursor)
        if key == named.PER_HUNDRED.key and side == Side.UNDER:
            return _runs(actor, span, "run.count", cursor)
        if side == Side.EXCLUDED:
            return (
                left_out_always(actor, span, cursor)
                if key == named.PER_HUNDRED.key
                else Rows(())
            )
        return _exceptions(actor, span, cursor)


_SIDES = {
    Side.OVER: Which.ESCALATED_IN_TIME,
    Side.UNDER: Which.ESCALATED,
    Side.EXCLUDED: Which.ESCALATED_LEFT_OUT,
}
_PAIRS = {
    Side.OVER: Pairs.ENDED_ALIKE,
    Side.UNDER: Pairs.OF_A_KIND,
    Side.EXCLUDED: Pairs.ALONE,
}


def _in_time(found: Decided, now: datetime) -> Figure:
    return share_of(
        found.escalated_in_time,
        found.escalated,
        now=now,
        why="No escalation was closed in these days.",
        excluded=(
            ("Withdrawn by the agent", found.escalated_withdrawn),
            ("Taken back", found.escalated_superseded),
        ),
    )


def _volumes(
    actor: Actor, scopes: Sequence[Scope], now: datetime
) -> dict[str, tuple[Figure, ...]]:
    spans = [span_of(scope) for scope in scopes]
    holds = holds_over(actor=actor, spans=spans, now=now)
    escalated = escalations_over(actor=actor, spans=spans, now=now)
    runs, _ = ground_over(actor=actor, scopes=scopes)
    columns = columns_of(spans, seen=workflow_ids_seen_by(actor))
    waiting = waiting_over(columns, count=len(spans))
    pairs = list(zip(holds, escalated, strict=True))
    return {
        named.VOLUME.key: tuple(_volume(*each, now) for each in pairs),
        named.PER_HUNDRED.key: tuple(
            _per_hundred(each[0].opened + each[1].opened, sums, late, now)
            for each, sums, late in zip(pairs, runs, waiting, strict=True)
        ),
    }


def _volume(holds: Exceptions, escalated: Exceptions, now: datetime) -> Figure:
    opened = holds.opened + escalated.opened
    new = holds.new + escalated.new
    ages = sorted((*holds.ages, *escalated.ages))
    return count_of(
        opened,
        now=now,
        details=(
            Detail("Held by a stop rule", holds.opened, Unit.COUNT),
            Detail("Escalated proposals", escalated.opened, Unit.COUNT),
            Detail("Of a kind never seen before", new, Unit.COUNT),
            Detail("Of a kind known before", opened - new, Unit.COUNT),
            Detail("Open at the end", len(ages), Unit.COUNT),
            Detail(
                "Nine of ten open ones were no older than",
                _p90(ages),
                Unit.SECONDS,
                "p90",
            ),
        ),
    )


def _p90(ages: Sequence[float]) -> float | None:
    """Give the ninth tenth as the database does, between two where need be."""
    if not ages:
        return None
    if len(ages) == 1:
        return ages[0]
    return quantiles(ages, n=10, method="inclusive")[8]


def _per_hundred(
    opened: int, sums: Mapping[str, Decimal], waiting: int, now: datetime
) -> Figure:
    runs = sums.get("run.count", Decimal(0))
    excluded = always_left_out(waiting, sums.get("run.test", Decimal(0)))
    if not runs:
        return no_data(
            "No run ended in these days.",
            now=now,
            over=Decimal(opened),
            excluded=excluded,
        )
    return Figure(
        Answer.MEASURED,
        now,
        value=float(100 * opened / runs),
        over=Decimal(opened),
        under=runs,
        excluded=excluded,
    )


def _alike(found: Alikeness, now: datetime) -> Figure:
    excluded = (("The only one of its kind", found.alone),)
    if not found.pairs:
        return no_data(
            "No two exceptions alike were settled in the ninety days before.",
            now=now,
            excluded=excluded,
        )
    return Figure(
        Answer.MEASURED,
        now,
        value=found.alike / found.pairs,
        over=Decimal(found.alike),
        under=Decimal(found.pairs),
        excluded=excluded,
        details=(
            Detail(
                "Krippendorff's alpha",
                found.alpha,
                Unit.RATIO,
                "" if found.alpha is not None else "everything ended alike",
            ),
        ),
    )


def _runs(
    actor: Actor,
    span: Span,
    measure: str,
    cursor: str | None,
    where: Q | None = None,
) -> Rows:
    page = counted_runs(
        actor=actor, span=span, having=(measure,), where=where, cursor=cursor
    )
    return Rows(
        tuple(
            Row(each.title, reverse("run", args=(each.id,)), each.ended_at)
            for each in page.items
        ),
        page.next_cursor,
        page.previous_cursor,
    )


def _exceptions(actor: Actor, span: Span, cursor: str | None) -> Rows:
    """Give escalations page by page, and after the last of them the holds."""

    def escalations(at: str | None) -> Rows:
        return _rows_of(escalation_rows(actor=actor, span=span, cursor=at))

    def holds(at: str | None) -> Rows:
        return _rows_of(hold_rows(actor=actor, span=span, cursor=at))

    return one_after_another([escalations, holds], cursor)


def _settled(actor: Actor, span: Span, which: Pairs, cursor: str | None) -> Rows:
    """Give settled exceptions with how each ended; `note` says how many ended like it."""
    found, after = settled_rows(
        actor=actor, span=trailing(span), which=which, cursor=cursor
    )
    return Rows(
        tuple(
            Row(
                each.title,
                reverse("exception", args=(each.id,)),
                each.at,
                shown="went on" if each.ending == "passed" else "stopped",
                note=f"{each.sentence.rstrip('.')}. {_company(each)}",
            )
            for each in found
        ),
        after,
    )


def _company(row: SettledRow) -> str:
    if row.alike == 1:
        return "The only one of its kind in ninety days."
    return f"{row.same:,} of {row.alike:,} of its kind ended so."


def _rows_of(page: Page[ExceptionRow]) -> Rows:
    return Rows(
        tuple(
            Row(
                each.title,
                reverse("exception", args=(each.id,)),
                each.at,
                shown="open" if each.is_open else "",
                note=each.sentence,
            )
            for each in page.items
        ),
        page.next_cursor,
        page.previous_cursor,
    )
