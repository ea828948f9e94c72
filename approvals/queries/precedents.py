"""How like requests were decided before: the closest in amount, with outcome and reason."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from approvals.models import Proposal
from approvals.rules.moves import ProposalState

LOOKED_AT_MAX = 50
SHOWN_MAX = 5
DECIDED = (
    ProposalState.APPROVED,
    ProposalState.EDITED,
    ProposalState.REJECTED,
    ProposalState.RESPONDED,
)


@dataclass(frozen=True)
class Precedent:
    id: UUID
    headline: str
    resolution: str
    reason_code: str
    decided_by: str | None
    decided_at: datetime | None


def precedents_of(
    proposal: Proposal, *, verb: str, system: str
) -> tuple[Precedent, ...]:
    """Give the five closest decided proposals of the same verb and system. One query."""
    rows = (
        Proposal.objects.filter(
            workflow_id=proposal.workflow_id,
            state__in=DECIDED,
            action_request__verb=verb,
            action_request__system=system,
        )
        .exclude(id=proposal.id)
        .select_related("resolved_by")
        .order_by("-resolved_at", "-id")[:LOOKED_AT_MAX]
    )
    here = proposal.amount

    def distance(other: Proposal) -> tuple[bool, Decimal]:
        if here is None or other.amount is None or other.currency != proposal.currency:
            return True, Decimal(0)
        return False, abs(other.amount - here)

    return tuple(
        Precedent(
            id=row.id,
            headline=row.headline,
            resolution=row.state.lower(),
            reason_code=row.reason_code.replace("_", " "),
            decided_by=row.resolved_by.name if row.resolved_by else None,
            decided_at=row.resolved_at,
        )
        for row in sorted(rows, key=distance)[:SHOWN_MAX]
    )
