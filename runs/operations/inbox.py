"""The inbox: batches are claimed, given back, put aside and sent through again.

Claiming leases a batch by the database's clock, so that two workers share the inbox and
a dead one's batches come back.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection

from portal.accounts.actors import SYSTEM, Actor
from portal.audit.operation import operation, record, step
from portal.core import outbox
from portal.core.errors import AlreadyDone
from runs.models import InboxBatch
from runs.operations.accepting import EVENTS_STREAM, FOLD_HINT
from runs.operations.redacting import hidden_words

LEASE_SECONDS = 60
ATTEMPTS_MAX = 5
CLAIM_MAX = 2
REASON_MAX = 300


def claim_batches(*, limit: int = CLAIM_MAX) -> list[UUID]:
    """Lease the oldest waiting batches. One statement, committed at once.

    The lease is kept by the database's clock; `SKIP LOCKED` keeps two workers apart.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs_inboxbatch SET attempts = attempts + 1,"
            " lease_until = clock_timestamp() + %s * interval '1 second'"
            " WHERE id IN (SELECT id FROM runs_inboxbatch WHERE state = 'PENDING'"
            " AND (lease_until IS NULL OR lease_until < clock_timestamp())"
            " ORDER BY received_at, id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id",
            [LEASE_SECONDS, limit],
        )
        return sorted(row[0] for row in cursor.fetchall())


@step
def lock_batch(*, batch_id: UUID) -> InboxBatch:
    batch = (
        InboxBatch.objects.select_for_update(no_key=True, of=("self",))
        .select_related("agent")
        .filter(id=batch_id, state=InboxBatch.State.PENDING)
        .first()
    )
    if batch is None:
        raise AlreadyDone("batch.done", "Another worker has read this batch.")
    return batch


@operation(leaves="run.batch_buried")
def bury_batch(*, batch_id: UUID, reason: str, now: datetime) -> None:
    """Put a batch that cannot be read aside, with the reason; `redrive` brings it back."""
    batch = lock_batch(batch_id=batch_id)
    # What the database refused may stand in its own words.
    reason = hidden_words(reason)
    InboxBatch.objects.filter(id=batch.id).update(
        state=InboxBatch.State.DEAD,
        reason=reason[:REASON_MAX] or "unknown",
        finished_at=now,
        lease_until=None,
    )
    record(
        "run.batch_buried",
        actor=SYSTEM,
        subject=("inbox_batch", batch_id),
        stream=EVENTS_STREAM,
        reason=reason[:REASON_MAX],
    )


@operation(leaves="run.batch_redriven")
def redrive_batches(*, actor: Actor, now: datetime) -> int:
    """Send every batch that was put aside through again; says how many.

    Raises AlreadyDone when there is none.
    """
    dead = InboxBatch.objects.filter(state=InboxBatch.State.DEAD)
    count = dead.update(
        state=InboxBatch.State.PENDING,
        attempts=0,
        reason="",
        finished_at=None,
        lease_until=None,
    )
    if count == 0:
        raise AlreadyDone("batch.none_buried", "No batch is put aside.")
    record("run.batch_redriven", actor=actor, stream=EVENTS_STREAM, count=count)
    return count


@operation(leaves="run.batch_redriven")
def redrive_batch(*, actor: Actor, batch_id: UUID, now: datetime) -> None:
    """Send one batch that was put aside through again, at once.

    The caller has asked whether the actor looks after its agent. Compare-and-set: raises
    AlreadyDone when somebody was faster.
    """
    changed = InboxBatch.objects.filter(
        id=batch_id, state=InboxBatch.State.DEAD
    ).update(
        state=InboxBatch.State.PENDING,
        attempts=0,
        reason="",
        finished_at=None,
        lease_until=None,
    )
    if changed == 0:
        raise AlreadyDone("batch.not_buried", "This batch is not put aside any more.")
    record(
        "run.batch_redriven",
        actor=actor,
        subject=("inbox_batch", batch_id),
        stream=EVENTS_STREAM,
        count=1,
    )
    outbox.enqueue(topic="hint", payload=FOLD_HINT)


def attempts_of(batch_id: UUID) -> tuple[int, bool]:
    """Say how often a batch was claimed, and whether folding it failed. One query."""
    attempts, reason = InboxBatch.objects.values_list("attempts", "reason").get(
        id=batch_id
    )
    return attempts, bool(reason)


def give_back(batch_id: UUID, *, attempts: int, reason: str) -> None:
    """Make a batch that failed due again, a little later each time. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs_inboxbatch SET reason = %s, lease_until = clock_timestamp()"
            " + %s * interval '1 second' WHERE id = %s AND state = 'PENDING'",
            [
                hidden_words(reason)[:REASON_MAX],
                min(2**attempts, LEASE_SECONDS),
                batch_id,
            ],
        )


def end_leases() -> None:
    """Make every leased batch due at once, for `redrive` after a worker died.

    One statement. A worker that lives keeps its batch: it holds the row's lock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs_inboxbatch SET lease_until = NULL"
            " WHERE state = 'PENDING' AND lease_until > clock_timestamp()"
            " AND id IN (SELECT id FROM runs_inboxbatch WHERE state = 'PENDING'"
            " FOR UPDATE SKIP LOCKED)"
        )
