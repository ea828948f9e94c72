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
from runs.queries.kpi_sums import SPANS, Span, columns_of

# Beside the spans their moments: when each begins, when it is over, when ages are told.
ASKED = (
    f"{SPANS}, spells AS (SELECT s.number, s.flock, w.begun, w.over, w.at"  # noqa: S608
    " FROM unnest(%s::int[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])"
    " AS w (number, begun, over, at) JOIN spans AS s ON s.number = w.number)"
)
_PLACED = (
    f"{ASKED}, firsts AS (SELECT workflow_id, rule_key, min(placed_at) AS at"  # noqa: S608
    " FROM runs_hold WHERE workflow_id = ANY(SELECT workflow_id FROM members) GROUP BY 1, 2),"
    " opened AS MATERIALIZED (SELECT m.flock, h.placed_at, f.at FROM ("
    " SELECT flock, min(begun) AS begun, max(over) AS over FROM spells GROUP BY 1) AS x"
    " JOIN members AS m ON m.flock = x.flock"
    " JOIN runs_hold AS h ON h.workflow_id = m.workflow_id"
    " AND h.placed_at >= x.begun AND h.placed_at < x.over"
    " JOIN firsts AS f ON f.workflow_id = h.workflow_id AND f.rule_key = h.rule_key)"
    " SELECT s.number, count(*), count(*) FILTER (WHERE o.at >= s.begun)"
    " FROM spells AS s JOIN opened AS o ON o.flock = s.flock"
    " AND o.placed_at >= s.begun AND o.placed_at < s.over GROUP BY 1"
)
_AGES = (
    f"{ASKED} SELECT s.number,"  # noqa: S608 - our names
    " array_agg(extract(epoch FROM s.at - h.placed_at)::float8)"
    " FROM spells AS s JOIN members AS m ON m.flock = s.flock"
    " JOIN runs_hold AS h ON h.workflow_id = m.workflow_id"
    " AND h.placed_at <= s.at"
    " AND (coalesce(h.resumed_at, h.stopped_at) IS NULL"
    " OR coalesce(h.resumed_at, h.stopped_at) > s.at) GROUP BY 1"
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
    columns = columns_of(spans, seen=workflow_ids_seen_by(actor))
    if not columns.numbers:
        return tuple(Exceptions() for _ in spans)
    over = [midnight(last + timedelta(days=1)) for last in columns.lasts]
    asked: list[list] = [
        *columns,
        columns.numbers,
        [midnight(first) for first in columns.firsts],
        over,
        [min(each, now) for each in over],
    ]
    opened: dict[int, tuple[int, int]] = {}
    ages: dict[int, tuple[float, ...]] = {}
    with connection.cursor() as cursor:
        cursor.execute(opened_sql, asked)
        for number, count, new in cursor.fetchall():
            opened[number] = (count, new)
        cursor.execute(ages_sql, asked)
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
