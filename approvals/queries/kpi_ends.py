"""How proposals ended, over many spans of days at once: counts, exact percentiles, rows.

Read from one narrow row a proposal (`ProposalEnd`), and from what the database adds up of
them; percentiles are exact, and looked for in an index. D is what a person decided for
good: an approval that was taken back is not in it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import connection
from django.db.models import Q

from approvals.models import ProposalEnd
from approvals.models.proposing import IS_UNDECIDED
from approvals.queries.access import proposals_seen_by
from approvals.queries.kpi_ranks import (
    DAYS,
    DECIDED,
    IN_SPAN,
    Percentiles,
    deciding_times,
    looking_times,
)
from approvals.rules.ended import EndKind
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.once import once
from portal.core.pagination import Page, keyset
from registry.queries.across import workflow_ids_seen_by
from runs.queries.kpi_sums import SPANS, Span, columns_of

_KIND = (
    "{0}.state, {0}.is_material, {0}.missed_due, {0}.was_asked, {0}.is_superseded,"
    " {0}.is_escalated, {0}.in_time"
)
_ENDS = DAYS.format(source="{source}", table="approvals_endtally", also="")
_KINDS = (
    f'{SPANS}, days AS MATERIALIZED (SELECT m.flock, t."on", {_KIND.format("t")},'  # noqa: S608
    f" sum(t.count) AS count{_ENDS.format(source='stretch')}"
    " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9)"
    f" SELECT s.number, {_KIND.format('d')}, sum(d.count)::bigint"
    f" FROM spans AS s JOIN days AS d{IN_SPAN}"
    " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(d.count) <> 0"
)
_KINDS_ALONE = (
    f"{SPANS} SELECT x.number, {_KIND.format('t')}, sum(t.count)::bigint"
    f"{_ENDS.format(source='spans')}"
    " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(t.count) <> 0"
)
_LOOKED = (
    f'{SPANS}, days AS MATERIALIZED (SELECT m.flock, t."on",'  # noqa: S608
    " sum(t.count) AS count, sum(t.count) FILTER (WHERE t.what = 'DECIDED') AS decided,"
    " sum(t.total) FILTER (WHERE t.what = 'LOOKED') AS total"
    f"{DAYS.format(source='stretch', table='approvals_endtime', also='')} GROUP BY 1, 2)"
    " SELECT s.number, sum(d.decided)::bigint, sum(d.total)::float8"
    f" FROM spans AS s JOIN days AS d{IN_SPAN} GROUP BY 1 HAVING sum(d.count) > 0"
)
_WAITED = (
    f"{SPANS}, moments AS MATERIALIZED (SELECT number, at"  # noqa: S608
    " FROM unnest(%s::int[], %s::timestamptz[]) AS moments (number, at)),"
    " waited AS MATERIALIZED ("
    " SELECT m.at, e.workflow_id,"
    " extract(epoch FROM m.at - e.opened_at)::double precision AS age"
    " FROM (SELECT DISTINCT at FROM moments) AS m JOIN approvals_proposalend AS e"
    " ON tstzrange(e.opened_at, e.ended_at) @> m.at"
    " UNION ALL"
    " SELECT m.at, p.workflow_id,"
    " extract(epoch FROM m.at - p.created_at)::double precision"
    " FROM (SELECT DISTINCT at FROM moments) AS m JOIN approvals_proposal AS p"
    " ON p.state IN ('OPEN', 'ASKED') AND p.created_at <= m.at)"
    " SELECT a.number, count(*), percentile_cont(ARRAY[0.5, 0.9])"
    " WITHIN GROUP (ORDER BY w.age) FROM moments AS n JOIN asked AS a"
    " ON a.number = n.number JOIN waited AS w"
    " ON w.at = n.at AND w.workflow_id = a.workflow_id GROUP BY 1"
)


class Which(StrEnum):
    """Which ended proposals a person asks to see."""

    DECIDED = "decided"
    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"
    REWORKED = "reworked"
    IN_TIME = "in_time"
    TIMED = "timed"
    EXPIRED = "expired"
    ASKED_MORE = "asked_more"
    UNDECIDED = "undecided"
    LEFT_OUT = "left_out"
    EVER_DECIDED = "ever_decided"
    NEVER_DECIDED = "never_decided"
    LOOKED = "looked"
    NOT_LOOKED = "not_looked"
    ESCALATED = "escalated"
    ESCALATED_IN_TIME = "escalated_in_time"
    ESCALATED_LEFT_OUT = "escalated_left_out"


@dataclass(frozen=True)
class LookTimes:
    """How long whoever decided had looked at the card, and for how many that is known."""

    decided: int = 0
    known: int = 0
    p50: float | None = None
    p90: float | None = None
    total: float | None = None


@dataclass(frozen=True)
class EndRow:
    """One proposal behind a number."""

    id: UUID
    headline: str
    state: str
    at: datetime
    seconds: float
    note: str = ""
    looked_seconds: float | None = None


@once
def ends_over(
    *, actor: Actor, spans: Sequence[Span]
) -> tuple[Mapping[EndKind, int], ...]:
    """Count over each span how proposals ended, by kind of ending. Three queries."""
    found: list[dict[EndKind, int]] = [{} for _ in spans]
    columns = columns_of(spans, seen=workflow_ids_seen_by(actor))
    if columns.numbers:
        with connection.cursor() as cursor:
            cursor.execute(
                _KINDS_ALONE if columns.is_each_alone else _KINDS, [*columns]
            )
            for number, *kind, count in cursor.fetchall():
                found[number][EndKind(*kind)] = count
    return tuple(found)


def decision_times_over(
    *, actor: Actor, spans: Sequence[Span]
) -> tuple[Percentiles, ...]:
    """Say over each span how long decisions took, for D. Three queries."""
    columns = columns_of(spans, seen=workflow_ids_seen_by(actor))
    return deciding_times(columns, len(spans))


def look_times_over(*, actor: Actor, spans: Sequence[Span]) -> tuple[LookTimes, ...]:
    """Say over each span how long people looked before they decided. Four queries."""
    found = [LookTimes() for _ in spans]
    columns = columns_of(spans, seen=workflow_ids_seen_by(actor))
    if columns.numbers:
        times = looking_times(columns, len(spans))
        with connection.cursor() as cursor:
            cursor.execute(_LOOKED, [*columns])
            for number, decided, total in cursor.fetchall():
                its = times[number]
                known = its.count > 0
                found[number] = LookTimes(
                    decided, its.count, its.p50, its.p90, total if known else None
                )
    return tuple(found)


def ages_at(
    *, actor: Actor, moments: Sequence[datetime], spans: Sequence[Span]
) -> tuple[Percentiles, ...]:
    """Say how old what waited for people was at each moment. Three queries.

    `spans` says for each moment which workflows are meant; its days do not matter.
    """
    columns = columns_of(spans, seen=workflow_ids_seen_by(actor))
    at = [moments[number] for number in columns.numbers]
    return _percentiles(_WAITED, [*columns, columns.numbers, at], len(spans))


def _percentiles(sql: str, columns: list[list], count: int) -> tuple[Percentiles, ...]:
    found = [Percentiles(0, None, None) for _ in range(count)]
    if columns[0]:
        with connection.cursor() as cursor:
            cursor.execute(sql, [*columns])
            for number, rows, (half, most) in cursor.fetchall():
                found[number] = Percentiles(rows, half, most)
    return tuple(found)


def reopened_over(
    *, actor: Actor, spans: Sequence[Span], reopened: Collection[UUID]
) -> tuple[int, ...]:
    """Count over each span what of D was decided in a run whose case was opened again.

    `reopened` names those runs; few. An approval that was taken back is not counted here,
    because it is rework already. Three queries.
    """
    counts = [0 for _ in spans]
    columns = columns_of(spans, seen=workflow_ids_seen_by(actor))
    if columns.numbers and reopened:
        with connection.cursor() as cursor:
            cursor.execute(_REOPENED, [*columns, sorted(reopened)])
            for number, count in cursor.fetchall():
                counts[number] = count
    return tuple(counts)


_REOPENED = (
    f"{SPANS} SELECT a.number, count(*) FROM asked AS a JOIN approvals_proposalend AS e"  # noqa: S608
    ' ON e.workflow_id = a.workflow_id AND e."on" BETWEEN a.first AND a.last'
    f" AND e.run_id = ANY(%s) WHERE NOT e.is_superseded AND e.state IN {DECIDED} GROUP BY 1"
)


def end_rows(
    *,
    actor: Actor,
    span: Span,
    which: Which,
    cursor: str | None,
    reopened: Collection[UUID] = (),
) -> Page[EndRow]:
    """Give one page of the proposals behind a number, newest first. Two queries."""
    rows = access.visible(
        ProposalEnd.objects.filter(on__gte=span.first, on__lte=span.last),
        actor=actor,
        workflow_path="workflow_id",
    )
    if span.workflows is not None:
        rows = rows.filter(workflow_id__in=span.workflows)
    rows = rows.filter(_condition(which, reopened)).select_related("proposal")
    page = keyset(rows, order=("-ended_at", "-proposal_id"), cursor=cursor)
    return Page(
        tuple(_row(each) for each in page.items), page.next_cursor, page.previous_cursor
    )


def waiting_rows(
    *, actor: Actor, at: datetime, span: Span, cursor: str | None
) -> Page[EndRow]:
    """Give what waited for people at a moment, longest first. Two queries."""
    rows = proposals_seen_by(actor).filter(created_at__lte=at)
    rows = rows.filter(IS_UNDECIDED | Q(resolved_at__gt=at))
    if span.workflows is not None:
        rows = rows.filter(workflow_id__in=span.workflows)
    page = keyset(rows, order=("created_at", "id"), cursor=cursor)
    return Page(
        tuple(
            EndRow(
                each.id,
                each.headline,
                each.state,
                each.created_at,
                (at - each.created_at).total_seconds(),
            )
            for each in page.items
        ),
        page.next_cursor,
        page.previous_cursor,
    )


_STATES = ("APPROVED", "EDITED", "REJECTED", "RESPONDED")
_IN_D = Q(is_superseded=False, state__in=_STATES)
_OVER = Q(state__in=("REJECTED", "RESPONDED")) | Q(state="EDITED", is_material=True)
_BY_TIME_OR_PERSON = Q(is_superseded=False, state__in=(*_STATES, "EXPIRED"))
_CONDITIONS = {
    Which.DECIDED: _IN_D,
    Which.ACCEPTED: _IN_D & Q(state__in=("APPROVED", "EDITED")),
    Which.OVERRIDDEN: _IN_D & _OVER,
    Which.IN_TIME: _IN_D & Q(missed_due=False),
    Which.TIMED: _BY_TIME_OR_PERSON,
    Which.EXPIRED: Q(state="EXPIRED"),
    Which.ASKED_MORE: _IN_D & Q(was_asked=True),
    Which.UNDECIDED: Q(state__in=("EXPIRED", "WITHDRAWN")) | Q(is_superseded=True),
    Which.LOOKED: _IN_D & Q(looked_seconds__isnull=False),
    Which.NOT_LOOKED: _IN_D & Q(looked_seconds=None),
    Which.LEFT_OUT: Q(state="WITHDRAWN") | Q(is_superseded=True),
    Which.EVER_DECIDED: Q(state__in=_STATES),
    Which.NEVER_DECIDED: Q(state__in=("EXPIRED", "WITHDRAWN")),
    Which.ESCALATED: _BY_TIME_OR_PERSON & Q(is_escalated=True),
    Which.ESCALATED_IN_TIME: _BY_TIME_OR_PERSON & Q(is_escalated=True, in_time=True),
    Which.ESCALATED_LEFT_OUT: Q(is_escalated=True)
    & (Q(state="WITHDRAWN") | Q(is_superseded=True)),
}


def _condition(which: Which, reopened: Collection[UUID]) -> Q:
    if which != Which.REWORKED:
        return _CONDITIONS[which]
    return Q(is_superseded=True) | _IN_D & Q(run_id__in=list(reopened))


def _row(end: ProposalEnd) -> EndRow:
    notes = (
        ("taken back", end.is_superseded),
        ("edited in what matters", end.is_material),
        ("a time ran out first", end.missed_due),
        ("the agent was asked for more", end.was_asked),
    )
    return EndRow(
        end.proposal_id,
        end.proposal.headline,
        end.state,
        end.ended_at,
        end.seconds,
        ", ".join(words for words, holds in notes if holds),
        end.looked_seconds,
    )
