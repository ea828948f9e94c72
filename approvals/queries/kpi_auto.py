"""What was allowed without a person, and a person took back within fourteen days."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection

from portal.accounts.actors import Actor
from registry.queries.across import workflow_ids_seen_by
from runs.queries.kpi_holds import midnight
from runs.queries.kpi_sums import SPANS, Span, columns_of

_TAKEN_BACK = (
    f"{SPANS} SELECT a.number, count(*) FROM unnest(%s::int[], %s::timestamptz[],"  # noqa: S608
    " %s::timestamptz[]) AS w (number, begun, over) JOIN asked AS a ON a.number = w.number"
    " JOIN approvals_grant AS g ON g.workflow_id = a.workflow_id"
    " AND g.state = 'REVOKED' AND g.version_id IS NULL AND g.ended_by_id IS NOT NULL"
    " AND g.issued_at >= w.begun AND g.issued_at < w.over"
    " AND g.ended_at < g.issued_at + interval '14 days' GROUP BY 1"
)


def taken_back_over(*, actor: Actor, spans: Sequence[Span]) -> tuple[int, ...]:
    """Count over each span the grants of allowed actions that a person revoked in time.

    By the days on which they were granted. Three queries.
    """
    found = [0 for _ in spans]
    columns = columns_of(spans, seen=workflow_ids_seen_by(actor))
    if columns.numbers:
        begun = [midnight(first) for first in columns.firsts]
        over = [midnight(last + timedelta(days=1)) for last in columns.lasts]
        with connection.cursor() as cursor:
            cursor.execute(_TAKEN_BACK, [*columns, columns.numbers, begun, over])
            for number, count in cursor.fetchall():
                found[number] = count
    return tuple(found)
