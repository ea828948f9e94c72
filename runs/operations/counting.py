"""Settled runs are counted: one row of facts beside each, and its day's tallies by difference.

A run's numbers are worked out from its events, here and nowhere else. Whoever saves a run
only notes that it is due; so no ruling counts, and counting holds no row of a run. One
counts at a time, so that what a run added before is taken back exactly once.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.core.locks import COUNTING, try_lock
from runs.models import KnownBy, Run, RunDue, RunEvent, RunFact, RunState
from runs.operations.saving import write_additions
from runs.queries.neighbours import (
    Place,
    around_of_places,
    belonging_of_runs,
    mark_neighbours,
    runs_past_a_cap,
)
from runs.queries.put_back import runs_put_back
from runs.queries.stories import event_of
from runs.rules import folding
from runs.rules.answering import answered_count
from runs.rules.counting.belonging import Around, Belonging
from runs.rules.counting.measures import VERSION, Settled, measures_of_run, spent_by
from runs.rules.events import Event
from runs.rules.sealing import is_sealed

RUNS_AT_ONCE = 200
ROUNDS_MAX = 50
EVENTS_AT_ONCE = 2_000

type Additions = dict[tuple[UUID, date, str], Decimal]


@dataclass(frozen=True)
class Counted:
    """How many runs were looked at, and how many were not what stood beside them."""

    runs: int
    changed: int


def count_due_runs(*, now: datetime) -> int:
    """Count the settled runs that are due; says how many. Safe doubled and dead.

    Nine queries for two hundred runs, and their events are read once.
    """
    total = 0
    for _ in range(ROUNDS_MAX):
        taken = _count_some(now)
        total += taken
        # Counting one may make another of its case due at once.
        if not taken:
            break
    return total


def _count_some(now: datetime) -> int:
    with transaction.atomic(durable=True):  # noqa: TID251 - it writes no business fact
        if not try_lock(COUNTING):
            return 0
        rows = RunDue.objects.filter(due_at__lte=now).order_by("due_at", "id")
        # No more than that is read: whole backlogs may be due.
        due = list(rows[:RUNS_AT_ONCE])
        if due:
            # What is noted from here on is read by the next round.
            RunDue.objects.filter(id__in=[row.id for row in due]).delete()
            count_runs(run_ids={row.run_id for row in due}, now=now)
        return len(due)


def count_runs(*, run_ids: Iterable[UUID], now: datetime) -> Counted:
    """Count some runs anew from their events. The caller holds the lock of counting.

    Writes the differences to what each added before, and notes which other runs of the
    same case or requester are to be counted again.
    """
    ids = sorted(set(run_ids))
    # Runs first, events after: a run that changes in between is due again.
    runs = list(Run.every.filter(id__in=ids).order_by("id"))
    kept = {fact.run_id: fact for fact in RunFact.objects.filter(run_id__in=ids)}
    facts = _facts_of(runs, kept, now)
    additions: Additions = {}
    changed: list[tuple[RunFact | None, RunFact | None]] = []
    for run_id, fact in facts.items():
        before = kept.get(run_id)
        if _is_same(before, fact):
            continue
        changed.append((before, fact))
        _add(additions, before, -1)
        _add(additions, fact, 1)
    _write(changed)
    write_additions({key: value for key, value in additions.items() if value})
    mark_neighbours(
        [
            place
            for before, after in changed
            for place in _moved(before, after)
            if place.case_hash or place.requester_hash
        ],
        now=now,
    )
    return Counted(len(runs), len(changed))


def day_of_moment(moment: datetime) -> date:
    """Give the day of a moment in the organisation's time zone."""
    return timezone.localtime(moment, timezone.get_default_timezone()).date()


def _facts_of(
    runs: Sequence[Run], kept: Mapping[UUID, RunFact], now: datetime
) -> dict[UUID, RunFact | None]:
    """Work out what each run comes to now; None for one that is not settled any more."""
    found: dict[UUID, RunFact | None] = {}
    over = [run for run in runs if _is_over(run)]
    found |= {run.id: None for run in runs if not _is_over(run)}
    ready = [run for run in over if _may_be_counted(run, now)]
    belonging = belonging_of_runs([run.id for run in ready])
    places = [_place_of(run, belonging[run.id]) for run in ready]
    around = around_of_places(places)
    capped = runs_past_a_cap([run.id for run in ready])
    put_back = runs_put_back(
        [place.run_id for place in places], [place.ended_at for place in places]
    )
    by_id = {run.id: run for run in ready}
    for run_id, events in _events_by_run(by_id):
        run = by_id.pop(run_id)
        settled = _settled(
            run,
            events,
            belonging[run_id],
            around.get(run_id, Around()),
            has_passed_cap=run_id in capped,
            is_put_back=run_id in put_back,
        )
        found[run_id] = _fact_of(run, settled, now)
    # A run whose events are kept no more keeps what was counted while they were.
    found |= {run_id: _kept_on(kept[run_id]) for run_id in by_id if run_id in kept}
    return found


def _kept_on(fact: RunFact) -> RunFact:
    """Give a fact on its day of today's time zone, with what it says of its run."""
    later = copy(fact)
    later.on, later.version = day_of_moment(fact.ended_at), VERSION
    return later


def _is_over(run: Run) -> bool:
    is_over = run.ended_at is not None or run.state == RunState.UNKNOWN
    return is_over and run.merged_into_id is None


def _may_be_counted(run: Run, now: datetime) -> bool:
    """Say whether a run is settled; one that was just heard of is due again later."""
    return run.state == RunState.UNKNOWN or is_sealed(
        ended_at=run.ended_at, heard_at=run.heard_at, now=now
    )


def _place_of(run: Run, belonging: Belonging) -> Place:
    return Place(
        run_id=run.id,
        workflow_id=run.workflow_id,
        case_hash=belonging.case_hash,
        requester_hash=belonging.requester_hash,
        started_at=run.started_at,
        ended_at=run.ended_at or run.last_event_at,
    )


def _events_by_run(
    runs: Mapping[UUID, Run],
) -> Iterable[tuple[UUID, list[Event]]]:
    rows = RunEvent.objects.filter(run_id__in=list(runs)).order_by("run_id", "at", "id")
    read = rows.iterator(chunk_size=EVENTS_AT_ONCE)
    for run_id, some in groupby(read, key=lambda row: row.run_id):
        yield run_id, [event_of(row) for row in some]


def _settled(
    run: Run,
    events: list[Event],
    belonging: Belonging,
    around: Around,
    *,
    has_passed_cap: bool,
    is_put_back: bool,
) -> Settled:
    """Read a run out of its events; only that it fell silent stands nowhere else."""
    state = folding.fold({}, events)
    if "silent" in run.fold:
        state["silent"] = run.fold["silent"]
    return Settled(
        state=folding.state_of(state),
        started_at=folding.started_at(state) or run.started_at,
        ended_at=folding.ended_at(state) or max(event.at for event in events),
        is_test=run.is_test,
        is_named=run.known_by != KnownBy.TRACE,
        has_passed_cap=has_passed_cap,
        answered=answered_count(state),
        fold=state,
        events=events,
        belonging=belonging,
        around=around,
        is_put_back=is_put_back,
    )


def _fact_of(run: Run, settled: Settled, now: datetime) -> RunFact:
    spent = None if settled.is_test else spent_by(settled)
    return RunFact(
        run_id=run.id,
        workflow_id=run.workflow_id,
        on=day_of_moment(settled.ended_at),
        started_at=settled.started_at,
        ended_at=settled.ended_at,
        is_test=settled.is_test,
        case_type=settled.belonging.case_type,
        case_hash=settled.belonging.case_hash,
        requester_hash=settled.belonging.requester_hash,
        took_ms=spent.took_ms if spent else None,
        event_count=len(settled.events),
        version=VERSION,
        measures={
            name: f"{value:f}" for name, value in measures_of_run(settled).items()
        },
        counted_at=now,
    )


def _is_same(before: RunFact | None, after: RunFact | None) -> bool:
    if before is None or after is None:
        return before is after
    names = [
        field.attname
        for field in RunFact._meta.concrete_fields
        if field.attname != "counted_at"
    ]
    return all(getattr(before, name) == getattr(after, name) for name in names)


def _add(additions: Additions, fact: RunFact | None, sign: int) -> None:
    if fact is None:
        return
    for measure, value in fact.measures.items():
        key = (fact.workflow_id, fact.on, measure)
        additions[key] = additions.get(key, Decimal(0)) + sign * Decimal(value)


def _write(changed: Sequence[tuple[RunFact | None, RunFact | None]]) -> None:
    gone = [before.run_id for before, after in changed if before and after is None]
    if gone:
        RunFact.objects.filter(run_id__in=gone).delete()
    names = [field.name for field in RunFact._meta.concrete_fields]
    RunFact.objects.bulk_create(
        [after for _, after in changed if after],
        update_conflicts=True,
        unique_fields=["run"],
        update_fields=[name for name in names if name != "run"],
    )


def _moved(before: RunFact | None, after: RunFact | None) -> list[Place]:
    """Give where a run was and is among others, if that is not the same."""
    was = _place_in(before) if before else None
    place = _place_in(after) if after else None
    if was == place:
        return []
    moved = [place] if place else []
    return [*moved, replace(was, is_there=False)] if was else moved


def _place_in(fact: RunFact) -> Place:
    return Place(
        run_id=fact.run_id,
        workflow_id=fact.workflow_id,
        case_hash="" if fact.is_test else fact.case_hash,
        requester_hash="" if fact.is_test else fact.requester_hash,
        started_at=fact.started_at,
        ended_at=fact.ended_at,
        is_handed="run.handed" in fact.measures,
    )
