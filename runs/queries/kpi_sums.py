"""Sums of measures over many spans of days at once: what every number from runs is made of.

Tallies hold what was added up and deltas what was not yet. Both are read by one statement,
so that an addition that moves from one to the other is counted once at every moment.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from django.conf import settings
from django.db import connection

from portal.accounts.actors import Actor
from portal.core.once import once
from registry.queries.across import workflow_ids_seen_by

FEW = 200

type Sums = Mapping[str, Decimal]
# Each set of workflows is written once, however many spans are asked of it. `asked` is a
# row for each span and workflow: only for what reads few rows, or few workflows.
SPANS = (
    "WITH spans AS (SELECT * FROM unnest(%s::int[], %s::int[], %s::date[], %s::date[])"
    " AS spans (number, flock, first, last)),"
    " members AS (SELECT * FROM unnest(%s::int[], %s::uuid[])"
    " AS members (flock, workflow_id)),"
    " asked AS (SELECT s.number, m.workflow_id, s.first, s.last"
    " FROM spans s JOIN members m ON m.flock = s.flock),"
    # All the days in which some span asks of a set.
    " stretch AS (SELECT flock, min(first) AS first, max(last) AS last"
    " FROM spans GROUP BY 1)"
)
# Days are added up over workflows first, so that a workflow's day is read once and not
# once for each span that it is in. Each workflow reads its own stretch of the index.
_COUNTED = (
    ' SELECT {what}, t."on", t.measure, t.value FROM {source} x'
    " JOIN members m ON m.flock = x.flock CROSS JOIN LATERAL ("
    ' SELECT r."on", r.measure, r.value FROM runs_tally r'
    ' WHERE r.workflow_id = m.workflow_id AND r."on" BETWEEN x.first AND x.last'
    " AND {which} OFFSET 0) AS t"
    " UNION ALL"
    ' SELECT {what}, r."on", r.measure, r.value FROM {source} x'
    " JOIN members m ON m.flock = x.flock JOIN runs_tallydelta r"
    ' ON r.workflow_id = m.workflow_id AND r."on" BETWEEN x.first AND x.last AND {which}'
)
_DAYS = (
    ', days AS MATERIALIZED (SELECT {named}, "on", measure, sum(value) AS value'  # noqa: S608
    f" FROM ({_COUNTED}) AS counted"
    ' GROUP BY {named}, "on", measure)'
)
_IN_SPAN = ' FROM spans s JOIN days d ON d.flock = s.flock AND d."on" BETWEEN s.first AND s.last'


def _days(which: str, *, what: str, source: str = "stretch") -> str:
    named = what.replace("m.", "")
    return _DAYS.format(which=which, what=what, named=named, source=source)


def _which(measures: Collection[str], families: Collection[str]) -> tuple[str, list]:
    """Say which measures are read; without a family the index alone tells which."""
    if not families:
        return "r.measure = ANY(%s)", [sorted(measures)]
    which = "(r.measure = ANY(%s) OR r.measure ^@ ANY(%s))"
    return which, [sorted(measures), sorted(families)]


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
    " WHERE workflow_id = ANY(%s::uuid[]) AND measure = ANY(%s)"
    " UNION SELECT measure FROM runs_tallydelta"
    " WHERE workflow_id = ANY(%s::uuid[]) AND measure = ANY(%s)"
)


@dataclass(frozen=True)
class Columns:
    """Spans as the columns that `SPANS` reads; a span of no workflow is not among them.

    Unpacked they are what its statement is given: what is long is written only once.
    """

    numbers: list[int]
    flocks: list[int]
    firsts: list[date]
    lasts: list[date]
    members: list[int]
    ids: list[UUID]

    @cached_property
    def _written(self) -> tuple[str, str]:
        return written(self.members), written(self.ids)

    @property
    def is_each_alone(self) -> bool:
        """Say whether every set of workflows is asked for once: nothing to read twice."""
        return len(set(self.flocks)) == len(self.flocks)

    @property
    def are_few(self) -> bool:
        """Say whether each span may look into each workflow by itself."""
        return len(self.ids) <= FEW

    def __iter__(self) -> Iterator[list | str]:
        return iter(
            (self.numbers, self.flocks, self.firsts, self.lasts, *self._written)
        )


def written(values: Iterable[int | UUID]) -> str:
    """Write many values as one array: value by value it takes as long as the question."""
    return f"{{{','.join(map(str, values))}}}"


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
    if not columns.numbers or not (measures or families):
        return tuple(found)
    which, wanted = _which(measures, families)
    if columns.is_each_alone:
        counted = _COUNTED.format(which=which, what="x.number", source="spans")
        sums = (
            f" SELECT number, measure, sum(value) FROM ({counted}) AS c GROUP BY 1, 2"  # noqa: S608
        )
    else:
        days = _days(which, what="m.flock")
        sums = (
            f"{days} SELECT s.number, d.measure, sum(d.value){_IN_SPAN} GROUP BY 1, 2"
        )
    with connection.cursor() as cursor:
        cursor.execute(f"{SPANS}{sums}", [*columns, *wanted, *wanted])
        for number, measure, value in cursor.fetchall():
            found[number][measure] = value
    return tuple(found)


def sums_by_workflow(
    *, columns: Columns, measures: Collection[str], count: int
) -> tuple[Mapping[UUID, Sums], ...]:
    """Add up measures over spans, for each workflow that has any. One query."""
    found: list[dict[UUID, dict[str, Decimal]]] = [{} for _ in range(count)]
    if columns.numbers and measures:
        which, wanted = _which(measures, ())
        sums = (
            f"{_days(which, what='m.flock, m.workflow_id')} SELECT s.number,"
            f" d.workflow_id, d.measure, sum(d.value){_IN_SPAN} GROUP BY 1, 2, 3"
        )
        with connection.cursor() as cursor:
            cursor.execute(f"{SPANS}{sums}", [*columns, *wanted, *wanted])
            for number, workflow_id, measure, value in cursor.fetchall():
                found[number].setdefault(workflow_id, {})[measure] = value
    return tuple(found)


def waiting_over(columns: Columns, *, count: int) -> tuple[int, ...]:
    """Count the runs that ended in each span and are not counted yet. One query.

    They were heard of minutes ago, or changed since they were counted.
    """
    found = [0] * count
    if columns.numbers:
        with connection.cursor() as cursor:
            cursor.execute(f"{SPANS}{_WAITING}", [*columns, settings.TIME_ZONE])
            for number, waiting in cursor.fetchall():
                found[number] = waiting
    return tuple(found)


def ever_told(columns: Columns, measures: Collection[str]) -> frozenset[str]:
    """Give which of some measures the workflows of any span ever added to. One query."""
    if not columns.numbers:
        return frozenset()
    ids, wanted = written(set(columns.ids)), sorted(measures)
    with connection.cursor() as cursor:
        cursor.execute(_EVER, [ids, wanted, ids, wanted])
        return frozenset(name for (name,) in cursor.fetchall())


@once
def columns_of(spans: Sequence[Span], *, seen: frozenset[UUID]) -> Columns:
    """Write spans as columns, with the workflows of each that may be seen."""
    flocks: dict[frozenset[UUID] | None, int] = {}
    found = Columns([], [], [], [], [], [])
    empty = set()
    for number, span in enumerate(spans):
        flock = flocks.get(span.workflows)
        if flock is None:
            flock = flocks[span.workflows] = len(flocks)
            mine = seen if span.workflows is None else span.workflows & seen
            found.ids.extend(sorted(mine, key=_by_number))
            found.members.extend([flock] * len(mine))
            if not mine:
                empty.add(flock)
        if flock not in empty:
            found.numbers.append(number)
            found.flocks.append(flock)
            found.firsts.append(span.first)
            found.lasts.append(span.last)
    return found


def _by_number(workflow_id: UUID) -> int:
    return workflow_id.int
