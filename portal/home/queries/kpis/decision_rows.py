"""The requests and proposals behind an indicator, as rows with their addresses."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from approvals.queries.kpi_asked import asked_rows
from approvals.queries.kpi_ends import EndRow, Which, end_rows, waiting_rows
from portal.accounts.actors import Actor
from portal.core.clock import database_now
from portal.core.pagination import Page
from portal.home.queries.kpis import decision_kpis as named
from portal.home.queries.kpis.answers import ANSWERS, FOLLOW_UP, span_of
from portal.home.queries.kpis.chained import one_after_another
from portal.home.queries.kpis.figure import Row, Rows, Scope, Side
from runs.queries.kpi_rows import reopened_runs
from runs.queries.kpi_sums import Span

ONE = {
    named.ALLOWED.key: "allow",
    named.REFUSED.key: "refuse",
    named.ESCALATED.key: "escalate",
}
_SIDES = {
    key: dict(zip(Side, sides, strict=True))
    for key, sides in {
        named.ACCEPTANCE.key: (Which.ACCEPTED, Which.DECIDED, Which.UNDECIDED),
        named.OVERRIDE.key: (Which.OVERRIDDEN, Which.DECIDED, Which.UNDECIDED),
        named.IN_TIME.key: (Which.IN_TIME, Which.TIMED, Which.LEFT_OUT),
        named.EXPIRED.key: (Which.EXPIRED, Which.TIMED, Which.LEFT_OUT),
        named.REWORK.key: (Which.REWORKED, Which.EVER_DECIDED, Which.NEVER_DECIDED),
        named.DECIDING_TIME.key: (Which.DECIDED, Which.DECIDED, Which.UNDECIDED),
    }.items()
}
_SAID = {
    "allow": "allowed without a person",
    "review": "a reviewer decides",
    "escalate": "the escalation owner decides",
    "refuse": "refused",
}
# What of these was allowed without a person is left out too.
_WITH_ALLOWED = frozenset({named.ACCEPTANCE.key, named.OVERRIDE.key})


def rows_behind(
    *, actor: Actor, key: str, scope: Scope, side: Side, cursor: str | None
) -> Rows:
    """Give the requests or proposals behind one side of an indicator, newest first."""
    span = span_of(scope)
    if key in ONE or key == named.ASKED.key:
        if side == Side.EXCLUDED:
            return Rows(())
        answers = (ONE[key],) if key in ONE and side == Side.OVER else ANSWERS
        return _requests(actor, span, answers, cursor)
    if key == named.QUEUE_AGE.key:
        if side == Side.EXCLUDED:
            return Rows(())
        moment = end_of(scope, database_now())
        page = waiting_rows(actor=actor, at=moment, span=span, cursor=cursor)
        return _as_rows(page)
    which = _SIDES[key][side]
    if side == Side.EXCLUDED and key in _WITH_ALLOWED:
        parts = [
            lambda at: _ended(actor, span, which, at),
            lambda at: _requests(actor, span, ("allow",), at),
        ]
        return one_after_another(parts, cursor)
    if key == named.REWORK.key:
        span = span_of(scope, earlier=FOLLOW_UP)
    return _ended(actor, span, which, cursor)


def end_of(scope: Scope, now: datetime) -> datetime:
    """Give the last moment of a scope, or now where it is not over."""
    zone = timezone.get_default_timezone()
    over = datetime.combine(scope.last + timedelta(days=1), time(), tzinfo=zone)
    return min(over, now)


def reopened_in(actor: Actor, spans: Sequence[Span]) -> frozenset[UUID]:
    """Give the runs whose case was opened again: few, and ended after what they decided."""
    if not spans:
        return frozenset()
    rows = reopened_runs(
        actor=actor, first=min(span.first for span in spans), last=date.max
    )
    return frozenset(row[0] for row in rows)


def _requests(
    actor: Actor, span: Span, answers: Collection[str], cursor: str | None
) -> Rows:
    page = asked_rows(actor=actor, span=span, answers=answers, cursor=cursor)
    return Rows(
        tuple(
            Row(
                each.headline,
                reverse("run", args=(each.run_id,)),
                each.at,
                note=_SAID[each.answer],
            )
            for each in page.items
        ),
        page.next_cursor,
        page.previous_cursor,
    )


def _ended(actor: Actor, span: Span, which: Which, cursor: str | None) -> Rows:
    again = reopened_in(actor, [span]) if which == Which.REWORKED else frozenset()
    return _as_rows(
        end_rows(actor=actor, span=span, which=which, cursor=cursor, reopened=again)
    )


def _as_rows(page: Page[EndRow]) -> Rows:
    return Rows(
        tuple(
            Row(
                each.headline,
                reverse("inbox_card", args=(each.id,)),
                each.at,
                shown=each.state.lower(),
                note=each.note,
            )
            for each in page.items
        ),
        page.next_cursor,
        page.previous_cursor,
    )
