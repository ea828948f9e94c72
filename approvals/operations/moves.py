"""Moves that are no Decisions: ask, answer, escalate, take on, comment, open evidence.

Whoever asks, escalates or comments may still decide.
"""

from datetime import datetime
from uuid import UUID

from approvals.models import ActionRequest, EvidenceOpening, Move, Proposal
from approvals.models.proposing import Audience
from approvals.operations.clock import CLOCK_FIELDS, start_clock, stop_clock
from approvals.operations.decide import check_message
from approvals.operations.keeping import keep_move
from approvals.operations.ladder import hand_up
from approvals.operations.ruling import guard_authority, tell_run
from approvals.operations.sitting import (
    lock_proposal,
    require_in_time,
    require_undecided,
)
from approvals.queries.access import (
    action_of_agent,
    proposal_seen_by,
    seats_for,
    who_decides,
)
from approvals.queries.mentioning import mentioned_in
from approvals.rules import due
from approvals.rules.moves import ProposalState
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core import strict_json
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from registry.queries.rulebooks import standing_facts


@operation(leaves="proposal.question_asked")
def ask_question(
    *, actor: Actor, proposal_id: UUID, message: str, now: datetime
) -> Proposal:
    """Ask the agent; the clock stands still until it answers."""
    _require_text(message)
    proposal = _take(actor, proposal_id)
    if proposal.state == ProposalState.ASKED:
        raise Conflict(
            "question.open", "A question is open already; the agent has not answered."
        )
    stop_clock(proposal, now=now)
    proposal.state = ProposalState.ASKED.value
    proposal.save(update_fields=("state", *CLOCK_FIELDS))
    keep_move(proposal, Move.Kind.ASKED, actor, message, now)
    record(
        "proposal.question_asked",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
    )
    _touch(proposal.action_request, now)
    tell_run(
        proposal.action_request,
        kind="question",
        at=now,
        actor=actor,
        proposal=str(proposal.id),
        message=message,
        headline=proposal.headline,
    )
    return proposal


@operation(leaves="proposal.question_answered")
def answer_question(
    *, actor: Actor, action_id: UUID, message: str, evidence: list[dict], now: datetime
) -> ActionRequest:
    """Answer a reviewer's question as the agent; the clock runs on from where it stood."""
    _require_text(message)
    seen = action_of_agent(agent_id=actor.id, action_id=action_id)
    waiting = Proposal.objects.filter(action_request=seen, state=ProposalState.ASKED)
    found = waiting.values_list("id", flat=True).first()
    proposal = lock_proposal(found) if found else None
    if proposal is None or proposal.state != ProposalState.ASKED:
        raise Conflict(
            "question.none", "Nobody has asked about this, or it is answered."
        )
    proposal.state = ProposalState.OPEN.value
    start_clock(proposal, now=now)
    proposal.save(update_fields=("state", *CLOCK_FIELDS))
    keep_move(proposal, Move.Kind.ANSWERED, actor, message, now, evidence=evidence)
    record(
        "proposal.question_answered",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
    )
    _touch(proposal.action_request, now)
    tell_run(
        proposal.action_request,
        kind="answer",
        at=now,
        actor=actor,
        proposal=str(proposal.id),
        message=message,
        headline=proposal.headline,
    )
    return proposal.action_request


@operation(leaves="proposal.escalated")
def escalate_proposal(
    *, actor: Actor, proposal_id: UUID, reason: str, now: datetime
) -> Proposal:
    """Hand a proposal to the escalation owner, with a reason and a new due time."""
    _require_text(reason)
    proposal = _take(actor, proposal_id)
    if proposal.escalated_at is not None:
        raise AlreadyDone(
            "proposal.escalated",
            f"{Audience(proposal.audience).label.capitalize()} has this already.",
        )
    hand_up(proposal=proposal, actor=actor, reason=reason, now=now)
    return proposal


@operation(leaves="proposal.claimed")
def claim_proposal(*, actor: Actor, proposal_id: UUID, now: datetime) -> Proposal:
    """Take a proposal on, for a while; others see it and may still decide."""
    proposal = _take(actor, proposal_id)
    is_held = (
        proposal.claimed_at is not None and now - proposal.claimed_at < due.CLAIM_TIME
    )
    if is_held and proposal.claimed_by_id == actor.id:
        raise AlreadyDone("proposal.claimed", "You have taken this on.")
    if is_held:
        holder = proposal.claimed_by
        raise Conflict(
            "proposal.claimed",
            f"{holder.name if holder else 'Another person'} has taken this on.",
            who=holder.name if holder else None,
            at=proposal.claimed_at,
        )
    proposal.claimed_by_id = actor.id
    proposal.claimed_at = now
    proposal.save(update_fields=("claimed_by", "claimed_at"))
    keep_move(proposal, Move.Kind.CLAIMED, actor, "", now)
    record(
        "proposal.claimed",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
    )
    return proposal


@operation(leaves="proposal.commented")
def comment_on_proposal(
    *, actor: Actor, proposal_id: UUID, message: str, now: datetime
) -> Proposal:
    """Say something to colleagues; anyone who sees the proposal may, also afterwards."""
    _require_text(message)
    proposal_seen_by(actor, proposal_id)
    proposal = lock_proposal(proposal_id)
    named = mentioned_in(message, workflow_id=proposal.workflow_id)
    keep_move(
        proposal,
        Move.Kind.COMMENTED,
        actor,
        message,
        now,
        mentions=[str(person.id) for person in named],
    )
    record(
        "proposal.commented",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
        mentions=[person.name for person in named],
    )
    return proposal


@operation(leaves="evidence.opened")
def open_evidence(
    *, actor: Actor, proposal_id: UUID, position: int, now: datetime
) -> bool:
    """Record that this person opened one piece of evidence; says whether it was new."""
    proposal = proposal_seen_by(actor, proposal_id)
    body = strict_json.parse_object(bytes(proposal.action_request.received))
    evidence = body.get("evidence")
    if not isinstance(evidence, list) or not 0 <= position < len(evidence):
        raise NotFound("There is no such evidence.")
    _, is_new = EvidenceOpening.objects.get_or_create(
        proposal=proposal,
        person_id=actor.id,
        position=position,
        defaults={"opened_at": now},
    )
    record(
        "evidence.opened",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
        position=position + 1,
        is_first=is_new,
    )
    return is_new


@step
def _take(actor: Actor, proposal_id: UUID) -> Proposal:
    """Lock an undecided proposal that is this person's to move."""
    seen = proposal_seen_by(actor, proposal_id)
    guard_authority(
        lock_number=seen.workflow.lock_number,
        department_lock_number=seen.workflow.department.lock_number,
    )
    proposal = lock_proposal(proposal_id)
    require_undecided(proposal)
    facts = standing_facts(
        proposal.workflow_id, agent_id=proposal.action_request.agent_id
    )
    require_in_time(proposal, facts, actor)
    if actor.id not in seats_for(facts, proposal.audience).people:
        raise Forbidden(
            "You may see this and do not decide it.",
            code="decision.not_yours",
            who_can_help=who_decides(facts, proposal.audience),
        )
    return proposal


def _touch(request: ActionRequest, now: datetime) -> None:
    request.changed_at = now
    request.save(update_fields=("changed_at",))


def _require_text(text: str) -> None:
    if not text.strip():
        raise Invalid({"message": "Write something."})
    check_message(text)
