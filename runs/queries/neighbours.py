"""What settled runs of one case, or for one requester, say of one another."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from runs.models import ReportedCost, RunEvent
from runs.queries.stories import event_of
from runs.rules.counting.belonging import Around, Belonging, belonging_of
from runs.rules.events import Event

REOPENED_WITHIN = "14 days"
BACK_WITHIN = "24 hours"
_PLACES = (
    "unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[],"
    " %s::timestamptz[], %s::boolean[]) AS x"
    " (run_id, workflow_id, case_hash, requester_hash, started_at, ended_at, is_there)"
)
_OF_CASE = (
    "FROM runs_runfact f WHERE f.workflow_id = x.workflow_id AND f.case_hash <> ''"
    " AND f.case_hash = x.case_hash AND f.run_id <> x.run_id AND NOT f.is_test"
)
_OF_REQUESTER = (
    "FROM runs_runfact f WHERE f.workflow_id = x.workflow_id"
    " AND f.requester_hash <> '' AND f.requester_hash = x.requester_hash"
    " AND f.run_id <> x.run_id AND NOT f.is_test"
)
_AROUND = (
    "SELECT x.run_id,"  # noqa: S608 - our own words only
    f" NOT EXISTS (SELECT {_OF_CASE}"
    " AND (f.ended_at, f.run_id) > (x.ended_at, x.run_id)),"
    f" EXISTS (SELECT {_OF_CASE} AND f.measures ? 'run.handed'),"
    f" EXISTS (SELECT {_OF_CASE} AND f.started_at > x.ended_at"
    f" AND f.started_at <= x.ended_at + interval '{REOPENED_WITHIN}'),"
    f" EXISTS (SELECT {_OF_REQUESTER} AND f.started_at > x.ended_at"
    f" AND f.started_at <= x.ended_at + interval '{BACK_WITHIN}')"
    f" FROM {_PLACES}"
)
# Of a case: who may be its newest run, and whose end this run follows. Of a requester:
# who is called back by it. Only those that do not say so yet, so that counting a run
# never counts all others of a busy requester again.
_MARK = (
    "INSERT INTO runs_rundue (id, run_id, due_at)"  # noqa: S608 - our own words only
    " SELECT gen_random_uuid(), others.run_id, %s FROM (SELECT DISTINCT other.run_id"
    f" FROM {_PLACES} CROSS JOIN LATERAL ("
    f"(SELECT f.run_id {_OF_CASE} ORDER BY f.ended_at DESC, f.run_id DESC LIMIT 1)"
    f" UNION ALL (SELECT f.run_id {_OF_CASE} AND f.measures ? 'run.cases')"
    f" UNION ALL (SELECT f.run_id {_OF_CASE} AND f.ended_at < x.started_at"
    " AND f.measures ? 'run.closed' AND (f.measures ? 'run.reopened') <> x.is_there"
    f" AND f.ended_at >= x.started_at - interval '{REOPENED_WITHIN}')"
    f" UNION ALL (SELECT f.run_id {_OF_REQUESTER} AND f.ended_at < x.started_at"
    " AND f.measures ? 'run.cases_followed'"
    " AND (f.measures ? 'run.cases_back') <> x.is_there"
    f" AND f.ended_at >= x.started_at - interval '{BACK_WITHIN}')"
    ") AS other) AS others"
)


@dataclass(frozen=True)
class Place:
    """Where a run stands among those of its case and its requester."""

    run_id: UUID
    workflow_id: UUID
    case_hash: str
    requester_hash: str
    started_at: datetime
    ended_at: datetime
    is_handed: bool = False
    # False of where a run was, and is no more.
    is_there: bool = True


def belonging_of_runs(run_ids: Sequence[UUID]) -> Mapping[UUID, Belonging]:
    """Give the case and the requester that each run told of. One query."""
    found: dict[UUID, list[Event]] = {run_id: [] for run_id in run_ids}
    kinds = ("run.started", "asked")
    rows = RunEvent.objects.filter(run_id__in=run_ids, kind__in=kinds).order_by()
    for row in rows:
        found[row.run_id].append(event_of(row))
    return {run_id: belonging_of(events) for run_id, events in found.items()}


def around_of_places(places: Sequence[Place]) -> Mapping[UUID, Around]:
    """Give what other counted runs say of some. At most one query."""
    some = [place for place in places if place.case_hash or place.requester_hash]
    if not some:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_AROUND, _columns(some))
        return {row[0]: Around(*row[1:]) for row in cursor.fetchall()}


def mark_neighbours(places: Sequence[Place], *, now: datetime) -> None:
    """Note the runs that others may have changed; they are counted next. One query."""
    if places:
        with connection.cursor() as cursor:
            cursor.execute(_MARK, [now, *_columns(places)])


def runs_past_a_cap(run_ids: Collection[UUID]) -> frozenset[UUID]:
    """Give the runs that told costs which passed a spend cap of theirs. One query."""
    batches = ReportedCost.objects.filter(has_passed_cap=True).values("batch_id")
    rows = RunEvent.objects.filter(
        run_id__in=list(run_ids),
        kind__in=("cost", "model.called"),
        batch_id__in=batches,
    )
    return frozenset(rows.order_by().values_list("run_id", flat=True).distinct())


def _columns(places: Sequence[Place]) -> list[list]:
    return [
        [place.run_id for place in places],
        [place.workflow_id for place in places],
        [place.case_hash for place in places],
        [place.requester_hash for place in places],
        [place.started_at for place in places],
        [place.ended_at for place in places],
        [place.is_there for place in places],
    ]
