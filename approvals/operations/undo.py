"""Taking an approval back in its first seconds, before its grant is usable."""

from datetime import datetime
from uuid import UUID

from approvals.models import Decision, Grant, Move, Proposal
from approvals.operations.assigning import assign_least_loaded
from approvals.operations.ending import keep_end
from approvals.operations.grants import end_live_grant
from approvals.operations.keeping import keep_move
from approvals.operations.proposals import open_proposal
from approvals.operations.ruling import guard_authority, tell_run
from approvals.operations.sitting import current_version, lock_proposal
from approvals.queries.access import proposal_seen_by
from approvals.rules.moves import ActionStatus, GrantState, ProposalState
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.clock import database_now
from portal.core.errors import Conflict, Forbidden
from registry.queries.rulebooks import standing_facts

UNDOABLE = (ProposalState.APPROVED, ProposalState.EDITED)


@operation(leaves="proposal.undone")
def undo_approval(*, actor: Actor, proposal_id: UUID, now: datetime) -> Proposal:
    """Take an approval back: its grant is revoked and a new proposal opens.

    Only by one who approved it, and only until the grant is usable; later it is revoked.
    Raises Conflict when it is too late, or nothing was approved.
    """
    seen = proposal_seen_by(actor, proposal_id)
    guard_authority(
        lock_number=seen.workflow.lock_number,
        department_lock_number=seen.workflow.department.lock_number,
    )
    proposal = lock_proposal(proposal_id)
    if proposal.state not in UNDOABLE:
        raise Conflict("undo.nothing", "There is no approval to take back.")
    version = current_version(proposal)
    if not Decision.objects.filter(version=version, person_id=actor.id).exists():
        raise Forbidden(
            "Another person approved this.",
            code="undo.not_yours",
            who_can_help=proposal.resolved_by.name if proposal.resolved_by else "",
        )
    grant = Grant.objects.filter(version=version, state=GrantState.ISSUED).first()
    if grant is None or grant.not_before <= database_now():
        raise Conflict(
            "undo.too_late",
            "The grant is usable or used by now. While it is unused it can be revoked.",
        )

    request = proposal.action_request
    end_live_grant(
        action_request=request, state=GrantState.REVOKED, ended_by=actor.id, now=now
    )
    is_escalated = proposal.escalated_at is not None
    request.status = (
        ActionStatus.ESCALATED if is_escalated else ActionStatus.IN_REVIEW
    ).value
    request.resolution = request.reason_code = request.message = ""
    request.resolved_at = None
    request.changed_at = now
    request.save()
    keep_move(proposal, Move.Kind.UNDONE, actor, "", now)
    record(
        "proposal.undone",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=version.headline,
    )
    tell_run(
        request,
        kind="revoked",
        at=now,
        actor=actor,
        proposal=str(proposal.id),
        grant=str(grant.id),
        reason="The approval was taken back.",
        headline=version.headline,
    )
    opened = open_proposal(
        actor=actor,
        action_request=request,
        agent_name=proposal.agent_name,
        authority_record=proposal.authority_record,
        audience=proposal.audience,
        now=now,
        undone=version,
    )
    keep_end(proposal_id=proposal.id)
    facts = standing_facts(proposal.workflow_id, agent_id=request.agent_id)
    assign_least_loaded(proposal=opened, facts=facts, now=now)
    return opened
