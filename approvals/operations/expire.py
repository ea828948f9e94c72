"""Time running out, swept: proposals escalate once and then expire, unused grants end.

Two sweeps at once are harmless: each row is locked and looked at again. Nothing here
approves.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from approvals.models import ActionRequest, Grant, Move, Proposal
from approvals.models.proposing import Audience
from approvals.operations.grants import end_live_grant
from approvals.operations.moves import hand_up, keep_move
from approvals.operations.proposals import end_proposal
from approvals.operations.ruling import tell_run
from approvals.operations.sitting import lock_proposal
from approvals.rules import due
from approvals.rules.moves import ActionStatus, GrantState, ProposalState
from portal.accounts.actors import SYSTEM
from portal.audit.operation import operation, record
from portal.core.clock import database_now
from portal.core.errors import AlreadyDone

SWEEP_MAX = 500


def due_proposals(*, limit: int = SWEEP_MAX) -> list[UUID]:
    """Name the proposals whose time is over.

    While a question waits the clock stands still, but not the agent's own deadline.
    """
    now = database_now()
    rows = Proposal.objects.filter(
        Q(state=ProposalState.OPEN, due_at__lte=now)
        | Q(state=ProposalState.ASKED, action_request__expires_at__lte=now)
    )
    return list(rows.order_by("due_at", "id").values_list("id", flat=True)[:limit])


def due_grants(*, limit: int = SWEEP_MAX) -> list[UUID]:
    """Name the grants that ran out unused."""
    rows = Grant.objects.filter(state=GrantState.ISSUED, expires_at__lte=database_now())
    return list(rows.order_by("expires_at", "id").values_list("id", flat=True)[:limit])


@operation(leaves=("proposal.escalated", "proposal.expired"))
def time_out_proposal(*, proposal_id: UUID, now: datetime) -> Proposal:
    """Escalate a proposal whose time is over, or end it. Raises AlreadyDone if it moved."""
    proposal = lock_proposal(proposal_id)
    request = proposal.action_request
    if not _is_due(proposal, request):
        raise AlreadyDone("proposal.moved", "Somebody moved this in time.")
    what = due.time_out(
        is_escalated=proposal.audience == Audience.ESCALATION_OWNER,
        expires_at=request.expires_at,
        now=now,
    )
    if what == due.TimeOut.ESCALATE:
        hand_up(
            proposal=proposal,
            actor=SYSTEM,
            reason="Nobody decided in time.",
            now=now,
        )
        return proposal
    end_proposal(
        proposal=proposal,
        action_request=request,
        state=ProposalState.EXPIRED,
        status=ActionStatus.EXPIRED,
        resolved_by=None,
        reason_code="timed_out",
        message="Nobody decided in time.",
        now=now,
    )
    keep_move(proposal, Move.Kind.EXPIRED, SYSTEM, "", now)
    record(
        "proposal.expired",
        actor=SYSTEM,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
        resolution="it was not approved",
    )
    tell_run(
        request,
        kind="expired",
        at=now,
        actor=SYSTEM,
        proposal=str(proposal.id),
        headline=proposal.headline,
    )
    return proposal


def _is_due(proposal: Proposal, request: ActionRequest) -> bool:
    if proposal.state == ProposalState.ASKED:
        return request.expires_at is not None and request.expires_at <= database_now()
    return proposal.state == ProposalState.OPEN and proposal.due_at <= database_now()


@operation(leaves="grant.expired")
def expire_grant(*, grant_id: UUID, now: datetime) -> None:
    """End a grant that ran out and give back what it reserved."""
    grant = Grant.objects.select_related("action_request").get(id=grant_id)
    request = ActionRequest.objects.select_for_update(no_key=True, of=("self",)).get(
        id=grant.action_request_id
    )
    is_over = Grant.objects.filter(
        id=grant_id, state=GrantState.ISSUED, expires_at__lte=database_now()
    ).exists()
    ended = is_over and end_live_grant(
        action_request=request, state=GrantState.EXPIRED, ended_by=None, now=now
    )
    if not ended:
        raise AlreadyDone("grant.ended", "The grant was used or ended in the meantime.")
    record(
        "grant.expired",
        actor=SYSTEM,
        subject=("grant", grant.id),
        workflow_id=grant.workflow_id,
        headline=request.headline,
    )
    tell_run(request, kind="expired", at=now, actor=SYSTEM, grant=str(grant.id))
