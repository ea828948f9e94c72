"""An agent takes its request back, before anything ran."""

from datetime import datetime
from uuid import UUID

from approvals.models import ActionRequest, Proposal
from approvals.models.proposing import IS_UNDECIDED
from approvals.operations.grants import end_live_grant
from approvals.operations.proposals import end_proposal
from approvals.operations.ruling import guard_authority, tell_run
from approvals.operations.sitting import lock_proposal, require_undecided
from approvals.queries.access import action_of_agent
from approvals.rules.moves import (
    ACTION_MOVES,
    ActionStatus,
    GrantState,
    ProposalState,
    is_legal,
)
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import Conflict


@operation(leaves="action.withdrawn")
def withdraw_action(*, actor: Actor, action_id: UUID, now: datetime) -> ActionRequest:
    """Withdraw: the open proposal ends, or the unused grant is revoked.

    Raises Conflict when it was refused, decided against, executed or withdrawn before.
    """
    seen = action_of_agent(agent_id=actor.id, action_id=action_id)
    guard_authority(
        lock_number=seen.workflow.lock_number,
        department_lock_number=seen.workflow.department.lock_number,
    )
    open_id = (
        Proposal.objects.filter(IS_UNDECIDED, action_request=seen)
        .values_list("id", flat=True)
        .first()
    )
    if open_id:
        proposal = lock_proposal(open_id)
        require_undecided(proposal)
        request = proposal.action_request
        end_proposal(
            proposal=proposal,
            action_request=request,
            state=ProposalState.WITHDRAWN,
            status=ActionStatus.WITHDRAWN,
            resolved_by=actor,
            reason_code="",
            message="",
            now=now,
        )
    else:
        request = _withdraw_grant(actor, action_id, now)
    record(
        "action.withdrawn",
        actor=actor,
        subject=("action_request", request.id),
        workflow_id=request.workflow_id,
        headline=request.headline,
    )
    tell_run(request, kind="withdrawn", at=now, actor=actor)
    return request


def _withdraw_grant(actor: Actor, action_id: UUID, now: datetime) -> ActionRequest:
    request = ActionRequest.objects.select_for_update(no_key=True, of=("self",)).get(
        id=action_id
    )
    may_end = is_legal(
        ACTION_MOVES, ActionStatus(request.status), ActionStatus.WITHDRAWN
    )
    ended = may_end and end_live_grant(
        action_request=request, state=GrantState.REVOKED, ended_by=None, now=now
    )
    if not ended:
        raise Conflict(
            "action.ended",
            f"There is nothing to withdraw: this is {request.status.lower()}.",
            at=request.resolved_at,
        )
    request.status = ActionStatus.WITHDRAWN.value
    request.resolution = "withdrawn"
    request.resolved_at = request.changed_at = now
    request.save(update_fields=("status", "resolution", "resolved_at", "changed_at"))
    return request
