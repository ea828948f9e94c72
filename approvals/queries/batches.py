"""A batch and what became of each of its items; only for the person whose word it was."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import Batch, BatchItem
from portal.accounts.access import visible_or_404
from portal.accounts.actors import Actor


@dataclass(frozen=True)
class ItemShown:
    proposal_id: UUID
    headline: str
    state: str
    words: str
    told: str


@dataclass(frozen=True)
class BatchShown:
    """The page of one batch."""

    id: UUID
    what: str
    is_approval: bool
    reason_code: str
    message: str
    opened_at: datetime
    items: tuple[ItemShown, ...]
    done: int
    failed: int
    left_out: int
    waiting: int
    undone: int
    undo_until: datetime | None

    @property
    def total(self) -> int:
        return len(self.items) - self.left_out


def batch_of(actor: Actor, batch_id: UUID) -> Batch:
    """Give an own batch, or raise NotFound. One query."""
    return visible_or_404(Batch.objects.filter(person=actor.id), id=batch_id)


def batch_shown(actor: Actor, batch_id: UUID, *, now: datetime) -> BatchShown:
    """Give an own batch with its items, what failed first. Two queries."""
    batch = batch_of(actor, batch_id)
    items = list(batch.items.select_related("proposal").order_by("position"))
    states = [item.state for item in items]
    counted = states.count(BatchItem.State.COUNTED)
    until = [
        item.undo_until
        for item in items
        if item.state == BatchItem.State.DONE and item.undo_until
    ]
    last = max(until, default=None)
    return BatchShown(
        id=batch.id,
        what=batch.what,
        is_approval=batch.verdict == Batch.Verdict.APPROVE,
        reason_code=batch.reason_code,
        message=batch.message,
        opened_at=batch.opened_at,
        items=tuple(
            ItemShown(
                proposal_id=item.proposal_id,
                headline=item.proposal.headline,
                state=item.state.lower(),
                words=BatchItem.State(item.state).label,
                told=item.told,
            )
            for item in sorted(items, key=_worth_reading)
        ),
        done=states.count(BatchItem.State.DONE) + counted,
        failed=states.count(BatchItem.State.FAILED),
        left_out=states.count(BatchItem.State.LEFT_OUT),
        waiting=states.count(BatchItem.State.WAITING),
        undone=states.count(BatchItem.State.UNDONE),
        undo_until=last if last and last > now else None,
    )


def _worth_reading(item: BatchItem) -> tuple[bool, bool, int]:
    is_failed = item.state == BatchItem.State.FAILED
    return not is_failed, item.state != BatchItem.State.LEFT_OUT, item.position
