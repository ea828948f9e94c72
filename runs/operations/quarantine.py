"""Traces that nobody can place wait for a person, who places or dismisses them.

Their bytes stay in the inbox. Placing writes which run the trace leads to and lets the
worker read its batches again: what was taken the first time is known by its key.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core import outbox
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from portal.core.ids import new_id
from registry.queries.agents import workflows_served_by
from runs.models import (
    InboxBatch,
    KnownBy,
    LinkRule,
    Run,
    RunLink,
    UnplacedPart,
    UnplacedTrace,
)
from runs.operations.accepting import FOLD_HINT
from runs.operations.batch_sealing import erase
from runs.operations.moments import ensure_run
from runs.queries.unplaced import unplaced_to_settle
from runs.rules.stitching import KEY_LENGTH_MAX, Gathered, Why

REASON_MAX = 300
OPEN_MAX = 1_000
# The one row in which everything beyond the limit is counted.
MANY_MORE = "*"


@step
def put_aside(
    batch: InboxBatch, aside: Mapping[str, tuple[Gathered, Why]], *, now: datetime
) -> None:
    """Keep which spans of a batch wait for a place. Six queries if there are any.

    Put aside twice is put aside once: a span is known by its id. A flood of traces past
    the limit is counted in one row.
    """
    if not aside:
        return
    known = dict(
        UnplacedTrace.objects.filter(
            agent_id=batch.agent_id, trace_id__in=[*aside, MANY_MORE]
        ).values_list("trace_id", "id")
    )
    room = OPEN_MAX - _open_count(batch.agent_id)
    fresh: list[UnplacedTrace] = []
    spans_of: dict[str, set[str]] = {}
    for trace_id in sorted(aside):
        told, why = aside[trace_id]
        key = trace_id if trace_id in known or len(fresh) < room else MANY_MORE
        span_ids = {f"{trace_id}:{span_id}" for span_id in told.span_ids}
        spans_of.setdefault(key, set()).update(span_ids)
        if key not in known and key not in {row.trace_id for row in fresh[-1:]}:
            fresh.append(_row(batch, key, told, why, now))
    UnplacedTrace.objects.bulk_create(fresh, ignore_conflicts=True)
    rows = {
        row.trace_id: row
        for row in UnplacedTrace.objects.select_for_update(no_key=True, of=("self",))
        .filter(agent_id=batch.agent_id, trace_id__in=list(spans_of))
        .order_by("id")
    }
    _keep_parts(batch, {rows[key]: ids for key, ids in spans_of.items()}, now)


def _open_count(agent_id: UUID) -> int:
    waiting = UnplacedTrace.objects.filter(
        agent_id=agent_id, state=UnplacedTrace.State.OPEN
    )
    return waiting[:OPEN_MAX].count()


def _row(
    batch: InboxBatch, key: str, told: Gathered, why: Why, now: datetime
) -> UnplacedTrace:
    is_one = key != MANY_MORE
    return UnplacedTrace(
        id=new_id(),
        agent_id=batch.agent_id,
        trace_id=key,
        why=why.value,
        named=", ".join(told.workflows)[:120] if is_one else "",
        conversation=told.conversation if is_one else "",
        first_span=told.first_name if is_one else "",
        first_at=now,
        last_at=now,
    )


@step
def _keep_parts(
    batch: InboxBatch, spans_of: Mapping[UnplacedTrace, set[str]], now: datetime
) -> None:
    kept = {
        part.trace_id: part
        for part in UnplacedPart.objects.filter(batch=batch, trace__in=list(spans_of))
    }
    for trace, span_ids in spans_of.items():
        part = kept.get(trace.id)
        if part is None:
            part = UnplacedPart(id=new_id(), trace=trace, batch=batch, span_ids=[])
        more = sorted(span_ids - set(part.span_ids))
        if more:
            part.span_ids = [*part.span_ids, *more]
            part.spans = len(part.span_ids)
            part.save()
            UnplacedTrace.objects.filter(id=trace.id).update(
                spans=UnplacedPart.objects.filter(trace=trace).aggregate(
                    total=Sum("spans")
                )["total"],
                last_at=now,
            )
    InboxBatch.objects.filter(id=batch.id).update(quarantined=quarantined_in(batch))


def quarantined_in(batch: InboxBatch) -> int:
    """Count the spans of a batch that wait for a place, or were dismissed. One query."""
    parts = UnplacedPart.objects.filter(batch=batch).exclude(
        trace__state=UnplacedTrace.State.PLACED
    )
    return parts.aggregate(total=Sum("spans"))["total"] or 0


def waits_in(batch: InboxBatch) -> bool:
    """Say whether a span of a batch still waits for a place, so that its bytes are needed."""
    return UnplacedPart.objects.filter(
        batch=batch, trace__state=UnplacedTrace.State.OPEN
    ).exists()


@step
def settle_placed(
    *, agent_id: UUID, runs: Mapping[str, tuple[UUID, UUID]], now: datetime
) -> None:
    """Close what waited for a place and has found one by itself. One query if none did.

    `runs` leads from a trace to its workflow and run.
    """
    waiting = UnplacedTrace.objects.filter(
        agent_id=agent_id, trace_id__in=list(runs), state=UnplacedTrace.State.OPEN
    )
    for row in waiting:
        workflow_id, run_id = runs[row.trace_id]
        UnplacedTrace.objects.filter(id=row.id).update(
            state=UnplacedTrace.State.PLACED,
            settled_at=now,
            workflow_id=workflow_id,
            run_id=run_id,
        )


@operation(leaves="run.trace_placed")
def place_trace(
    *,
    actor: Actor,
    trace_id: UUID,
    workflow: str,
    run_id: UUID | None,
    reason: str,
    now: datetime,
) -> UUID:
    """Say which run a trace belongs to, or that it is a run of its own; gives the run.

    The person may change the workflow, and the agent serves it: whoever places a trace
    gives an agent no workflow. Raises NotFound, Invalid or Conflict.
    """
    trace = _locked(actor, trace_id)
    words = _words(reason)
    if trace.trace_id == MANY_MORE:
        raise Conflict("trace.many", "These are many traces; let them be tried again.")
    served = workflows_served_by(agent_id=trace.agent_id)
    if workflow not in served:
        raise Invalid({"workflow": "Its agent does not serve this workflow."})
    workflow_id = served[workflow]
    if not access.may(actor, access.EDIT, workflow_id):
        raise NotFound("There is nothing here, or you may not change it.")
    if run_id is None:
        run_id = ensure_run(
            workflow_id=workflow_id,
            agent_run_id=trace.trace_id,
            agent_id=trace.agent_id,
            now=now,
            known_by=KnownBy.TRACE,
        ).id
    run = Run.objects.filter(id=run_id, workflow_id=workflow_id).first()
    if run is None:
        raise Invalid({"run": "Choose a run of this workflow."})
    RunLink.objects.update_or_create(
        workflow_id=workflow_id,
        key=trace.trace_id[:KEY_LENGTH_MAX],
        kind=RunLink.Kind.TRACE,
        defaults={
            "agent_id": trace.agent_id,
            "run": run,
            "rule": LinkRule.PERSON,
            "linked_at": now,
            "seen_at": now,
        },
    )
    _settle(trace, UnplacedTrace.State.PLACED, words, actor, now)
    UnplacedTrace.objects.filter(id=trace.id).update(run=run, workflow_id=workflow_id)
    _read_again([trace.id])
    record(
        "run.trace_placed",
        actor=actor,
        subject=("run", run.id),
        workflow_id=workflow_id,
        agent=trace.agent.name,
        run=run.agent_run_id,
        trace=trace.trace_id,
        reason=words,
    )
    return run.id


@operation(leaves="run.trace_dismissed")
def dismiss_trace(*, actor: Actor, trace_id: UUID, reason: str, now: datetime) -> None:
    """Say that a trace belongs nowhere: its bytes are erased, that it came is kept."""
    trace = _locked(actor, trace_id)
    words = _words(reason)
    _settle(trace, UnplacedTrace.State.DISMISSED, words, actor, now)
    _erase_read_batches(trace)
    record(
        "run.trace_dismissed",
        actor=actor,
        subject=("unplaced_trace", trace.id),
        agent=trace.agent.name,
        trace=trace.trace_id,
        reason=words,
    )


@operation(leaves="run.traces_tried")
def try_again(*, actor: Actor, trace_id: UUID, now: datetime) -> int:
    """Let everything that waits of one agent be placed anew; says how many batches.

    For after the cause is gone: the agent serves the workflow now, or was told its name.
    """
    trace = _locked(actor, trace_id)
    waiting = UnplacedTrace.objects.filter(
        agent_id=trace.agent_id, state=UnplacedTrace.State.OPEN
    )
    ids = list(waiting.values_list("id", flat=True)[: OPEN_MAX + 1])
    count = _read_again(ids)
    # What still has no place comes back, a row each as far as there is room.
    many = waiting.filter(trace_id=MANY_MORE)
    UnplacedPart.objects.filter(trace__in=many).delete()
    many.update(spans=0)
    record(
        "run.traces_tried",
        actor=actor,
        subject=("agent", trace.agent_id),
        agent=trace.agent.name,
        count=len(ids),
    )
    return count


@step
def _locked(actor: Actor, trace_id: UUID) -> UnplacedTrace:
    seen = unplaced_to_settle(actor).filter(id=trace_id).exists()
    trace = (
        UnplacedTrace.objects.select_for_update(no_key=True, of=("self",))
        .select_related("agent")
        .filter(id=trace_id)
        .first()
    )
    if trace is None or not seen:
        raise NotFound("There is nothing here, or you may not change it.")
    if trace.state != UnplacedTrace.State.OPEN:
        raise AlreadyDone("trace.settled", "Somebody settled this trace already.")
    return trace


@step
def _erase_read_batches(trace: UnplacedTrace) -> None:
    """Erase the bytes of its batches in which nothing waits any more."""
    batches = set(trace.parts.values_list("batch_id", flat=True))
    waiting = UnplacedPart.objects.filter(
        batch_id__in=batches, trace__state=UnplacedTrace.State.OPEN
    )
    for batch_id in sorted(batches - set(waiting.values_list("batch_id", flat=True))):
        erase(batch_id)


def _words(reason: str) -> str:
    words = reason.strip()
    if not words:
        raise Invalid({"reason": "Say why; it is kept in the journal."})
    return words[:REASON_MAX]


@step
def _settle(
    trace: UnplacedTrace, state: str, words: str, actor: Actor, now: datetime
) -> None:
    UnplacedTrace.objects.filter(id=trace.id).update(
        state=state, settled_at=now, settled_by_id=actor.id, reason=words
    )


@step
def _read_again(trace_ids: list[UUID]) -> int:
    """Let the worker read the batches of these traces once more. Two queries."""
    batches = UnplacedPart.objects.filter(trace__in=trace_ids).values("batch")
    count = InboxBatch.objects.filter(
        id__in=batches, state=InboxBatch.State.DONE
    ).update(
        state=InboxBatch.State.PENDING,
        attempts=0,
        reason="",
        finished_at=None,
        lease_until=None,
    )
    outbox.enqueue(topic="hint", payload=FOLD_HINT)
    return count
