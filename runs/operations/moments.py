"""Steps by which the portal's own records join a run, in the caller's transaction.

Lock order: a run's row is locked after the proposal's and the budget's, and before the
heads of the journal's chains. One run at a time, or ids ascending.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell
from portal.audit.operation import record, step
from portal.core.errors import NotFound
from portal.core.ids import new_id
from runs.models import Hold, KnownBy, Run, RunState
from runs.operations.redacting import hide_moments
from runs.operations.saving import (
    find_run,
    insert_moments,
    insert_run,
    insert_tallies,
    save_folded,
)
from runs.rules import folding
from runs.rules.answering import answered_count
from runs.rules.events import MOMENT_KINDS, Event, Provenance
from runs.rules.sealing import NOT_HEARD, SILENT_AFTER, is_sealed
from runs.rules.story import cost_of, title_of
from runs.rules.tallying import day_of, measures_of

SENTENCE_MAX = 300
RUNS_AT_ONCE = 1_000
_WAITING: ContextVar["list[Moment] | None"] = ContextVar("moments", default=None)


@dataclass(frozen=True)
class Moment:
    """One of our own records, as it will stand in a run."""

    run_id: UUID
    event: Event
    source_id: UUID


@dataclass(frozen=True)
class RunRef:
    """A run as other rooms know it."""

    id: UUID
    is_new: bool
    is_on_hold: bool
    hold_reason: str | None


@step
def ensure_run(
    *,
    workflow_id: UUID,
    agent_run_id: str,
    agent_id: UUID,
    now: datetime,
    known_by: str = KnownBy.RUN,
) -> RunRef:
    """Find the run of a workflow by the agent's own id, or make it. One to three queries.

    Two first requests of one run meet at the unique constraint; the second waits for the
    first and finds its row.
    """
    found = find_run(workflow_id=workflow_id, agent_run_id=agent_run_id)
    if found is None:
        fresh = _fresh(workflow_id, agent_run_id, agent_id, now, known_by)
        if insert_run(fresh):
            return RunRef(fresh.id, is_new=True, is_on_hold=False, hold_reason=None)
        found = find_run(workflow_id=workflow_id, agent_run_id=agent_run_id)
    if found is None:
        raise AssertionError("a run is never removed while it is asked about")
    return RunRef(
        found[0], is_new=False, is_on_hold=found[1], hold_reason=found[2] or None
    )


@step
def ensure_runs(
    *, workflow_id: UUID, names: Iterable[str], agent_id: UUID, now: datetime
) -> dict[str, UUID]:
    """Find or make the runs of many names at once; a merged one leads to what is left.

    Two queries for every thousand, names ascending: so that two workers with the same
    new names never wait for each other in a ring.
    """
    known: dict[str, UUID] = {}
    wanted = sorted(set(names))
    for start in range(0, len(wanted), RUNS_AT_ONCE):
        some = wanted[start : start + RUNS_AT_ONCE]
        Run.every.bulk_create(
            [_fresh(workflow_id, name, agent_id, now, KnownBy.RUN) for name in some],
            ignore_conflicts=True,
        )
        rows = Run.every.filter(workflow_id=workflow_id, agent_run_id__in=some)
        found = Coalesce("merged_into_id", "id")
        known |= dict(rows.values_list("agent_run_id", found))
    return known


def _fresh(
    workflow_id: UUID, agent_run_id: str, agent_id: UUID, now: datetime, known_by: str
) -> Run:
    return Run(
        id=new_id(),
        workflow_id=workflow_id,
        agent_run_id=agent_run_id,
        agent_id=agent_id,
        created_at=now,
        started_at=now,
        last_event_at=now,
        heard_at=now,
        quiet_until=now + SILENT_AFTER,
        known_by=known_by,
        title="Started; nothing told yet.",
    )


@contextmanager
def told_together() -> Iterator[None]:
    """Let the moments that are appended in this block be written at its end, together.

    Asking appends three or four to one run: together they cost one lock, one insert and
    one update. The run's row is so locked late, after everything else but the journal.
    """
    waiting: list[Moment] = []
    token = _WAITING.set(waiting)
    try:
        yield
    finally:
        _WAITING.reset(token)
    for run_id in sorted({moment.run_id for moment in waiting}):
        _write([moment for moment in waiting if moment.run_id == run_id])


@step
def append_moment(
    *, run_id: UUID, kind: str, at: datetime, facts: Mapping[str, Any], actor: Actor
) -> RunRef | None:
    """Append one of our own records to a run and fold it in. Four queries.

    Its time is the database's, so it was received when it happened.

    Locks the run's row. Says whether the run is on hold as of under that lock; inside
    `told_together` it waits for the end of the block, and None is given. Raises NotFound
    for a run that is not there, ValueError for a kind outside the list.
    """
    if kind not in MOMENT_KINDS:
        raise ValueError(f"{kind} is not a moment")
    event = Event(
        id=new_id(),
        kind=kind,
        at=at,
        received_at=at,
        provenance=Provenance.ENFORCED,
        source=actor.name,
        facts=dict(facts),
        source_id=actor.id,
    )
    moment = Moment(run_id, event, actor.id)
    waiting = _WAITING.get()
    if waiting is not None:
        waiting.append(moment)
        return None
    return _write([moment])


@step
def _write(moments: Sequence[Moment]) -> RunRef:
    """Write moments of one run in their order. Four queries, whatever their number."""
    run = lock_run(run_id=moments[0].run_id)
    events = hide_moments(
        [moment.event for moment in moments],
        workflow_id=run.workflow_id,
        now=moments[0].event.received_at,
    )
    sources = [moment.source_id for moment in moments]
    insert_moments(run, list(zip(events, sources, strict=True)))
    fold_into(run, events)
    save_folded([run])
    add_tallies([(run.workflow_id, event) for event in events])
    return RunRef(run.id, False, run.is_held, run.hold_reason or None)


@step
def lock_run(*, run_id: UUID) -> Run:
    """Lock a run's row until the transaction ends. Raises NotFound.

    A run that was merged into another gives that one, so that nothing is told to, and no
    hold is read from, a run that is no more.
    """
    rows = Run.every.select_for_update(no_key=True, of=("self",))
    run = rows.filter(id=run_id).first()
    while run is not None and run.merged_into_id is not None:
        run = rows.filter(id=run.merged_into_id).first()
    if run is None:
        raise NotFound("There is no such run.")
    return run


@step
def hold_run(
    *, run_id: UUID, rule_key: str, sentence: str, actor: Actor, now: datetime
) -> bool:
    """Put a run on hold by a rule; says whether it was new. Nothing resumes by time.

    Held by the same rule already is not news: nothing is written and False is returned.
    """
    run = lock_run(run_id=run_id)
    text = (sentence or "A stop rule fired.")[:SENTENCE_MAX]
    open_holds = Hold.objects.filter(run_id=run_id, resumed_at=None)
    # What is stopped for good is past holding: nobody is asked about it again.
    is_known = Q(rule_key=rule_key) | Q(stopped_at__isnull=False)
    if open_holds.filter(is_known).exists():
        return False
    hold = Hold.objects.create(
        run_id=run_id,
        workflow_id=run.workflow_id,
        rule_key=rule_key,
        sentence=text,
        placed_at=now,
        placed_by_kind=actor.kind,
        placed_by_id=actor.id,
        placed_by_name=actor.name[:120],
    )
    Run.objects.filter(id=run_id).update(is_held=True, hold_reason=text)
    append_moment(
        run_id=run_id,
        kind="held",
        at=now,
        facts={"rule": rule_key, "sentence": text},
        actor=actor,
    )
    record(
        "run.held",
        actor=actor,
        subject=("run", run_id),
        workflow_id=run.workflow_id,
        run=run.agent_run_id,
        sentence=text,
        rule=rule_key,
    )
    tell(
        kind="run_held", subject=("hold", hold.id), workflow_id=run.workflow_id, at=now
    )
    return True


def fold_into(run: Run, events: Iterable[Event]) -> None:
    """Add events to a run's fold and read its columns out of it. Saves nothing."""
    events = list(events)
    run.was_settled |= run.ended_at is not None or run.state == RunState.UNKNOWN
    state = folding.fold(run.fold, events)
    told_at = [event.received_at for event in events if not event.is_moment]
    was_sealed = bool(told_at) and is_sealed(
        ended_at=run.ended_at, heard_at=run.heard_at, now=max(told_at)
    )
    run.fold = state
    run.state = folding.state_of(state)
    run.started_at = folding.started_at(state) or run.started_at
    run.ended_at = folding.ended_at(state)
    run.last_event_at = max([run.last_event_at, *(event.at for event in events)])
    run.title = title_of(state)
    run.answered = answered_count(state)
    run.event_count = state.get("events", 0)
    run.retry_count = state.get("retries", 0)
    run.waited_seconds = folding.waited_seconds(state)
    run.unauthorised_count = folding.unauthorised(state)
    run.cost_amount, run.cost_currency = cost_of(state)
    amount = folding.largest_amount(state)
    if amount is not None:
        run.amount_max, run.amount_currency = amount
    heard = [event.received_at for event in events if event.kind not in NOT_HEARD]
    if heard:
        run.heard_at = max([run.heard_at, *heard] if run.heard_at else heard)
        run.quiet_until = run.heard_at + SILENT_AFTER
    if was_sealed:
        run.amended_at = max(told_at)


@step
def add_tallies(events: Iterable[tuple[UUID, Event]]) -> None:
    """Note what inserted events add to their workflows' days. One query.

    Written as additions, added up later: rulings of one workflow do not queue for a row.
    """
    sums: dict[tuple, Any] = {}
    zone = timezone.get_default_timezone()
    for workflow_id, event in events:
        on = day_of(event, zone)
        for measure, value in measures_of(event).items():
            key = (workflow_id, on, measure)
            sums[key] = sums.get(key, 0) + value
    insert_tallies(sums)
