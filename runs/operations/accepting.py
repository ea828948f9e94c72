"""A batch of events is stored before it is answered: what is accepted is committed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts.keys import AgentPrincipal
from portal.audit.operation import operation, record
from portal.core import outbox
from portal.core.digest import sha256_of
from portal.core.ids import new_id
from runs.models import InboxBatch
from runs.operations.batch_sealing import sealed_bytes
from runs.rules.batches import Looked

# The stream that events are sealed in, batch by batch and not one by one.
EVENTS_STREAM = "events"
FOLD_HINT = {"task": "runs.tasks.fold_inbox"}


@dataclass(frozen=True)
class Accepted:
    """What one look at a batch could tell."""

    batch_id: UUID
    accepted: int
    duplicate: int
    rejected: list[dict[str, object]]


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
    batch_id = new_id()
    count = len(looked.events) + len(looked.rejected) + looked.duplicate
    InboxBatch.objects.create(
        id=batch_id,
        agent_id=principal.agent_id,
        key_id=principal.key_id,
        form=form,
        content_type=content_type,
        raw=sealed_bytes(raw, batch_id=batch_id),
        received_at=now,
        event_count=count,
    )
    record(
        "run.batch_accepted",
        actor=principal.actor,
        subject=("inbox_batch", batch_id),
        stream=EVENTS_STREAM,
        count=count,
        digest=sha256_of(raw),
    )
    outbox.enqueue(topic="hint", payload=FOLD_HINT)
    return Accepted(
        batch_id=batch_id,
        accepted=len(looked.events),
        duplicate=looked.duplicate,
        rejected=looked.rejected_document(),
    )
