"""What became of a batch, as its sender reads it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.core.errors import NotFound
from runs.models import InboxBatch


@dataclass(frozen=True)
class BatchFigures:
    id: UUID
    status: str
    received_at: datetime
    finished_at: datetime | None
    event_count: int
    accepted: int
    duplicate: int
    rejected: list[dict]
    reason: str


def batch_of(*, agent_id: UUID, batch_id: UUID) -> BatchFigures:
    """Give the figures of a batch that this agent sent. One query. Raises NotFound."""
    row = (
        InboxBatch.objects.filter(id=batch_id, agent_id=agent_id)
        .values_list(
            "id",
            "state",
            "received_at",
            "finished_at",
            "event_count",
            "accepted",
            "duplicate",
            "rejected",
            "reason",
        )
        .first()
    )
    if row is None:
        raise NotFound("There is no such batch of yours.")
    return BatchFigures(row[0], row[1].lower(), *row[2:])
