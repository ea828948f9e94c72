"""What became of a batch, as its sender reads it and as people read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Func, IntegerField, QuerySet

from portal.accounts.models import Agent
from portal.core.errors import NotFound
from portal.core.pagination import keyset
from runs.models import InboxBatch

LISTED_MAX = 200
ORDER = ("-received_at", "-id")
STATE_MARKS = {"PENDING": "waiting", "DONE": "done", "DEAD": "failed"}
ONLY: Mapping[str, str] = {
    "rejected": "With something not taken",
    "dead": "That could not be read",
}


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


@dataclass(frozen=True)
class BatchLine:
    """One batch of a list, in figures."""

    id: UUID
    door: str
    state: str
    state_mark: str
    received_at: datetime
    events: int
    accepted: int
    rejected: int
    duplicate: int
    late: int
    quarantined: int


@dataclass(frozen=True)
class BatchPage:
    """One batch with why its events were not taken."""

    line: BatchLine
    finished_at: datetime | None
    content_type: str
    attempts: int
    reason: str
    is_dead: bool
    rejected: tuple[dict[str, Any], ...]
    more: int


@dataclass(frozen=True)
class BatchList:
    lines: tuple[BatchLine, ...]
    next_cursor: str | None
    previous_cursor: str | None


def batches_of(agent: Agent, *, only: str = "", cursor: str | None = None) -> BatchList:
    """Give one page of an agent's batches, newest first. One query.

    The caller has asked whether the agent may be seen.
    """
    rows = _counted(InboxBatch.objects.filter(agent=agent)).defer("rejected")
    if only == "rejected":
        rows = rows.exclude(rejected=[])
    elif only == "dead":
        rows = rows.filter(state=InboxBatch.State.DEAD)
    page = keyset(rows, order=ORDER, cursor=cursor)
    return BatchList(
        tuple(_line(batch) for batch in page.items),
        page.next_cursor,
        page.previous_cursor,
    )


def batch_page(agent: Agent, *, batch_id: UUID) -> BatchPage:
    """Give one batch of an agent. One query. Raises NotFound."""
    found = _counted(InboxBatch.objects.filter(agent=agent, id=batch_id)).first()
    if found is None:
        raise NotFound("There is no such batch of this agent.")
    return BatchPage(
        line=_line(found),
        finished_at=found.finished_at,
        content_type=found.content_type,
        attempts=found.attempts,
        reason=found.reason,
        is_dead=found.state == InboxBatch.State.DEAD,
        rejected=tuple(found.rejected[:LISTED_MAX]),
        more=max(0, len(found.rejected) - LISTED_MAX),
    )


def _counted(rows: QuerySet[InboxBatch]) -> QuerySet:
    length = Func(
        F("rejected"), function="jsonb_array_length", output_field=IntegerField()
    )
    return rows.defer("raw").annotate(rejected_count=length)


def _line(batch: Any) -> BatchLine:
    return BatchLine(
        id=batch.id,
        door=str(InboxBatch.Form(batch.form).label),
        state=str(InboxBatch.State(batch.state).label),
        state_mark=STATE_MARKS[batch.state],
        received_at=batch.received_at,
        events=batch.event_count,
        accepted=batch.accepted,
        rejected=batch.rejected_count,
        duplicate=batch.duplicate,
        late=batch.late,
        quarantined=batch.quarantined,
    )
