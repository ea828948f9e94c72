"""Sums of measures over many spans of days at once: what every number from runs is made of.

Tallies hold what was added up and deltas what was not yet. Both are read by one statement,
so that an addition that moves from one to the other is counted once at every moment.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection

from portal.accounts.actors import Actor
from registry.queries.across import workflow_ids_seen_by

type Sums = Mapping[str, Decimal]
_SPANS = (
    "WITH asked AS (SELECT * FROM unnest(%s::int[], %s::uuid[], %s::date[], %s::date[])"
    " AS asked (number, workflow_id, first, last))"
)
_SUMS = (
    " SELECT number, measure, sum(value) FROM ("
    " SELECT a.number, t.measure, t.value FROM asked a JOIN runs_tally t"
    ' ON t.workflow_id = a.workflow_id AND t."on" BETWEEN a.first AND a.last'
    " AND t.measure = ANY(%s)"
    " UNION ALL"
    " SELECT a.number, d.measure, d.value FROM asked a JOIN runs_tallydelta d"
    ' ON d.workflow_id = a.workflow_id AND d."on" BETWEEN a.first AND a.last'
    " AND d.measure = ANY(%s)"
    ") AS counted GROUP BY 1, 2"
)


@dataclass(frozen=True)
class Span:
    """Days, both included, of some workflows; None is all that the actor may see."""

    first: date
    last: date
    workflows: frozenset[UUID] | None = None


def sums_over(
    *, actor: Actor, spans: Sequence[Span], measures: Collection[str]
) -> tuple[Sums, ...]:
    """Add up measures over each span. Three queries, however many spans."""
    found: list[dict[str, Decimal]] = [{} for _ in spans]
    columns = columns_of(spans, seen=workflow_ids_seen_by(actor))
    wanted = sorted(measures)
    if not columns[0] or not wanted:
        return tuple(found)
    with connection.cursor() as cursor:
        cursor.execute(f"{_SPANS}{_SUMS}", [*columns, wanted, wanted])
        for number, measure, value in cursor.fetchall():
            found[number][measure] = value
    return tuple(found)


def columns_of(
    spans: Sequence[Span], *, seen: frozenset[UUID]
) -> tuple[list[int], list[UUID], list[date], list[date]]:
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
