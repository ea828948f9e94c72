"""Exact percentiles of how long deciding and looking took, over many spans of days at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor

from django.db import connection

from runs.queries.kpi_sums import SPANS, Columns

DECIDED = "('APPROVED', 'EDITED', 'REJECTED', 'RESPONDED')"
# A workflow's day is read once, and added up with those of others before spans ask of it.
DAYS = (
    " FROM {source} AS x JOIN members AS m ON m.flock = x.flock CROSS JOIN LATERAL ("
    " SELECT * FROM {table} AS r WHERE r.workflow_id = m.workflow_id"
    ' AND r."on" BETWEEN x.first AND x.last{also} OFFSET 0) AS t'
)
IN_SPAN = ' ON d.flock = s.flock AND d."on" BETWEEN s.first AND s.last'
# Where a rank lies is told by ranges that are added up; only the rows of that range are
# read, in an index. One statement, so that both are of one moment.
_PLACED = (
    '{spans}, days AS MATERIALIZED (SELECT m.flock, t."on", t.range,'
    " sum(t.count) AS count, min(t.low) AS low, max(t.high) AS high{days}"
    " GROUP BY 1, 2, 3),"
    " ranges AS (SELECT s.number, s.flock, d.range, sum(d.count)::bigint AS many,"
    " min(d.low) AS low, max(d.high) AS high FROM spans AS s JOIN days AS d{in_span}"
    " GROUP BY 1, 2, 3 HAVING sum(d.count) > 0),"
    " placed AS (SELECT *, (sum(many) OVER same - many)::bigint AS below,"
    " (sum(many) OVER (PARTITION BY number))::bigint AS total FROM ranges"
    " WINDOW same AS (PARTITION BY number ORDER BY range)),"
    " wanted AS MATERIALIZED (SELECT DISTINCT p.*, r.rank FROM placed AS p"
    " CROSS JOIN LATERAL (VALUES (0.5::float8), (0.9)) AS s (share)"
    " CROSS JOIN LATERAL (VALUES (floor((p.total - 1) * s.share)::bigint),"
    " (ceil((p.total - 1) * s.share)::bigint)) AS r (rank)"
    " WHERE r.rank >= p.below AND r.rank < p.below + p.many)"
)
# Of few workflows each span reads no further than to its rank.
_EACH_READS = (
    " SELECT w.number, w.total, w.rank, found.took FROM wanted AS w CROSS JOIN LATERAL ("
    " SELECT e.{column} AS took FROM asked AS a JOIN approvals_proposalend AS e"
    ' ON e.workflow_id = a.workflow_id AND e."on" BETWEEN a.first AND a.last'
    " AND e.{column} BETWEEN w.low AND w.high AND NOT e.is_superseded AND e.state IN {states}"
    " WHERE a.number = w.number ORDER BY 1 OFFSET w.rank - w.below LIMIT 1) AS found"
)
# Of many a range is read once for all the spans that look there.
_READ_ONCE = (
    ","
    " looked AS (SELECT w.flock, w.range, min(w.low) AS low, max(w.high) AS high,"
    " min(s.first) AS first, max(s.last) AS last"
    " FROM wanted AS w JOIN spans AS s ON s.number = w.number GROUP BY 1, 2),"
    ' near AS MATERIALIZED (SELECT l.flock, l.range, e."on", e.{column} AS took'
    " FROM looked AS l JOIN members AS m ON m.flock = l.flock CROSS JOIN LATERAL ("
    ' SELECT r."on", r.{column} FROM approvals_proposalend AS r'
    " WHERE r.workflow_id = m.workflow_id"
    ' AND r."on" BETWEEN l.first AND l.last AND r.{column} BETWEEN l.low AND l.high'
    " AND NOT r.is_superseded AND r.state IN {states} OFFSET 0) AS e),"
    " ordered AS (SELECT w.number, w.range, array_agg(n.took ORDER BY n.took) AS times"
    " FROM (SELECT DISTINCT number, range, low, high FROM wanted) AS w"
    " JOIN spans AS s ON s.number = w.number JOIN near AS n ON n.flock = s.flock"
    ' AND n.range = w.range AND n."on" BETWEEN s.first AND s.last'
    " AND n.took BETWEEN w.low AND w.high GROUP BY 1, 2)"
    " SELECT w.number, w.total, w.rank, o.times[w.rank - w.below + 1] FROM wanted AS w"
    " JOIN ordered AS o ON o.number = w.number AND o.range = w.range"
)


@dataclass(frozen=True)
class Percentiles:
    """How many there were, and how long they took: exactly, between two where need be."""

    count: int
    p50: float | None
    p90: float | None


def deciding_times(columns: Columns, count: int) -> tuple[Percentiles, ...]:
    """Say over each span how long decisions took. One query."""
    return _at_ranks(columns, count, what="DECIDED", column="seconds")


def looking_times(columns: Columns, count: int) -> tuple[Percentiles, ...]:
    """Say over each span how long people looked before they decided. One query."""
    return _at_ranks(columns, count, what="LOOKED", column="looked_seconds")


def _at_ranks(
    columns: Columns, count: int, *, what: str, column: str
) -> tuple[Percentiles, ...]:
    totals, values = [0] * count, [dict[int, float]() for _ in range(count)]
    if columns.numbers:
        read = _EACH_READS if columns.are_few else _READ_ONCE
        sql = f"{_PLACED}{read}".format(
            spans=SPANS,
            days=DAYS.format(
                source="stretch",
                table="approvals_endtime",
                also=f" AND r.what = '{what}'",
            ),
            in_span=IN_SPAN,
            column=column,
            states=DECIDED,
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [*columns])
            for number, total, rank, took in cursor.fetchall():
                totals[number] = total
                values[number][rank] = took
    return tuple(
        Percentiles(total, _between(its, total, 0.5), _between(its, total, 0.9))
        for total, its in zip(totals, values, strict=True)
    )


def _between(values: Mapping[int, float], total: int, share: float) -> float | None:
    """Give a percentile as `percentile_cont` does: between the two ranks it lies between."""
    if not total:
        return None
    position = (total - 1) * share
    low, high = values[floor(position)], values[ceil(position)]
    return low + (high - low) * (position - floor(position))
