"""Whether one person can still take their approval back, read without the whole card."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import Decision, Grant, ProposalVersion
from approvals.queries.access import proposal_seen_by
from approvals.rules.moves import GrantState
from portal.accounts.actors import Actor
from portal.core.errors import NotFound


@dataclass(frozen=True)
class UndoOffer:
    id: UUID
    headline: str
    until: datetime
    seconds: int


def undo_offer(actor: Actor, proposal_id: UUID, *, now: datetime) -> UndoOffer | None:
    """Give the offer to take an approval back while its grant is not usable. Six queries."""
    try:
        proposal = proposal_seen_by(actor, proposal_id)
    except NotFound:
        return None
    version = ProposalVersion.objects.get(
        proposal=proposal, number=proposal.version_number
    )
    grant = Grant.objects.filter(
        version=version, state=GrantState.ISSUED, not_before__gt=now
    ).first()
    if (
        grant is None
        or not Decision.objects.filter(
            version__proposal=proposal, person=actor.id
        ).exists()
    ):
        return None
    left = (grant.not_before - now).total_seconds()
    return UndoOffer(
        proposal.id, version.headline, grant.not_before, max(1, round(left))
    )
