"""Who has a proposal and who stands in for whom, in the words of its card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from approvals.models import Proposal, ProposalVersion
from approvals.queries.access import proposal_seen_by
from approvals.queries.candidates import Candidate, candidates_for
from approvals.queries.seats import Seats
from approvals.rules.moves import UNDECIDED, ProposalState
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.away import StandIn
from registry.queries.rulebooks import standing_facts


@dataclass(frozen=True)
class StandInShown:
    person: str
    absent: str
    until: datetime


@dataclass(frozen=True)
class WhoHasIt:
    """Whose work an open proposal is now, and in whose place the reader would decide."""

    assigned_to: str
    is_mine: bool
    stand_ins: tuple[StandInShown, ...]
    acting_for: StandInShown | None
    may_assign: bool
    may_give_back: bool


@dataclass(frozen=True)
class AssignPage:
    """Everybody whom a proposal may be given to, by name."""

    proposal: Proposal
    candidates: tuple[Candidate, ...]
    text: str


def who_has(actor: Actor, proposal: Proposal, seats: Seats) -> WhoHasIt | None:
    """Say whose an open proposal is; None for one that has ended. Up to four queries."""
    if ProposalState(proposal.state) not in UNDECIDED:
        return None
    is_mine = proposal.assigned_to_id == actor.id
    lent = seats.absent_of(actor.id)
    return WhoHasIt(
        assigned_to=proposal.assigned_to.name if proposal.assigned_to else "",
        is_mine=is_mine,
        stand_ins=_shown(
            [each for each in seats.stand_ins if each.person_id != actor.id]
        ),
        acting_for=_shown(lent)[0] if lent else None,
        may_assign=actor.id in seats.people
        or access.may(actor, access.EDIT, proposal.workflow_id),
        may_give_back=is_mine or proposal.claimed_by_id == actor.id,
    )


def assign_page(actor: Actor, proposal_id, *, text: str = "") -> AssignPage:
    """Give whom an open proposal may be given to, or raise NotFound. About eight queries."""
    proposal = proposal_seen_by(actor, proposal_id)
    version = ProposalVersion.objects.select_related("authority_record").get(
        proposal=proposal, number=proposal.version_number
    )
    facts = standing_facts(
        proposal.workflow_id, agent_id=proposal.action_request.agent_id
    )
    wanted = text.strip().casefold()
    found = candidates_for(proposal, version, facts)
    return AssignPage(
        proposal=proposal,
        candidates=tuple(each for each in found if wanted in each.name.casefold()),
        text=text,
    )


def _shown(stand_ins: Sequence[StandIn]) -> tuple[StandInShown, ...]:
    # Until midnight is until the day before, for whoever reads a day.
    return tuple(
        StandInShown(each.person, each.absent, each.until - timedelta(seconds=1))
        for each in stand_ins
    )
