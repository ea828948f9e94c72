"""One word over many like proposals: each decided by itself, in its own transaction.

A batch adds no right and skips no check: every item goes through `approve_proposal` or
`reject_proposal` with the digest that was shown. One that fails undoes no other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import Batch, BatchItem, Decision, Grant, ProposalVersion
from approvals.operations.decide import (
    REASON_CODES,
    Decided,
    approve_proposal,
    check_message,
    reject_proposal,
)
from approvals.operations.undo import undo_approval
from approvals.queries.batches import batch_of
from approvals.queries.blocking import Blocked
from approvals.queries.likeness import select
from approvals.rules.likeness import BATCH_MAX
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound, Problem

CHUNK_SIZE = 25
_DONE = BatchItem.State.DONE
_FAILED = BatchItem.State.FAILED


@dataclass(frozen=True)
class Told:
    """What became of one item."""

    item_id: UUID
    state: str
    text: str
    undo_until: datetime | None = None


@operation(leaves="batch.opened")
def open_batch(
    *,
    actor: Actor,
    picked: Mapping[UUID, str],
    like_id: UUID | None,
    verdict: str,
    reason_code: str,
    message: str,
    now: datetime,
) -> UUID:
    """Keep what one word is to decide, and what is left out of it. Decides nothing yet.

    Raises Invalid for a missing reason or too many, NotFound when nothing is visible.
    """
    _check(picked, verdict, reason_code, message)
    chosen = select(actor, picked, like_id=like_id, now=now)
    if chosen.like_id is None:
        raise NotFound("None of these is here, or you may not see them.")
    like = chosen.kept[0] if chosen.kept else chosen.left_out[0].items[0]
    batch = Batch.objects.create(
        person_id=actor.id,
        workflow_id=like.traits.workflow_id,
        verdict=verdict,
        reason_code=reason_code,
        message=message,
        what=f"{chosen.kind}, {chosen.workflow}"[:200],
        opened_at=now,
    )
    _keep_items(batch, [(item, "") for item in chosen.kept], 0, now)
    left = [(item, group.sentence) for group in chosen.left_out for item in group.items]
    _keep_items(batch, left, len(chosen.kept), now)
    record(
        "batch.opened",
        actor=actor,
        subject=("batch", batch.id),
        workflow_id=like.traits.workflow_id,
        verdict=Batch.Verdict(verdict).label,
        what=batch.what,
        count=len(chosen.kept),
        left_out=chosen.left_out_count,
    )
    return batch.id


def carry_on(*, actor: Actor, batch_id: UUID, now: datetime) -> int:
    """Decide the next items of an own batch, each by itself; says how many still wait.

    Safe to call twice and after a crash: an item that was decided is found to be so.
    """
    batch = batch_of(actor, batch_id)
    waiting = batch.items.filter(state=BatchItem.State.WAITING).order_by("position")
    items = list(waiting[:CHUNK_SIZE])
    if items:
        told = [_decide(actor, batch, item, now) for item in items]
        tell_items(actor=actor, batch=batch, told=told, now=now)
    return waiting.count()


def undo_batch(*, actor: Actor, batch_id: UUID, now: datetime) -> int:
    """Take back what can still be taken back, soonest usable first; says how much was."""
    batch = batch_of(actor, batch_id)
    if batch.verdict != Batch.Verdict.APPROVE:
        raise Conflict("undo.nothing", "A rejection is not taken back.")
    items = batch.items.filter(state=_DONE, undo_until__isnull=False)
    told = [
        _take_back(actor, item, now)
        for item in items.order_by("undo_until", "position")
    ]
    if not told:
        raise Conflict("undo.too_late", "There is nothing left to take back.")
    tell_items(actor=actor, batch=batch, told=told, before=_DONE, now=now)
    return sum(one.state == BatchItem.State.UNDONE for one in told)


@operation(leaves="batch.told")
def tell_items(
    *,
    actor: Actor,
    batch: Batch,
    told: Sequence[Told],
    before: str = BatchItem.State.WAITING,
    now: datetime,
) -> None:
    """Keep what became of items; the first word on an item's decision stands.

    Only what is `before` changes: two that go on at once do not overwrite each other.
    """
    for one in told:
        BatchItem.objects.filter(id=one.item_id, state=before).update(
            state=one.state, told=one.text[:400], undo_until=one.undo_until, told_at=now
        )
    record(
        "batch.told",
        actor=actor,
        subject=("batch", batch.id),
        workflow_id=batch.workflow_id,
        what=batch.what,
        done=sum(one.state in (_DONE, BatchItem.State.COUNTED) for one in told),
        failed=sum(one.state == _FAILED for one in told),
        undone=sum(one.state == BatchItem.State.UNDONE for one in told),
    )


@step
def _keep_items(batch, items, start: int, now: datetime) -> None:
    waits = start == 0
    BatchItem.objects.bulk_create(
        BatchItem(
            batch=batch,
            position=start + place,
            proposal_id=item.id,
            digest=item.digest,
            state=BatchItem.State.WAITING
            if waits and not why
            else BatchItem.State.LEFT_OUT,
            told=why,
            told_at=now if why else None,
        )
        for place, (item, why) in enumerate(items)
    )


def _check(
    picked: Mapping[UUID, str], verdict: str, reason_code: str, message: str
) -> None:
    check_message(message)
    if verdict not in Batch.Verdict.values:
        raise Invalid({"verdict": "Choose whether to approve or to reject."})
    if not picked:
        raise Invalid({"item": "Select at least one proposal."})
    if len(picked) > BATCH_MAX:
        raise Invalid({"item": f"A batch has at most {BATCH_MAX} proposals."})
    if verdict == Batch.Verdict.REJECT:
        if reason_code not in REASON_CODES:
            raise Invalid({"reason_code": "Choose why."})
        if reason_code == "other" and not message.strip():
            raise Invalid({"message": "Say why in your own words."})


def _decide(actor: Actor, batch: Batch, item: BatchItem, now: datetime) -> Told:
    try:
        came = _one(actor, batch, item, now)
    except NotFound:
        return Told(item.id, _FAILED, "It is gone, or no longer yours to see.")
    except (Conflict, Forbidden, Invalid) as problem:
        return _already(actor, batch, item) or Told(item.id, _FAILED, _said(problem))
    except Problem as problem:
        return Told(item.id, _FAILED, f"{_said(problem)} Decide it by itself.")
    if isinstance(came, Blocked):
        return Told(item.id, _FAILED, f"Blocked: {came.text}")
    if came.resolution is None:
        text = f"Your approval counts: {came.votes.counted} of {came.votes.needed}."
        return Told(item.id, BatchItem.State.COUNTED, text)
    return Told(
        item.id, _DONE, came.resolution.capitalize() + ".", undo_until=came.undo_until
    )


def _one(
    actor: Actor, batch: Batch, item: BatchItem, now: datetime
) -> Decided | Blocked:
    if batch.verdict == Batch.Verdict.APPROVE:
        return approve_proposal(
            actor=actor,
            proposal_id=item.proposal_id,
            digest=item.digest,
            message=batch.message,
            in_batch=True,
            now=now,
        )
    return reject_proposal(
        actor=actor,
        proposal_id=item.proposal_id,
        digest=item.digest,
        reason_code=batch.reason_code,
        message=batch.message,
        now=now,
    )


def _already(actor: Actor, batch: Batch, item: BatchItem) -> Told | None:
    """Find the decision that this batch made before it could say so."""
    made = Decision.objects.filter(
        version__proposal=item.proposal_id,
        version__in=ProposalVersion.objects.filter(
            proposal=item.proposal_id, digest=item.digest
        ),
        person=actor.id,
        verdict=batch.verdict,
        decided_at__gte=batch.opened_at,
    )
    decision = made.first()
    if decision is None:
        return None
    grant = Grant.objects.filter(version=decision.version_id).first()
    is_undoable = grant is not None and grant.not_before > grant.issued_at
    until = grant.not_before if grant and is_undoable else None
    return Told(item.id, _DONE, "Decided.", undo_until=until)


def _take_back(actor: Actor, item: BatchItem, now: datetime) -> Told:
    try:
        undo_approval(actor=actor, proposal_id=item.proposal_id, now=now)
    except (Conflict, Forbidden) as problem:
        return Told(item.id, _DONE, f"Stays approved: {_said(problem)}")
    return Told(item.id, BatchItem.State.UNDONE, "Taken back; it is open again.")


def _said(problem: Problem) -> str:
    if isinstance(problem, Invalid):
        return " ".join(problem.fields.values())
    return problem.detail
