"""What an agent reads about its own request."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models.functions import Now

from approvals.models import (
    ActionRequest,
    AuthorityRecord,
    Grant,
    Move,
    Outcome,
    Proposal,
    ProposalVersion,
)
from approvals.queries import tokens
from approvals.queries.access import action_of_agent
from approvals.queries.envelope import parsed
from approvals.rules.moves import GrantState, ProposalState
from portal.core.clock import moment_of_history

DECISIONS = ("approve", "edit", "reject", "respond")


@dataclass(frozen=True)
class GrantTold:
    """A grant as its own agent is told it."""

    id: UUID
    token: str
    state: str
    not_before: datetime
    expires_at: datetime


@dataclass(frozen=True)
class ProposalTold:
    id: UUID
    version: int
    state: str
    due_at: datetime
    allowed_decisions: tuple[str, ...]
    question: str | None


@dataclass(frozen=True)
class ActionTold:
    """One request with everything that came of it so far."""

    id: UUID
    status: str
    workflow: str
    digest: str
    answer: str
    reasons: list[Mapping[str, object]]
    version_number: int | None
    run_id: UUID
    grant: GrantTold | None
    proposal: ProposalTold | None
    resolution: str | None
    resolved_action: Mapping[str, object] | None
    resolved_digest: str | None
    reason_code: str
    message: str
    resolved_at: datetime | None
    outcome: str | None
    changed_at: datetime


def action_told(*, agent_id: UUID, action_id: UUID) -> ActionTold:
    """Tell an agent about its own request. Six queries. Raises NotFound for others'."""
    request = action_of_agent(agent_id=agent_id, action_id=action_id)
    ruling = (
        AuthorityRecord.objects.filter(
            action_request=request, occasion=AuthorityRecord.Occasion.ASK
        )
        .order_by("ruled_at", "id")
        .first()
    )
    proposal = _latest_proposal(request)
    grant = (
        Grant.objects.filter(action_request=request)
        .exclude(state=GrantState.ISSUED, expires_at__lte=moment_of_history() or Now())
        .order_by("-issued_at", "-id")
        .first()
    )
    version = _version_of(proposal)
    is_approved = proposal is not None and proposal.state in ("APPROVED", "EDITED")
    return ActionTold(
        id=request.id,
        status=request.status.lower(),
        workflow=request.workflow.slug,
        digest=request.digest,
        answer=ruling.answer if ruling else "refuse",
        reasons=ruling.reasons if ruling else [],
        version_number=ruling.version_number if ruling else None,
        run_id=request.run_id,
        grant=_grant_told(grant),
        proposal=_proposal_told(proposal),
        resolution=request.resolution or None,
        resolved_action=parsed(version.action) if version and is_approved else None,
        resolved_digest=version.digest if version and is_approved else None,
        reason_code=request.reason_code,
        message=request.message,
        resolved_at=request.resolved_at,
        outcome=_latest_outcome(grant),
        changed_at=request.changed_at,
    )


def changed_at(*, agent_id: UUID, action_id: UUID) -> tuple[str, datetime] | None:
    """Say where a request stands; cheap enough to ask several times a second. One query."""
    return (
        ActionRequest.objects.filter(id=action_id, agent_id=agent_id)
        .values_list("status", "changed_at")
        .first()
    )


def token_of_grant(*, agent_id: UUID, grant_id: UUID) -> str:
    """Tell a grant's token again to the agent that owns it. One query."""
    key_id = Grant.objects.filter(id=grant_id, agent_id=agent_id).values_list(
        "key_id", flat=True
    )
    return tokens.token_of(grant_id=grant_id, key_id=key_id.get())


def redeemed_bytes(*, agent_id: UUID, grant_id: UUID) -> bytes:
    """Give the exact bytes that a redeemed grant is for. One query."""
    grant = (
        Grant.objects.filter(id=grant_id, agent_id=agent_id, state=GrantState.REDEEMED)
        .select_related("version", "action_request")
        .get()
    )
    source = grant.version or grant.action_request
    return bytes(source.action)


def _latest_proposal(request: ActionRequest) -> Proposal | None:
    rows = Proposal.objects.filter(action_request=request)
    return rows.order_by("-created_at", "-id").first()


def _version_of(proposal: Proposal | None) -> ProposalVersion | None:
    if proposal is None:
        return None
    return ProposalVersion.objects.filter(
        proposal=proposal, number=proposal.version_number
    ).first()


def _grant_told(grant: Grant | None) -> GrantTold | None:
    if grant is None or grant.state in (GrantState.REVOKED, GrantState.EXPIRED):
        return None
    return GrantTold(
        id=grant.id,
        token=tokens.token_of(grant_id=grant.id, key_id=grant.key_id),
        state=grant.state.lower(),
        not_before=grant.not_before,
        expires_at=grant.expires_at,
    )


def _proposal_told(proposal: Proposal | None) -> ProposalTold | None:
    if proposal is None:
        return None
    question = None
    if proposal.state == ProposalState.ASKED:
        asked = Move.objects.filter(proposal=proposal, kind=Move.Kind.ASKED)
        question = (
            asked.order_by("-moved_at", "-id").values_list("text", flat=True).first()
        )
    return ProposalTold(
        id=proposal.id,
        version=proposal.version_number,
        state=proposal.state.lower(),
        due_at=proposal.due_at,
        allowed_decisions=DECISIONS,
        question=question,
    )


def _latest_outcome(grant: Grant | None) -> str | None:
    if grant is None or grant.state != GrantState.REDEEMED:
        return None
    status = (
        Outcome.objects.filter(grant=grant)
        .order_by("-number")
        .values_list("status", flat=True)
        .first()
    )
    return status.lower() if status else None
