"""A proposal that one person is about to decide: locked, current and theirs to decide.

Every way of deciding begins here, so that no way forgets a lock, a digest or a duty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.models import ActionRequest, Decision, Proposal, ProposalVersion
from approvals.models.proposing import Audience
from approvals.operations.ladder import catch_up
from approvals.operations.ruling import guard_authority
from approvals.operations.votes import absent_for, objection_to_vote
from approvals.queries.access import (
    lapsed_for,
    proposal_seen_by,
    seats_for,
    who_decides,
)
from approvals.queries.clocks import is_overdue
from approvals.queries.editors import editors_of
from approvals.queries.envelope import parsed
from approvals.queries.seats import Seats
from approvals.rules.moves import UNDECIDED, ProposalState
from approvals.rules.separation import SENTENCES, Objection, Parties
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.audit.operation import step
from portal.core import strict_json
from portal.core.clock import database_now
from portal.core.errors import Conflict, Forbidden
from registry.queries.acceptable_use import must_have_acknowledged
from registry.queries.rulebooks import RulebookInForce, standing_facts
from registry.rules.answers import Reversibility, Risk


@dataclass(frozen=True)
class Sitting:
    """One locked proposal with everything that a decision on it reads."""

    actor: Actor
    person: Person
    proposal: Proposal
    version: ProposalVersion
    request: ActionRequest
    facts: RulebookInForce
    acting_for: Person | None = None

    @property
    def body(self) -> Mapping[str, object]:
        return strict_json.parse_object(bytes(self.request.received))

    @property
    def action(self) -> Mapping[str, object]:
        return parsed(self.version.action)

    @property
    def seats(self) -> Seats:
        """Who may decide now, for the audience as it is by now. One to three queries."""
        return seats_for(self.facts, self.proposal.audience)

    @property
    def place(self) -> str:
        """Say in whose place this person decides, for the journal."""
        return f" for {self.acting_for.name}" if self.acting_for else ""


@step
def sit(*, actor: Actor, proposal_id: UUID, digest: str) -> Sitting:
    """Lock a proposal for a decision by this person on what this person saw.

    Ten queries. Raises NotFound for what they may not see, Forbidden for what is not
    theirs, Conflict for what was decided by another or changed since it was shown, and
    while they have not acknowledged how AI may be used.
    """
    seen = proposal_seen_by(actor, proposal_id)
    guard_authority(
        lock_number=seen.workflow.lock_number,
        department_lock_number=seen.workflow.department.lock_number,
    )
    proposal = lock_proposal(proposal_id)
    version = current_version(proposal)
    require_undecided(proposal)
    request = proposal.action_request
    facts = standing_facts(proposal.workflow_id, agent_id=request.agent_id)
    require_in_time(proposal, facts, actor)
    require_same_digest(version, digest)
    person = Person.objects.get(id=actor.id)
    seats = seats_for(facts, proposal.audience)
    if not person.is_active or actor.id not in seats.people:
        if lapsed_for(actor, facts, proposal.audience):
            raise Forbidden(
                "Your training for this is not current, so you do not decide it now."
                " Your training page says which course is missing.",
                code="training.lapsed",
                who_can_help=who_decides(facts, proposal.audience),
            )
        raise Forbidden(
            "You may see this and do not decide it.",
            code="decision.not_yours",
            who_can_help=who_decides(facts, proposal.audience),
        )
    must_have_acknowledged(actor)
    if Decision.objects.filter(version=version, person=person).exists():
        raise Conflict(
            Objection.VOTED.value,
            SENTENCES[Objection.VOTED],
            who=person.name,
        )
    acting_for = absent_for(seats, person, version)
    return Sitting(actor, person, proposal, version, request, facts, acting_for)


@step
def lock_proposal(proposal_id: UUID) -> Proposal:
    """Take the proposal's row; a second decider waits here and then finds it decided."""
    Proposal.objects.select_for_update(no_key=True, of=("self",)).values_list("id").get(
        id=proposal_id
    )
    # Read anew: a row that was waited for comes back with the joins of before the wait.
    return Proposal.objects.select_related(
        "action_request", "resolved_by", "workflow__department", "authority_record"
    ).get(id=proposal_id)


def current_version(proposal: Proposal) -> ProposalVersion:
    return ProposalVersion.objects.get(
        proposal=proposal, number=proposal.version_number
    )


def require_undecided(proposal: Proposal) -> None:
    """Raise Conflict, with who and when, for a proposal that has ended."""
    if ProposalState(proposal.state) in UNDECIDED:
        return
    who = proposal.resolved_by.name if proposal.resolved_by else _who_ended(proposal)
    raise Conflict(
        "proposal.decided",
        f"{who} ended this first: {proposal.state.lower()}.",
        who=who,
        at=proposal.resolved_at,
        resolution=proposal.state.lower(),
    )


@step
def require_in_time(proposal: Proposal, facts: RulebookInForce, actor: Actor) -> None:
    """Raise Conflict when the time is over, though no sweep has come by yet.

    When it is over for this step of the ladder only, the proposal goes up first, as a
    sweep would have it, and only those who are asked then go on.
    """
    now = database_now()
    late = Audience(proposal.audience).label
    went_up = catch_up(proposal, facts, now=now)
    if went_up and actor.id not in seats_for(facts, proposal.audience).people:
        raise Conflict(
            "proposal.overdue",
            f"The time of {late} is over; {Audience(proposal.audience).label} decides now.",
            who_can_help=who_decides(facts, proposal.audience),
        )
    expires_at = proposal.action_request.expires_at
    has_expired = expires_at is not None and expires_at <= now
    if has_expired or is_overdue(proposal, now=now):
        raise Conflict(
            "proposal.expired",
            "The time to decide this is over; nothing was approved.",
            at=expires_at if has_expired else proposal.due_at,
        )


def require_same_digest(version: ProposalVersion, digest: str) -> None:
    """Raise Conflict when the page showed other bytes than those that would run."""
    if digest == version.digest:
        return
    editor = version.edited_by
    raise Conflict(
        "digest.mismatch",
        "What you saw has changed since; look at it again before you decide.",
        who=editor.name if editor else None,
        at=version.created_at if editor else None,
        current_digest=version.digest,
    )


def parties_of(
    sitting: Sitting, *, version: ProposalVersion, risk: str, reversibility: str
) -> Parties:
    """Name those who stand behind one version."""
    request = sitting.request
    behind = (request.operator_id, request.key_owner_id, sitting.facts.operator_id)
    editors = editors_of(version)
    return Parties(
        requester_names=frozenset({request.on_behalf_of_id} - {""}),
        operator_ids=frozenset(one for one in behind if one),
        editor_ids=editors.everybody,
        widener_ids=editors.wideners,
        risk=Risk(risk),
        reversibility=Reversibility(reversibility),
    )


def require_no_objection(sitting: Sitting, parties: Parties) -> None:
    """Raise Forbidden when separation of duties keeps this person from approving."""
    found = objection_to_vote(sitting.person, sitting.acting_for, parties)
    if found is not None:
        objection, said = found
        raise Forbidden(
            said,
            code=objection.value,
            who_can_help=who_decides(sitting.facts, sitting.proposal.audience),
        )


def _who_ended(proposal: Proposal) -> str:
    if proposal.state == ProposalState.WITHDRAWN:
        return "The agent"
    return "The clock" if proposal.state == ProposalState.EXPIRED else "Another person"


def seconds_waited(proposal: Proposal, now: datetime) -> int:
    return max(0, round((now - proposal.created_at).total_seconds()))
