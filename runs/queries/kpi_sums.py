"""Sums of measures over many spans of days at once: what every number from runs is made of.

Tallies hold what was added up and deltas what was not yet. Both are read by one statement,
so that an addition that moves from one to the other is counted once at every moment.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import connection

from portal.accounts.actors import Actor
from registry.queries.across import workflow_ids_seen_by

type Sums = Mapping[str, Decimal]
type Columns = tuple[list[int], list[UUID], list[date], list[date]]
SPANS = (
    "WITH asked AS (SELECT * FROM unnest(%s::int[], %s::uuid[], %s::date[], %s::date[])"
    " AS asked (number, workflow_id, first, last))"
)
_SUMS = (
    " SELECT number, measure, sum(value) FROM ("
    " SELECT a.number, t.measure, t.value FROM asked a JOIN runs_tally t"
    ' ON t.workflow_id = a.workflow_id AND t."on" BETWEEN a.first AND a.last'
    " AND (t.measure = ANY(%s) OR t.measure ^@ ANY(%s))"
    " UNION ALL"
    " SELECT a.number, d.measure, d.value FROM asked a JOIN runs_tallydelta d"
    ' ON d.workflow_id = a.workflow_id AND d."on" BETWEEN a.first AND a.last'
    " AND (d.measure = ANY(%s) OR d.measure ^@ ANY(%s))"
    ") AS counted GROUP BY 1, 2"
)
_WAITING = (
    " SELECT a.number, count(DISTINCT r.id) FROM runs_rundue due"
    " JOIN runs_run r ON r.id = due.run_id JOIN asked a ON a.workflow_id = r.workflow_id"
    " AND (coalesce(r.ended_at, r.last_event_at) AT TIME ZONE %s)::date"
    " BETWEEN a.first AND a.last"
    " WHERE r.merged_into_id IS NULL AND NOT r.is_test"
    " AND (r.ended_at IS NOT NULL OR r.state = 'UNKNOWN') GROUP BY 1"
)
_EVER = (
    "SELECT DISTINCT measure FROM runs_tally"
    " WHERE workflow_id = ANY(%s) AND measure = ANY(%s)"
    " UNION SELECT measure FROM runs_tallydelta"
    " WHERE workflow_id = ANY(%s) AND measure = ANY(%s)"
)


@dataclass(frozen=True)
class Span:
    """Days, both included, of some workflows; None is all that the actor may see."""

    first: date
    last: date
    workflows: frozenset[UUID] | None = None


def sums_over(
    *,
    actor: Actor,
    spans: Sequence[Span],
    measures: Collection[str] = (),
    families: Collection[str] = (),
) -> tuple[Sums, ...]:
    """Add up measures, and all that begin with a family, over each span. Three queries."""
    return sums_of(
        columns_of(spans, seen=workflow_ids_seen_by(actor)),
        measures=measures,
        families=families,
        count=len(spans),
    )


def sums_of(
    columns: Columns,
    *,
    measures: Collection[str],
    families: Collection[str],
    count: int,
) -> tuple[Sums, ...]:
    """Add up measures over spans written as columns. One query."""
    found: list[dict[str, Decimal]] = [{} for _ in range(count)]
    if not columns[0] or not (measures or families):
        return tuple(found)
    wanted, begun = sorted(measures), sorted(families)
    with connection.cursor() as cursor:
        cursor.execute(f"{SPANS}{_SUMS}", [*columns, wanted, begun, wanted, begun])
        for number, measure, value in cursor.fetchall():
            found[number][measure] = value
    return tuple(found)


def waiting_over(columns: Columns, *, count: int) -> tuple[int, ...]:
    """Count the runs that ended in each span and are not counted yet. One query.

    They were heard of minutes ago, or changed since they were counted.
    """
    found = [0] * count
    if columns[0]:
        with connection.cursor() as cursor:
            cursor.execute(f"{SPANS}{_WAITING}", [*columns, settings.TIME_ZONE])
            for number, waiting in cursor.fetchall():
                found[number] = waiting
    return tuple(found)


def ever_told(columns: Columns, measures: Collection[str]) -> frozenset[str]:
    """Give which of some measures the workflows of any span ever added to. One query."""
    if not columns[0]:
        return frozenset()
    ids, wanted = sorted(set(columns[1])), sorted(measures)
    with connection.cursor() as cursor:
        cursor.execute(_EVER, [ids, wanted, ids, wanted])
        return frozenset(name for (name,) in cursor.fetchall())


def columns_of(spans: Sequence[Span], *, seen: frozenset[UUID]) -> Columns:
    """Write spans as columns, one row for each workflow that may be seen."""
    rows = [
        (number, workflow_id, span.first, span.last)
        for number, span in enumerate(spans)
        for workflow_id in sorted(
            seen if span.workflows is None else span.workflows & seen
        )
    ]
    numbers, ids, firsts, lasts = zip(*rows, strict=True) if rows else ((), (), (), ())
    return list(numbers), list(ids), list(firsts), list(lasts)
