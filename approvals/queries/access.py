"""Who sees a proposal and who may decide it, asked at the moment of use.

Seeing follows the right to view the workflow; deciding follows being its reviewer, or
holding the role that the proposal waits for. No administrator decides by being one.
"""

from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from approvals.models import ActionRequest, Decision, Grant, Proposal
from approvals.models.proposing import Audience
from approvals.queries.seats import Seats, seats_of
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.core.errors import NotFound
from registry.queries.rulebooks import RulebookInForce
from registry.queries.training import REVIEWER, lapsed_duties

# Reached through our own foreign key: the registry's tables are behind its door.
_WORKFLOWS = Proposal._meta.get_field("workflow").related_model._default_manager


def proposals_seen_by(actor: Actor) -> QuerySet[Proposal]:
    """Give the proposals of workflows that a person may view. At most one query."""
    return access.visible(
        Proposal.objects.all(), actor=actor, workflow_path="workflow_id"
    )


def proposal_seen_by(actor: Actor, proposal_id: UUID) -> Proposal:
    """Give one proposal, or raise NotFound. Two queries."""
    return access.visible_or_404(
        proposals_seen_by(actor).select_related(
            "workflow__department", "action_request", "resolved_by"
        ),
        id=proposal_id,
    )


def action_of_agent(*, agent_id: UUID, action_id: UUID) -> ActionRequest:
    """Give an agent's own request, or raise NotFound for anyone else's. One query."""
    found = (
        ActionRequest.objects.filter(id=action_id, agent_id=agent_id)
        .select_related("workflow__department", "agent")
        .first()
    )
    if found is None:
        raise NotFound("There is no such action of yours.")
    return found


def grant_seen_by(actor: Actor, grant_id: UUID) -> Grant:
    """Give one grant of a workflow that a person may view, or raise NotFound."""
    return access.visible_or_404(
        access.visible(
            Grant.objects.select_related("workflow__department", "action_request"),
            actor=actor,
            workflow_path="workflow_id",
        ),
        id=grant_id,
    )


def has_voted(actor: Actor) -> Exists:
    """Say whether this person decided on the version that is current."""
    return Exists(
        Decision.objects.filter(
            version__proposal=OuterRef("pk"),
            version__number=OuterRef("version_number"),
            person=actor.id,
        )
    )


def eligible_ids(facts: RulebookInForce, audience: str) -> frozenset[UUID]:
    """Give the active people who may decide for an audience. No query.

    For a vacant role the business owner stands in: to reject or to answer, because
    nothing is approved while a required role is vacant.
    """
    if audience == Audience.REVIEWERS:
        return frozenset(facts.reviewer_ids)
    holder = facts.role_holders.get(audience) or facts.role_holders.get(
        Audience.BUSINESS_OWNER
    )
    return frozenset({holder.id}) if holder else frozenset()


def seats_for(facts: RulebookInForce, audience: str) -> Seats:
    """Give who may decide for an audience, stand-ins too. One to three queries."""
    return seats_of(
        own=eligible_ids(facts, audience),
        audience=audience,
        workflow_id=facts.workflow_id,
    )


def lapsed_for(actor: Actor, facts: RulebookInForce, audience: str) -> bool:
    """Say whether only lapsed training keeps this person from deciding. Four queries."""
    if audience != Audience.REVIEWERS:
        held = facts.lapsed_holders.get(audience)
        return held is not None and held.id == actor.id
    return REVIEWER in lapsed_duties(actor.id) and access.may(
        actor, access.DECIDE, facts.workflow_id
    )


def who_decides(facts: RulebookInForce, audience: str) -> str:
    """Name who can help: the people of an audience, in words. One query for reviewers."""
    if audience != Audience.REVIEWERS:
        return _who_holds(facts, audience)
    names = Person.objects.filter(id__in=facts.reviewer_ids).order_by("name", "id")
    listed = ", ".join(names.values_list("name", flat=True)[:5])
    return (
        f"Reviewers of {facts.name}: {listed}"
        if listed
        else f"The owner of {facts.name}"
    )


def who_fills(facts: RulebookInForce) -> str:
    """Say who can fill the vacant roles. No query."""
    roles = " and ".join(role.replace("_", " ") for role in facts.vacant_roles)
    owner = facts.role_holders.get(Audience.BUSINESS_OWNER)
    who = f"{owner.name} or an administrator" if owner else "An administrator"
    return f"{who} can name somebody as {roles} of {facts.name}"


def who_trains(facts: RulebookInForce) -> str:
    """Say what makes lapsed training good. No query."""
    who = " and ".join(
        f"{facts.lapsed_holders[role].name}" for role in facts.lapsed_training
    )
    return (
        f"{who or 'The person'} does the course, and an administrator or the risk team"
        " records it under Training; or somebody who is trained takes the role"
    )


def who_mends(code: str, facts: RulebookInForce) -> str | None:
    """Say who can mend what keeps a grant from running, if anybody can. No query."""
    if code == "owner.vacant":
        return who_fills(facts)
    return who_trains(facts) if code == "training.lapsed" else None


def who_lets_serve(facts: RulebookInForce) -> str:
    """Say who can let an agent serve a workflow again. No query."""
    owner = facts.role_holders.get(Audience.BUSINESS_OWNER)
    who = owner.name if owner else "An administrator"
    return f"{who} can let the agent serve {facts.name} again"


def _who_holds(facts: RulebookInForce, audience: str) -> str:
    label = Audience(audience).label
    holder = facts.role_holders.get(audience)
    if holder:
        return f"{holder.name}, {label} of {facts.name}"
    owner = facts.role_holders.get(Audience.BUSINESS_OWNER)
    if owner is None:
        return f"{label} of {facts.name}"
    return f"{owner.name}, in the place of the vacant {label} of {facts.name}"
