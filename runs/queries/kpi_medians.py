"""Times around the median, by workflow and kind of case: what a reduction is made of.

How many runs lie in which range of times says which ranges hold the middle ranks; only
the runs of those are read, in an index. Of every run of a workflow the tallies say it; of
one kind of case each run of the days is counted once, however many spans it is in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from runs.queries.kpi_percentiles import FAMILY
from runs.queries.kpi_sums import SPANS, Columns, written
from runs.rules.counting.timing import range_of
from runs.rules.rates import ranks_near

_KNOWN = ", known AS (SELECT * FROM unnest(%s::uuid[], %s::text[]) AS known (workflow_id, kind))"
# A workflow's day is read once, however many spans it is in.
_BY_TALLY = (
    f"{_KNOWN}, days AS MATERIALIZED (SELECT m.flock, m.workflow_id,"  # noqa: S608
    ' t."on", t.measure, t.value FROM stretch x JOIN members m ON m.flock = x.flock'
    " JOIN known k ON k.workflow_id = m.workflow_id AND k.kind = ''"
    ' CROSS JOIN LATERAL (SELECT r."on", r.measure, r.value FROM runs_tally r'
    ' WHERE r.workflow_id = m.workflow_id AND r."on" BETWEEN x.first AND x.last'
    " AND r.measure ^@ %s OFFSET 0) AS t UNION ALL"
    ' SELECT m.flock, m.workflow_id, d."on", d.measure, d.value FROM runs_tallydelta d'
    " JOIN known k ON k.workflow_id = d.workflow_id AND k.kind = ''"
    " JOIN members m ON m.workflow_id = d.workflow_id WHERE d.measure ^@ %s)"
    " SELECT s.number, d.workflow_id, d.measure, sum(d.value) FROM spans s JOIN days d"
    ' ON d.flock = s.flock AND d."on" BETWEEN s.first AND s.last'
    " GROUP BY 1, 2, 3 HAVING sum(d.value) > 0"
)
# Any ranges do that do not overlap; of each the least and the greatest value are told.
_BY_KIND = (
    f'{_KNOWN}, days AS MATERIALIZED (SELECT f.workflow_id, f."on", f.case_type,'  # noqa: S608
    " floor(ln(greatest(1, f.took_ms)::float8) * 12) AS range, count(*) AS runs,"
    " min(f.took_ms) AS low, max(f.took_ms) AS high FROM runs_runfact f"
    " WHERE f.workflow_id = ANY(SELECT workflow_id FROM known WHERE kind <> '')"
    ' AND f."on" BETWEEN (SELECT min(first) FROM asked) AND (SELECT max(last) FROM asked)'
    " AND f.took_ms IS NOT NULL AND NOT f.is_test GROUP BY 1, 2, 3, 4)"
    " SELECT a.number, d.workflow_id, d.case_type, min(d.low), max(d.high) + 1,"
    " sum(d.runs)::bigint FROM known k"
    " JOIN days d ON d.workflow_id = k.workflow_id AND d.case_type = k.kind"
    " JOIN asked a ON a.workflow_id = d.workflow_id"
    ' AND d."on" BETWEEN a.first AND a.last'
    " WHERE k.kind <> '' GROUP BY 1, 2, 3, d.range"
)
_FETCH = (
    ", wanted AS (SELECT * FROM unnest(%s::int[], %s::uuid[], %s::text[], %s::bigint[],"
    " %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])"
    " AS wanted (number, workflow_id, kind, low, high, below, first_rank, last_rank)),"
    " ranked AS (SELECT w.*, found.took_ms, w.below + row_number() OVER"
    " (PARTITION BY w.number, w.workflow_id, w.kind ORDER BY found.took_ms) AS rank"
    " FROM wanted w JOIN spans s ON s.number = w.number CROSS JOIN LATERAL ("
    " SELECT f.took_ms FROM runs_runfact f WHERE f.workflow_id = w.workflow_id"
    ' AND f."on" BETWEEN s.first AND s.last AND f.took_ms >= w.low AND f.took_ms < w.high'
    " AND f.took_ms IS NOT NULL AND NOT f.is_test"
    " AND (w.kind = '' OR f.case_type = w.kind) ORDER BY f.took_ms) AS found)"
    " SELECT number, workflow_id, kind, rank, took_ms FROM ranked"
    " WHERE rank BETWEEN first_rank AND last_rank"
)

type Near = Mapping[tuple[UUID, str], tuple[int, Mapping[int, float]]]
type Place = tuple[int, UUID, str]


@dataclass(frozen=True)
class _Range:
    """How many runs took at least so many milliseconds, and less than so many."""

    low: int
    high: int
    runs: int


def times_near_median(
    columns: Columns, kinds: Sequence[tuple[UUID, str]], *, count: int
) -> tuple[Near, ...]:
    """Give, by workflow and kind, how many runs there are and the seconds near the median.

    The kind "" is every run of its workflow. Two queries, three where a kind is named.
    """
    found: list[dict[tuple[UUID, str], tuple[int, dict[int, float]]]] = [
        {} for _ in range(count)
    ]
    if columns.numbers and kinds:
        ranges = _ranges(columns, kinds)
        times = _times(columns, ranges)
        for (number, workflow_id, kind), each in ranges.items():
            near = times.get((number, workflow_id, kind))
            # None where all were counted anew between the questions; the next look has it.
            if near:
                total = sum(one.runs for one in each)
                found[number][workflow_id, kind] = total, near
    return tuple(found)


def _ranges(
    columns: Columns, kinds: Sequence[tuple[UUID, str]]
) -> dict[Place, list[_Range]]:
    found: dict[Place, list[_Range]] = {}
    known: list[str | list[str]] = [
        written(each for each, _ in kinds),
        [kind for _, kind in kinds],
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"{SPANS}{_BY_TALLY}", [*columns, *known, FAMILY, FAMILY])
        for number, workflow_id, measure, runs in cursor.fetchall():
            low, high = range_of(int(measure.removeprefix(FAMILY)))
            place = (number, workflow_id, "")
            found.setdefault(place, []).append(_Range(low, high, int(runs)))
        if any(kind for _, kind in kinds):
            cursor.execute(f"{SPANS}{_BY_KIND}", [*columns, *known])
            for number, workflow_id, kind, low, high, runs in cursor.fetchall():
                place = (number, workflow_id, kind)
                found.setdefault(place, []).append(_Range(low, high, runs))
    return found


def _times(
    columns: Columns, ranges: Mapping[Place, Sequence[_Range]]
) -> dict[Place, dict[int, float]]:
    rows = [(*place, *_around(each)) for place, each in ranges.items()]
    found: dict[Place, dict[int, float]] = {}
    if rows:
        numbers, ids, *rest = (list(column) for column in zip(*rows, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(f"{SPANS}{_FETCH}", [*columns, numbers, written(ids), *rest])
            for number, workflow_id, kind, rank, took_ms in cursor.fetchall():
                place = (number, workflow_id, kind)
                found.setdefault(place, {})[rank] = took_ms / 1000
    return found


def _around(ranges: Sequence[_Range]) -> tuple[int, int, int, int, int]:
    """Give the span of times that holds the middle ranks, how many lie below it, and which."""
    first, last = ranks_near(sum(each.runs for each in ranges))
    below, passed = 0, 0
    low = high = None
    for each in sorted(ranges, key=lambda one: one.low):
        if passed + each.runs >= first and passed < last:
            low, below = (each.low, passed) if low is None else (low, below)
            high = each.high
        passed += each.runs
    if low is None or high is None:
        raise ValueError("no ranks without runs")
    return low, high, below, first, last
