"""Opening and ending proposals: the steps that several operations share."""

from datetime import datetime
from uuid import UUID

from approvals.models import ActionRequest, AuthorityRecord, Proposal, ProposalVersion
from approvals.models.proposing import IS_UNDECIDED, Audience
from approvals.operations.clock import window_fields
from approvals.operations.ending import keep_end
from approvals.operations.ruling import tell_run
from approvals.rules.moves import ActionStatus, ProposalState
from approvals.rules.turns import Way, begun_again, read_way, stored_way
from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell
from portal.audit.operation import step
from registry.rules.answers import Answer, Risk, risk_rank

# An agent's first twenty of a risk stand before the rest of any agent's flood.
CROWD_SIZE = 20
CROWD_MAX = 50
CAUSE_MAX = 80


def audience_of(authority_record: AuthorityRecord) -> str:
    """Say whom a ruling sends a request to."""
    if authority_record.answer == Answer.ESCALATE:
        return Audience.ESCALATION_OWNER.value
    known = authority_record.decided_by in Audience.values
    return authority_record.decided_by if known else Audience.ESCALATION_OWNER.value


def cause_of(authority_record: AuthorityRecord) -> str:
    """Give the code that decided a ruling: the first of the answer's own reasons."""
    codes = [
        str(reason.get("code", ""))
        for reason in authority_record.reasons
        if reason.get("answer") == authority_record.answer
    ]
    return codes[0][:CAUSE_MAX] if codes else ""


@step
def open_proposal(
    *,
    actor: Actor,
    action_request: ActionRequest,
    agent_name: str,
    authority_record: AuthorityRecord,
    audience: str,
    now: datetime,
    undone: ProposalVersion | None = None,
) -> Proposal:
    """Put a request before people, as version 1; an undone approval comes with its bytes."""
    risk = Risk(authority_record.risk)
    way = _way_of(authority_record, undone)
    audience = way[0].decided_by
    is_escalated = audience == Audience.ESCALATION_OWNER
    proposal = Proposal.objects.create(
        action_request=action_request,
        workflow_id=action_request.workflow_id,
        run_id=action_request.run_id,
        agent_id=action_request.agent_id,
        agent_name=agent_name,
        verb=action_request.verb,
        system=action_request.system,
        authority_record=authority_record,
        cause=cause_of(authority_record),
        reopens_id=undone.proposal_id if undone else None,
        audience=audience,
        risk=risk.value,
        risk_rank=risk_rank(risk),
        rung=undone.proposal.rung if undone else 0,
        crowd=crowd_of(agent_id=action_request.agent_id, risk=risk),
        quorum=way[0].quorum,
        stages=stored_way(way),
        headline=undone.headline if undone else action_request.headline,
        amount=authority_record.amount,
        currency=authority_record.currency,
        **window_fields(
            workflow_id=action_request.workflow_id,
            risk=risk,
            is_escalated=is_escalated,
            now=now,
            expires_at=action_request.expires_at,
        ),
        escalated_at=now if is_escalated else None,
        created_at=now,
    )
    version = ProposalVersion.objects.create(
        proposal=proposal,
        number=1,
        action=bytes(undone.action if undone else action_request.action),
        digest=undone.digest if undone else action_request.digest,
        headline=proposal.headline,
        authority_record=authority_record,
        edited_by_id=undone.edited_by_id if undone else None,
        is_widening=undone.is_widening if undone else False,
        is_material=undone.is_material if undone else None,
        changes=undone.changes if undone else [],
        created_at=now,
    )
    tell_run(
        action_request,
        kind="proposed",
        at=now,
        actor=actor,
        proposal=str(proposal.id),
        version=1,
        digest=version.digest,
        audience=audience,
        stages=proposal.stages,
        due_at=proposal.due_at.isoformat(),
        headline=proposal.headline,
    )
    tell(
        kind="needs_you",
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        at=now,
    )
    return proposal


def _way_of(record: AuthorityRecord, undone: ProposalVersion | None) -> Way:
    """Give the stages of a new proposal; of an undone one those that it had, anew."""
    if undone is None:
        return read_way(
            record.stages, audience=audience_of(record), quorum=record.quorum
        )
    before = undone.proposal
    way = read_way(before.stages, audience=before.audience, quorum=before.quorum)
    higher = Audience.ESCALATION_OWNER.value
    is_up = any(turn.decided_by == higher for turn in way)
    return begun_again(way, first=higher if is_up else way[0].decided_by)


def crowd_of(*, agent_id: UUID, risk: Risk) -> int:
    """Say how many twenties of this agent wait at this risk already. One bounded query.

    Two that open at once may count the same: a crowd is a place in a queue, not a limit.
    """
    waiting = Proposal.objects.filter(
        IS_UNDECIDED, agent_id=agent_id, risk_rank=risk_rank(risk)
    )
    return waiting.values("id")[: CROWD_MAX * CROWD_SIZE].count() // CROWD_SIZE


@step
def end_proposal(
    *,
    proposal: Proposal,
    action_request: ActionRequest,
    state: ProposalState,
    status: ActionStatus,
    resolved_by: Actor | None,
    reason_code: str,
    message: str,
    now: datetime,
) -> None:
    """Make the one terminal move; the caller holds the proposal's row."""
    person_id = resolved_by.id if resolved_by and resolved_by.is_person else None
    proposal.state = state.value
    proposal.resolved_at = now
    proposal.resolved_by_id = person_id
    proposal.reason_code = reason_code
    proposal.message = message
    proposal.save(
        update_fields=(
            "state",
            "resolved_at",
            "resolved_by",
            "reason_code",
            "message",
        )
    )
    keep_end(proposal_id=proposal.id)
    action_request.status = status.value
    action_request.resolution = state.value.lower()
    action_request.reason_code = reason_code
    action_request.message = message
    action_request.resolved_at = action_request.changed_at = now
    action_request.save(
        update_fields=(
            "status",
            "resolution",
            "reason_code",
            "message",
            "resolved_at",
            "changed_at",
        )
    )
    tell(
        kind="decided",
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        by=resolved_by.name if resolved_by else "",
        by_id=person_id,
        at=now,
    )
