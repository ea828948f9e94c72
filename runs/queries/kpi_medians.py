"""Times around the median, by workflow and kind of case: what a reduction is made of."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connection

from runs.queries.kpi_sums import SPANS, Columns

# Ranks near the middle only: a thousand times a thousand runs give six thousand rows.
_NEAR = (
    ", known AS (SELECT * FROM unnest(%s::uuid[], %s::text[]) AS known (workflow_id, kind)),"
    " ranked AS (SELECT a.number, f.workflow_id, k.kind, f.took_ms,"
    " row_number() OVER same AS rank,"
    " count(*) OVER (PARTITION BY a.number, f.workflow_id, k.kind) AS total"
    " FROM asked a JOIN runs_runfact f ON f.workflow_id = a.workflow_id"
    ' AND f."on" BETWEEN a.first AND a.last AND f.took_ms IS NOT NULL AND NOT f.is_test'
    " JOIN known k ON k.workflow_id = f.workflow_id AND k.kind IN ('', f.case_type)"
    " WINDOW same AS (PARTITION BY a.number, f.workflow_id, k.kind ORDER BY f.took_ms))"
    " SELECT number, workflow_id, kind, rank, took_ms, total FROM ranked"
    " WHERE abs(rank - (total + 1) / 2) <= 3 * sqrt(total) + 2"
)

type Near = Mapping[tuple[UUID, str], tuple[int, Mapping[int, float]]]


def times_near_median(
    columns: Columns, kinds: Sequence[tuple[UUID, str]], *, count: int
) -> tuple[Near, ...]:
    """Give, by workflow and kind, how many runs there are and the seconds near the median.

    The kind "" is every run of its workflow. One query, over the index of times.
    """
    found: list[dict[tuple[UUID, str], tuple[int, dict[int, float]]]] = [
        {} for _ in range(count)
    ]
    if columns[0] and kinds:
        ids, names = zip(*kinds, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(f"{SPANS}{_NEAR}", [*columns, list(ids), list(names)])
            for number, workflow_id, kind, rank, took_ms, total in cursor.fetchall():
                near = found[number].setdefault((workflow_id, kind), (total, {}))[1]
                near[rank] = took_ms / 1000
    return tuple(found)
