"""A batch and what became of each of its items; only for the person whose word it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models.functions import Now

from approvals.models import Batch, BatchItem, Grant
from approvals.queries.access import proposals_seen_by
from approvals.queries.untold import may_revoke
from approvals.rules.moves import GrantState
from portal.accounts.access import visible_or_404
from portal.accounts.actors import Actor

NOT_SEEN = "A request of a workflow that you may no longer see"


@dataclass(frozen=True)
class ItemShown:
    proposal_id: UUID
    headline: str
    state: str
    words: str
    told: str
    # The grant that can still be revoked, when the approval can no longer be undone.
    grant_id: UUID | None


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
    """Give an own batch with its items, what failed first. At most nine queries."""
    batch = batch_of(actor, batch_id)
    items = list(batch.items.select_related("proposal").order_by("position"))
    ids = [item.proposal_id for item in items]
    seen = set(proposals_seen_by(actor).filter(id__in=ids).values_list("id", flat=True))
    states = [item.state for item in items]
    counted = states.count(BatchItem.State.COUNTED)
    until = [
        item.undo_until
        for item in items
        if item.state == BatchItem.State.DONE and item.undo_until
    ]
    last = max(until, default=None)
    grants = _revocable(actor, items)
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
                headline=item.proposal.headline
                if item.proposal_id in seen
                else NOT_SEEN,
                state=item.state.lower(),
                words=BatchItem.State(item.state).label,
                told=item.told,
                grant_id=grants.get(item.proposal_id),
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


def _revocable(actor: Actor, items: Sequence[BatchItem]) -> dict[UUID, UUID]:
    """Give, by proposal, the usable and unused grants that this person may revoke."""
    done = [each for each in items if each.state == BatchItem.State.DONE]
    rows = Grant.objects.filter(
        version__proposal_id__in=[each.proposal_id for each in done],
        state=GrantState.ISSUED,
        not_before__lte=Now(),
        expires_at__gt=Now(),
    ).values_list("version__proposal_id", "id", "workflow_id")
    found = list(rows)
    free = {one for one in {row[2] for row in found} if may_revoke(actor, one)}
    return {row[0]: row[1] for row in found if row[2] in free}


def _worth_reading(item: BatchItem) -> tuple[bool, bool, int]:
    is_failed = item.state == BatchItem.State.FAILED
    return not is_failed, item.state != BatchItem.State.LEFT_OUT, item.position
