"""A batch of events is stored before it is answered: what is accepted is committed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.keys import AgentPrincipal
from portal.audit.operation import operation, record, step
from portal.core import outbox
from portal.core.digest import sha256_of
from portal.core.errors import AlreadyDone
from portal.core.locks import Scope, lock_exclusive
from runs.models import InboxBatch
from runs.operations.batch_sealing import sealed_bytes
from runs.operations.reading_spans import ReadSpans
from runs.rules.batches import Looked

# The stream that events are sealed in, batch by batch and not one by one.
EVENTS_STREAM = "events"
FOLD_HINT = {"task": "runs.tasks.fold_inbox"}
# An exporter that lost our answer sends the same bytes again.
SAME_BYTES_WITHIN = timedelta(hours=24)
_SAME_BYTES_CLASS = 10


@dataclass(frozen=True)
class Accepted:
    """What one look at a batch could tell."""

    batch_id: UUID
    accepted: int
    duplicate: int
    rejected: list[dict[str, object]]


@step
def store_batch(
    *,
    agent: Actor,
    key_id: UUID | None,
    raw: bytes,
    form: str,
    content_type: str,
    count: int,
    now: datetime,
) -> UUID:
    """Store the bytes of a batch as those of an agent, and wake the worker.

    Without a key they came in a file, which somebody who may imported.
    """
    return _store(
        InboxBatch(
            agent_id=agent.id,
            key_id=key_id,
            form=form,
            content_type=content_type,
            received_at=now,
            event_count=count,
        ),
        raw,
        agent,
    )


@operation(leaves="run.batch_accepted")
def accept_batch(
    *,
    principal: AgentPrincipal,
    raw: bytes,
    form: str,
    content_type: str,
    looked: Looked,
    now: datetime,
) -> Accepted:
    """Store the bytes of a batch, sealed, and wake the worker. One insert, hint and entry."""
    count = len(looked.events) + len(looked.rejected) + looked.duplicate
    batch_id = _store(
        InboxBatch(
            agent_id=principal.agent_id,
            key_id=principal.key_id,
            form=form,
            content_type=content_type,
            received_at=now,
            event_count=count,
        ),
        raw,
        principal.actor,
    )
    return Accepted(
        batch_id=batch_id,
        accepted=len(looked.events),
        duplicate=looked.duplicate,
        rejected=looked.rejected_document(),
    )


@operation(leaves="run.batch_accepted")
def accept_spans(
    *,
    principal: AgentPrincipal,
    raw: bytes,
    form: str,
    content_type: str,
    read: ReadSpans,
    now: datetime,
) -> UUID:
    """Store an export of spans. Raises AlreadyDone for bytes that came within a day."""
    digest = hashlib.sha256(raw).hexdigest()
    _refuse_same_bytes(principal, digest, now)
    return _store(
        InboxBatch(
            agent_id=principal.agent_id,
            key_id=principal.key_id,
            form=form,
            content_type=content_type,
            digest=digest,
            received_at=now,
            span_count=read.count,
            event_count=read.count,
        ),
        raw,
        principal.actor,
    )


@step
def _refuse_same_bytes(
    principal: AgentPrincipal, digest: str, received_at: datetime
) -> None:
    # Two who send the same at once meet here; what else shares the number only waits.
    lock_exclusive(Scope(_SAME_BYTES_CLASS, int(digest[:7], 16)))
    known = (
        InboxBatch.objects.filter(
            key_id=principal.key_id,
            digest=digest,
            received_at__gt=received_at - SAME_BYTES_WITHIN,
        )
        .values_list("id", flat=True)
        .first()
    )
    if known is not None:
        raise AlreadyDone(
            "batch.same_bytes", "These very bytes are here.", batch=str(known)
        )


@step
def _store(batch: InboxBatch, raw: bytes, actor: Actor) -> UUID:
    batch.raw = sealed_bytes(raw, batch_id=batch.id)
    batch.save(force_insert=True)
    record(
        "run.batch_accepted",
        actor=actor,
        subject=("inbox_batch", batch.id),
        stream=EVENTS_STREAM,
        count=batch.event_count,
        digest=sha256_of(raw),
    )
    outbox.enqueue(topic="hint", payload=FOLD_HINT)
    return batch.id
