"""Which runs changed something that a system of record later put back as it was before."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

PUT_BACK_WITHIN = "14 days"
# The later change of the same thing, which leaves it as it was before the earlier one.
# Whoever puts back by hand names no workflow.
LATER = (
    " (l.workflow_id = c.workflow_id OR l.workflow_id IS NULL) AND l.resource = c.resource AND l.system = c.system"
    " AND l.field = c.field AND l.at > c.at"
    " AND l.facts ->> 'after' = c.facts ->> 'before'"
    " AND c.facts ->> 'before' IS DISTINCT FROM c.facts ->> 'after'"
)
_PUT_BACK = (
    "SELECT DISTINCT x.run_id FROM unnest(%s::uuid[], %s::timestamptz[])"  # noqa: S608
    " AS x (run_id, ended_at) JOIN runs_reportedchange AS c ON c.run_id = x.run_id"
    f" WHERE EXISTS (SELECT FROM runs_reportedchange AS l WHERE {LATER}"
    f" AND l.at <= x.ended_at + interval '{PUT_BACK_WITHIN}')"
)


def runs_put_back(
    run_ids: Sequence[UUID], ended_at: Sequence[datetime]
) -> Collection[UUID]:
    """Give the runs of which a change was put back within two weeks. One query."""
    if not run_ids:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(_PUT_BACK, [list(run_ids), list(ended_at)])
        return frozenset(row[0] for row in cursor.fetchall())
