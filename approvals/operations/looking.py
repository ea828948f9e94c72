"""When a person first had a card before them: what the time of a decision is counted from.

The page tells it once it is shown; a page that was fetched and never shown tells nothing.
"""

from datetime import datetime
from uuid import UUID

from approvals.models import FirstLook, Proposal
from approvals.models.proposing import Audience
from approvals.queries.access import proposal_seen_by
from approvals.queries.envelope import mapping_of, parsed
from approvals.queries.weighing import texts_of
from approvals.rules.moves import UNDECIDED, ProposalState
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core import strict_json
from portal.core.errors import AlreadyDone

_ROLES = {Audience.ESCALATION_OWNER.value: "escalation_owner"}


@operation(leaves="proposal.looked_at")
def note_first_look(*, actor: Actor, proposal_id: UUID, now: datetime) -> FirstLook:
    """Keep when this person first looked at an undecided proposal. Six queries.

    Raises NotFound for what they may not see, AlreadyDone after the first time or the end.
    """
    proposal = proposal_seen_by(actor, proposal_id)
    if ProposalState(proposal.state) not in UNDECIDED:
        raise AlreadyDone(
            "proposal.ended", "This has ended; looking at it counts no more."
        )
    body = strict_json.parse_object(bytes(proposal.action_request.received))
    action = mapping_of(parsed(proposal.action_request.action))
    texts = texts_of(body, action, ())
    look, is_new = FirstLook.objects.get_or_create(
        proposal=proposal,
        person_id=actor.id,
        defaults={
            "words": sum(len(said.text.split()) for said in texts),
            "looked_at": now,
        },
    )
    if not is_new:
        raise AlreadyDone("proposal.looked_at", "You have looked at this before.")
    record(
        "proposal.looked_at",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
    )
    return look


@step
def look_facts(proposal: Proposal, person_id: UUID, now: datetime) -> dict[str, object]:
    """Say as what a person decides, and for how long they had the card. One query."""
    looked_at = (
        FirstLook.objects.filter(proposal=proposal, person=person_id)
        .values_list("looked_at", flat=True)
        .first()
    )
    seconds = None if looked_at is None else (now - looked_at).total_seconds()
    return {
        "role": _ROLES.get(proposal.audience, "reviewer"),
        "looked_seconds": None if seconds is None or seconds < 0 else round(seconds),
    }
