"""Putting a proposal away for oneself until a moment, and taking it out again.

It hides the proposal from one person's list and from nobody else's; the clock runs on.
"""

from datetime import datetime
from uuid import UUID

from approvals.models import Snooze
from approvals.operations.sitting import (
    lock_proposal,
    require_in_time,
    require_undecided,
)
from approvals.queries.access import proposal_seen_by, seats_for, who_decides
from approvals.queries.snoozing import latest_snooze
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Forbidden, Invalid
from registry.queries.rulebooks import standing_facts


@operation(leaves="proposal.snoozed")
def snooze_proposal(
    *, actor: Actor, proposal_id: UUID, until: datetime, now: datetime
) -> Snooze:
    """Put a proposal away until a moment that leaves time to decide.

    Raises Invalid for another moment, Forbidden for somebody whom it does not wait for.
    """
    proposal_seen_by(actor, proposal_id)
    proposal = lock_proposal(proposal_id)
    require_undecided(proposal)
    facts = standing_facts(
        proposal.workflow_id, agent_id=proposal.action_request.agent_id
    )
    require_in_time(proposal, facts, actor)
    if actor.id not in seats_for(facts, proposal.audience).people:
        raise Forbidden(
            "This does not wait for you, so there is nothing to put away.",
            code="decision.not_yours",
            who_can_help=who_decides(facts, proposal.audience),
        )
    latest = latest_snooze(proposal)
    if until <= now:
        raise Invalid({"until": "Choose a time that is still to come."})
    if until > latest:
        raise Invalid(
            {
                "until": "That leaves too little time to decide it."
                if latest > now
                else "It is due too soon to be put away."
            }
        )
    kept, _ = Snooze.objects.update_or_create(
        person_id=actor.id,
        proposal=proposal,
        defaults={
            "until": until,
            "rung": proposal.rung,
            "version_number": proposal.version_number,
            "set_at": now,
        },
    )
    record(
        "proposal.snoozed",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
        until=until.isoformat(timespec="minutes"),
    )
    return kept


@operation(leaves="proposal.unsnoozed")
def unsnooze_proposal(*, actor: Actor, proposal_id: UUID) -> None:
    """Take a proposal out again. Raises AlreadyDone when it is not put away."""
    proposal = proposal_seen_by(actor, proposal_id)
    dropped, _ = Snooze.objects.filter(person_id=actor.id, proposal=proposal).delete()
    if not dropped:
        raise AlreadyDone("snooze.none", "You have not put this away.")
    record(
        "proposal.unsnoozed",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
    )
