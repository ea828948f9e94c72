"""Who is asked next when nobody decides in time, and how it ends: never by approving.

The sweep calls this, and so does every decision and move, under the proposal's lock: a
sweep that never comes lets nobody decide whose time is over.
"""

from datetime import datetime

from approvals.models import Move, Proposal
from approvals.models.proposing import Audience
from approvals.operations.clock import begin_window
from approvals.operations.keeping import keep_move
from approvals.operations.ruling import tell_run
from approvals.operations.stages import go_up
from approvals.queries.clocks import is_overdue, settle_pauses
from approvals.rules import due
from approvals.rules.moves import ActionStatus, ProposalState
from portal.accounts.actors import SYSTEM, Actor
from portal.audit.operation import record, step
from registry.queries.rulebooks import RulebookInForce
from registry.queries.timing import time_plan


def next_audience(proposal: Proposal, facts: RulebookInForce) -> str | None:
    """Name who is asked when this step's time is over; None: it ends. One query."""
    holders: dict[str, object] = {
        role: holder.id for role, holder in facts.role_holders.items()
    }
    return due.next_rung(
        ladder=time_plan(proposal.workflow_id).plan.ladder,
        audience=proposal.audience,
        is_escalated=proposal.escalated_at is not None,
        holders=holders,
    )


@step
def catch_up(proposal: Proposal, facts: RulebookInForce, *, now: datetime) -> bool:
    """Do to a locked proposal what a sweep would do now; say whether it went up.

    One that is at the end of its ladder stays as it is, for the sweep to end: whoever
    decides asks `require_in_time` too.
    """
    settle_pauses(proposal)
    if not is_overdue(proposal, now=now):
        return False
    expires_at = proposal.action_request.expires_at
    if expires_at is not None and expires_at <= now:
        return False
    audience = next_audience(proposal, facts)
    if audience is None:
        return False
    hand_up(
        proposal=proposal,
        actor=SYSTEM,
        reason=f"{Audience(proposal.audience).label.capitalize()} did not decide in time.",
        now=now,
        audience=audience,
    )
    return True


@step
def hand_up(
    *,
    proposal: Proposal,
    actor: Actor,
    reason: str,
    now: datetime,
    audience: str = Audience.ESCALATION_OWNER.value,
) -> None:
    """Move a locked proposal up to the next, with a time of their own. Votes stay."""
    request = proposal.action_request
    if proposal.state == ProposalState.ASKED:
        proposal.state = ProposalState.OPEN.value
    go_up(proposal, audience)
    proposal.escalated_at = now
    proposal.rung += 1
    proposal.claimed_by = proposal.claimed_at = None
    proposal.assigned_to = proposal.assigned_at = None
    begin_window(proposal, is_escalated=True, now=now)
    proposal.save()
    request.status = ActionStatus.ESCALATED.value
    request.changed_at = now
    request.save(update_fields=("status", "changed_at"))
    keep_move(proposal, Move.Kind.ESCALATED, actor, reason, now)
    record(
        "proposal.escalated",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=f"{proposal.headline}.",
        reason=reason[:300],
        audience=audience,
    )
    tell_run(
        request,
        kind="escalated",
        at=now,
        actor=actor,
        proposal=str(proposal.id),
        reason=reason,
        audience=audience,
        due_at=proposal.due_at.isoformat(),
        headline=proposal.headline,
    )
