"""What the page of a proposal says about its time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import Proposal
from approvals.models.proposing import Audience
from approvals.queries.access import seats_for
from approvals.queries.clocks import is_overdue, settle_pauses, stands_since
from approvals.queries.snoozing import is_back, snoozed_by
from approvals.rules import due
from approvals.rules.moves import UNDECIDED, ProposalState
from portal.accounts.actors import Actor
from registry.queries.rulebooks import RulebookInForce
from registry.queries.timing import time_plan


@dataclass(frozen=True)
class ClockShown:
    """The due time in the reader's terms, and why it does not run or is over."""

    due_at: datetime
    zone: str
    counts_from: datetime | None
    stands_for: str
    late: str
    next_asked: str
    reminded: int
    is_snoozed: bool
    is_back: bool
    next_ids: frozenset[UUID]

    @property
    def is_over(self) -> bool:
        """Say whether those who were asked decide no more, swept or not."""
        return bool(self.late)


def clock_shown(
    actor: Actor, proposal: Proposal, facts: RulebookInForce, *, now: datetime
) -> ClockShown:
    """Say what the clock of a proposal says. One query, and three when it was paused."""
    settle_pauses(proposal)
    is_open = ProposalState(proposal.state) in UNDECIDED
    since = stands_since(proposal) if is_open else None
    snoozed, back = (
        Proposal.objects.filter(id=proposal.id)
        .values_list(snoozed_by(actor), is_back(actor))
        .get()
        if is_open
        else (False, False)
    )
    late, following = "", None
    expires_at = proposal.action_request.expires_at
    has_expired = is_open and expires_at is not None and expires_at <= now
    if has_expired or (is_open and is_overdue(proposal, now=now)):
        late = Audience(proposal.audience).label
        following = None if has_expired else _next(proposal, facts)
    asked = seats_for(facts, following).people if following else frozenset()
    return ClockShown(
        due_at=proposal.due_at,
        zone=proposal.clock_zone,
        counts_from=proposal.counts_from,
        stands_for=""
        if since is None
        else ("question" if proposal.state == ProposalState.ASKED else "pause"),
        late=late,
        next_asked=Audience(following).label if following else "",
        reminded=proposal.reminded,
        is_snoozed=snoozed,
        is_back=back and not snoozed,
        next_ids=frozenset(asked),
    )


def _next(proposal: Proposal, facts: RulebookInForce) -> str | None:
    return due.next_rung(
        ladder=time_plan(proposal.workflow_id).plan.ladder,
        audience=proposal.audience,
        is_escalated=proposal.escalated_at is not None,
        holders={role: holder.id for role, holder in facts.role_holders.items()},
    )
