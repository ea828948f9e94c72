"""Exact percentiles of how long runs took, without reading the runs.

Tallies count runs by ranges of their times. They say in which range a percentile lies and
where in it, so that only the runs of that range are looked at, in an index. What comes out
is the time of a real run, or lies between those of two.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt

from django.db import connection

from runs.queries.kpi_sums import SPANS, Columns, Sums
from runs.rules.counting.timing import range_of

FAMILY = "run.took."
_Z = 1.959963984540054
_WANTED = (
    ", wanted AS (SELECT * FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[],"
    " %s::bigint[]) AS wanted (number, rank, low, high, past))"
)
# Of few workflows each span reads no further than to its rank.
_EACH_READS = (
    " SELECT w.number, w.rank, found.took_ms FROM wanted w CROSS JOIN LATERAL ("
    " SELECT f.took_ms FROM asked a JOIN runs_runfact f ON f.workflow_id = a.workflow_id"
    ' AND f."on" BETWEEN a.first AND a.last AND f.took_ms >= w.low AND f.took_ms < w.high'
    " AND f.took_ms IS NOT NULL AND NOT f.is_test WHERE a.number = w.number"
    " ORDER BY f.took_ms OFFSET w.past LIMIT 1) AS found"
)
# Of many a range is read once for all the spans that look there.
_READ_ONCE = (
    ","
    " ranges AS (SELECT s.flock, w.low, w.high, min(s.first) AS first, max(s.last) AS last"
    " FROM wanted w JOIN spans s ON s.number = w.number GROUP BY 1, 2, 3),"
    ' near AS MATERIALIZED (SELECT r.flock, r.low, f."on", f.took_ms FROM ranges r'
    " JOIN members m ON m.flock = r.flock CROSS JOIN LATERAL ("
    ' SELECT x."on", x.took_ms FROM runs_runfact x WHERE x.workflow_id = m.workflow_id'
    ' AND x."on" BETWEEN r.first AND r.last AND x.took_ms >= r.low AND x.took_ms < r.high'
    " AND x.took_ms IS NOT NULL AND NOT x.is_test OFFSET 0) AS f),"
    " ordered AS (SELECT s.number, n.low, array_agg(n.took_ms ORDER BY n.took_ms) AS times"
    " FROM (SELECT DISTINCT number, low FROM wanted) AS w"
    " JOIN spans s ON s.number = w.number JOIN near n ON n.flock = s.flock"
    ' AND n.low = w.low AND n."on" BETWEEN s.first AND s.last GROUP BY 1, 2)'
    " SELECT w.number, w.rank, o.times[w.past + 1] FROM wanted w"
    " JOIN ordered o ON o.number = w.number AND o.low = w.low"
    " WHERE w.past < cardinality(o.times)"
)


@dataclass(frozen=True)
class Percentile:
    """Seconds, and the interval of 95 % that rests on the order of the values alone."""

    seconds: float
    low: float | None = None
    high: float | None = None


def percentiles_over(
    columns: Columns, sums: Sequence[Sums], shares: Sequence[float]
) -> tuple[Mapping[float, Percentile], ...]:
    """Give percentiles for each span whose sums hold the family of ranges. One query."""
    counts = [_ranges_in(each) for each in sums]
    totals = [sum(number for _, number in each) for each in counts]
    wanted = sorted(
        {
            (span, rank)
            for span, total in enumerate(totals)
            for share in shares
            for rank in _ranks(share, total)
        }
    )
    values = _fetch(columns, counts, wanted) if wanted else {}
    return tuple(
        {
            share: found
            for share in shares
            if (found := _percentile(values, span, share, total)) is not None
        }
        for span, total in enumerate(totals)
    )


def _ranges_in(sums: Sums) -> list[tuple[int, int]]:
    return sorted(
        (int(name.removeprefix(FAMILY)), int(number))
        for name, number in sums.items()
        if name.startswith(FAMILY) and number > 0
    )


def _ranks(share: float, total: int) -> Iterable[int]:
    """Give the ranks, from 0, that a percentile and its interval rest on."""
    if total <= 0:
        return
    position = (total - 1) * share
    yield floor(position)
    yield ceil(position)
    yield from _bounds(share, total) or ()


def _bounds(share: float, total: int) -> tuple[int, int] | None:
    """Give the ranks between which the true percentile lies, 95 times of a hundred.

    How many values lie below it is binomial, and near enough normal; None where the sample
    is too small to hold both ends.
    """
    half = _Z * sqrt(total * share * (1 - share))
    low = floor(total * share - half) - 1
    high = ceil(total * share + half)
    return (low, high) if low >= 0 and high < total else None


def _fetch(
    columns: Columns,
    counts: Sequence[Sequence[tuple[int, int]]],
    wanted: Sequence[tuple[int, int]],
) -> dict[tuple[int, int], int]:
    rows = []
    for span, rank in wanted:
        below = 0
        for bucket, number in counts[span]:
            if rank < below + number:
                rows.append((span, rank, *range_of(bucket), rank - below))
                break
            below += number
    with connection.cursor() as cursor:
        lists = [list(column) for column in zip(*rows, strict=True)]
        read = _EACH_READS if columns.are_few else _READ_ONCE
        cursor.execute(f"{SPANS}{_WANTED}{read}", [*columns, *lists])
        return {(span, rank): took for span, rank, took in cursor.fetchall()}


def _percentile(
    values: Mapping[tuple[int, int], int], span: int, share: float, total: int
) -> Percentile | None:
    if total <= 0:
        return None
    position = (total - 1) * share
    low = values.get((span, floor(position)))
    high = values.get((span, ceil(position)))
    if low is None or high is None:
        # Counted anew between the two questions; the next look has it.
        return None
    bounds = _bounds(share, total)
    ends = [values.get((span, rank)) for rank in bounds] if bounds else [None, None]
    return Percentile(
        (low + (high - low) * (position - floor(position))) / 1000,
        None if ends[0] is None else ends[0] / 1000,
        None if ends[1] is None else ends[1] / 1000,
    )
