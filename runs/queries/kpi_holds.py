"""Holds as exceptions: how many were placed, of which signature, and how old open ones were.

The signature of a hold is its workflow and its rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.pagination import Page, keyset
from registry.queries.across import workflow_ids_seen_by
from runs.models import Hold
from runs.queries.kpi_sums import Span, columns_of

ASKED = (
    "WITH asked AS (SELECT * FROM unnest(%s::int[], %s::uuid[], %s::timestamptz[],"
    " %s::timestamptz[], %s::timestamptz[])"
    " AS asked (number, workflow_id, begun, over, at))"
)
_PLACED = (
    f"{ASKED}, firsts AS (SELECT workflow_id, rule_key, min(placed_at) AS at"  # noqa: S608
    " FROM runs_hold WHERE workflow_id = ANY(%s) GROUP BY 1, 2)"
    " SELECT a.number, count(*), count(*) FILTER (WHERE f.at >= a.begun)"
    # Each span reads its own stretch of the index, however many rules there are.
    " FROM asked AS a CROSS JOIN LATERAL (SELECT * FROM runs_hold AS w"
    " WHERE w.workflow_id = a.workflow_id"
    " AND w.placed_at >= a.begun AND w.placed_at < a.over OFFSET 0) AS h"
    " JOIN firsts AS f ON f.workflow_id = h.workflow_id AND f.rule_key = h.rule_key"
    " GROUP BY 1"
)
_AGES = (
    f"{ASKED} SELECT a.number,"  # noqa: S608 - our names
    " array_agg(extract(epoch FROM a.at - h.placed_at)::float8)"
    " FROM asked AS a JOIN runs_hold AS h ON h.workflow_id = a.workflow_id"
    " AND h.placed_at <= a.at"
    " AND (coalesce(h.resumed_at, h.stopped_at) IS NULL"
    " OR coalesce(h.resumed_at, h.stopped_at) > a.at) GROUP BY 1"
)


@dataclass(frozen=True)
class Exceptions:
    """Exceptions of one span: how many opened, how many of a kind never seen before it,
    and the ages in seconds of those open at its end.
    """

    opened: int = 0
    new: int = 0
    ages: tuple[float, ...] = ()


@dataclass(frozen=True)
class ExceptionRow:
    """One exception behind a number."""

    id: UUID
    title: str
    sentence: str
    at: datetime
    is_open: bool


def holds_over(
    *, actor: Actor, spans: Sequence[Span], now: datetime
) -> tuple[Exceptions, ...]:
    """Count the holds of each span as exceptions. Four queries."""
    return counted(_PLACED, _AGES, actor=actor, spans=spans, now=now)


def counted(
    opened_sql: str,
    ages_sql: str,
    *,
    actor: Actor,
    spans: Sequence[Span],
    now: datetime,
) -> tuple[Exceptions, ...]:
    """Run the two statements that count exceptions of one kind. Four queries."""
    numbers, ids, firsts, lasts = columns_of(spans, seen=workflow_ids_seen_by(actor))
    if not numbers:
        return tuple(Exceptions() for _ in spans)
    over = [midnight(last + timedelta(days=1)) for last in lasts]
    columns: list[list] = [
        numbers,
        ids,
        [midnight(first) for first in firsts],
        over,
        [min(each, now) for each in over],
    ]
    opened: dict[int, tuple[int, int]] = {}
    ages: dict[int, tuple[float, ...]] = {}
    with connection.cursor() as cursor:
        cursor.execute(opened_sql, [*columns, sorted(set(ids))])
        for number, count, new in cursor.fetchall():
            opened[number] = (count, new)
        cursor.execute(ages_sql, columns)
        for number, found in cursor.fetchall():
            ages[number] = tuple(found)
    return tuple(
        Exceptions(*opened.get(number, (0, 0)), ages.get(number, ()))
        for number in range(len(spans))
    )


def hold_rows(*, actor: Actor, span: Span, cursor: str | None) -> Page[ExceptionRow]:
    """Give one page of the holds placed in a span, newest first. Two queries."""
    rows = access.visible(
        Hold.objects.filter(
            placed_at__gte=midnight(span.first),
            placed_at__lt=midnight(span.last + timedelta(days=1)),
        ),
        actor=actor,
        workflow_path="workflow_id",
    )
    if span.workflows is not None:
        rows = rows.filter(workflow_id__in=span.workflows)
    page = keyset(
        rows.select_related("run"), order=("-placed_at", "-id"), cursor=cursor
    )
    return Page(
        tuple(
            ExceptionRow(
                each.id,
                each.run.title,
                each.sentence,
                each.placed_at,
                each.resumed_at is None and each.stopped_at is None,
            )
            for each in page.items
        ),
        page.next_cursor,
        page.previous_cursor,
    )


def midnight(day: date) -> datetime:
    """Give the first moment of a day in the organisation's time zone."""
    zone = timezone.get_default_timezone()
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
