"""Whose work a proposal is: given to the least busy, by hand, given back, given on.

Being assigned is no right and takes none away: whoever may decide still does. So an
assignment that is late or lost costs order and never authority.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection

from approvals.models import Move, Proposal
from approvals.models.proposing import Audience
from approvals.operations.keeping import keep_move
from approvals.operations.ruling import guard_authority
from approvals.operations.sitting import (
    current_version,
    lock_proposal,
    require_undecided,
)
from approvals.queries.access import proposal_seen_by, seats_for, who_decides
from approvals.queries.candidates import candidates_for
from approvals.queries.stale import is_stale
from portal.accounts import access
from portal.accounts.actors import SYSTEM, Actor
from portal.accounts.models import Person
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from portal.core.locks import assigning_scope, lock_exclusive
from registry.queries.rulebooks import RulebookInForce, standing_facts
from registry.queries.training import REVIEWER, lapsed_duties

REASON_LENGTH_MAX = 500
# Fewest open first; among equals whoever was given one longest ago; then by id.
_LEAST_LOADED = """
SELECT candidate.id
  FROM unnest(%(people)s::uuid[]) AS candidate(id)
 ORDER BY (SELECT count(*) FROM approvals_proposal p
            WHERE p.assigned_to_id = candidate.id AND p.state IN ('OPEN', 'ASKED')),
          (SELECT max(p.assigned_at) FROM approvals_proposal p
            WHERE p.assigned_to_id = candidate.id) NULLS FIRST,
          candidate.id
 LIMIT 1
"""


@step
def assign_least_loaded(
    *, proposal: Proposal, facts: RulebookInForce, now: datetime, why: str = ""
) -> UUID | None:
    """Give a locked or new proposal to the least busy who may approve it, if any.

    Does nothing unless the workflow wants it and reviewers decide. One lock a workflow,
    taken last and until the end: two that open at once do not both see the same load.
    """
    if not facts.assigns_least_loaded or proposal.audience != Audience.REVIEWERS:
        return None
    people = _present(proposal, facts)
    if not people:
        return None
    take_turns(facts)
    with connection.cursor() as cursor:
        cursor.execute(_LEAST_LOADED, {"people": sorted(people)})
        chosen: UUID = cursor.fetchone()[0]
    _give(proposal, Person.objects.get(id=chosen), SYSTEM, why, now)
    return chosen


@step
def take_turns(facts: RulebookInForce) -> None:
    """Wait until nobody else is choosing for this workflow."""
    lock_exclusive(assigning_scope(facts.lock_number))


@operation(leaves="proposal.assigned")
def assign_proposal(
    *, actor: Actor, proposal_id: UUID, person_id: UUID, reason: str = "", now: datetime
) -> Proposal:
    """Give a proposal to somebody who may decide it. Whoever decides it, or edits the workflow, may.

    Raises Invalid for somebody who is away or may not approve it, Forbidden for a
    bystander.
    """
    _check_reason(reason)
    proposal, facts = _take(actor, proposal_id)
    found = candidates_for(proposal, current_version(proposal), facts)
    chosen = next((each for each in found if each.id == person_id), None)
    if chosen is None:
        raise Invalid({"person": "Pick somebody who decides this, from the list."})
    if chosen.why_not:
        raise Invalid({"person": f"{chosen.name} {chosen.why_not}."})
    if proposal.assigned_to_id == person_id:
        raise AlreadyDone("proposal.assigned", f"{chosen.name} has this already.")
    _give(proposal, Person.objects.get(id=person_id), actor, reason.strip(), now)
    return proposal


@operation(leaves="proposal.given_back")
def give_back_proposal(*, actor: Actor, proposal_id: UUID, now: datetime) -> Proposal:
    """Give back what was assigned to, or taken on by, this person; it waits for anyone."""
    proposal_seen_by(actor, proposal_id)
    proposal = lock_proposal(proposal_id)
    require_undecided(proposal)
    if actor.id not in (proposal.assigned_to_id, proposal.claimed_by_id):
        raise Conflict("proposal.not_yours", "This is not assigned to you.")
    if proposal.assigned_to_id == actor.id:
        proposal.assigned_to = proposal.assigned_at = None
    if proposal.claimed_by_id == actor.id:
        proposal.claimed_by = proposal.claimed_at = None
    proposal.save(
        update_fields=("assigned_to", "assigned_at", "claimed_by", "claimed_at")
    )
    keep_move(proposal, Move.Kind.RETURNED, actor, "", now)
    record(
        "proposal.given_back",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
    )
    return proposal


@operation(leaves="proposal.assigned")
def reassign_proposal(*, proposal_id: UUID, now: datetime) -> Proposal:
    """Give on what waits with somebody who is away or may no longer decide it.

    Looks again behind the lock, so that two sweeps move it once. Raises AlreadyDone when
    nothing is to be done.
    """
    seen = Proposal.objects.select_related("workflow__department").get(id=proposal_id)
    guard_authority(
        lock_number=seen.workflow.lock_number,
        department_lock_number=seen.workflow.department.lock_number,
    )
    proposal = lock_proposal(proposal_id)
    if not is_stale(proposal_id):
        raise AlreadyDone("proposal.moved", "It was given on already.")
    former = proposal.assigned_to.name if proposal.assigned_to else ""
    why = _why_moved(proposal, former)
    proposal.assigned_to = proposal.assigned_at = None
    proposal.save(update_fields=("assigned_to", "assigned_at"))
    facts = standing_facts(
        proposal.workflow_id, agent_id=proposal.action_request.agent_id
    )
    if assign_least_loaded(proposal=proposal, facts=facts, now=now, why=why) is None:
        keep_move(proposal, Move.Kind.RETURNED, SYSTEM, why, now)
        _record_given(proposal, "nobody", SYSTEM, f", after {former}")
    return proposal


def _why_moved(proposal: Proposal, former: str) -> str:
    if proposal.assigned_to_id and REVIEWER in lapsed_duties(proposal.assigned_to_id):
        return f"The training of {former} for deciding is not current."
    return f"{former} is away or no longer decides this."


@step
def _take(actor: Actor, proposal_id: UUID) -> tuple[Proposal, RulebookInForce]:
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
    may_assign = actor.id in seats_for(facts, proposal.audience).people or access.may(
        actor, access.EDIT, proposal.workflow_id
    )
    if not may_assign:
        raise Forbidden(
            "You may see this and do not say who decides it.",
            code="assigning.not_yours",
            who_can_help=who_decides(facts, proposal.audience),
        )
    return proposal, facts


@step
def _give(
    proposal: Proposal, person: Person, actor: Actor, reason: str, now: datetime
) -> None:
    proposal.assigned_to = person
    proposal.assigned_at = now
    proposal.save(update_fields=("assigned_to", "assigned_at"))
    keep_move(proposal, Move.Kind.ASSIGNED, actor, reason, now, concerned=person)
    _record_given(proposal, person.name, actor, f" ({reason})" if reason else "")


@step
def _record_given(proposal: Proposal, name: str, actor: Actor, why: str) -> None:
    record(
        "proposal.assigned",
        actor=actor,
        subject=("proposal", proposal.id),
        workflow_id=proposal.workflow_id,
        headline=proposal.headline,
        person=name,
        why=why,
    )


def _present(proposal: Proposal, facts: RulebookInForce) -> frozenset[UUID]:
    found = candidates_for(proposal, current_version(proposal), facts)
    return frozenset(each.id for each in found if not each.why_not)


def _check_reason(reason: str) -> None:
    if len(reason) > REASON_LENGTH_MAX or "\x00" in reason:
        raise Invalid({"reason": f"At most {REASON_LENGTH_MAX} plain characters."})
