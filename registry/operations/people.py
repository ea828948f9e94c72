"""Who holds a role and which agents serve a workflow.

What takes somebody away (a role left vacant, a reviewer or an agent removed) waits for
the rulings in flight, so that nothing is granted on the old state afterwards.
"""

from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Agent, Person
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.locks import lock_exclusive, workflow_scope
from registry.models import (
    AgentAssignment,
    HandOver,
    Position,
    RoleHolding,
    Workflow,
)
from registry.models.duties import OPEN_STATES, HandOverState
from registry.models.workflow import Role
from registry.operations.evidence import people_changed
from registry.operations.guards import holder_of, who_can_help, workflow_for
from registry.operations.reviewing import gains_vote, own_vote_refused
from registry.operations.rights import sync_rights
from registry.queries.agents import agents_seen_by, may_keep, who_lends
from registry.queries.people import SIGNING_ROLES

AGENTS_MAX = 50


@operation(leaves="workflow.role_assigned")
def assign_role(
    *, actor: Actor, workflow_id: UUID, role: str, person: Person, now: datetime
) -> None:
    """Give a role to a person; whoever held it gives it up.

    Every signature on an open packet is withdrawn: it names its people. Raises Invalid
    for an inactive person or one who holds another role that signs, Conflict when
    somebody holds it on a live workflow: then it is handed over, unless by an
    administrator.
    """
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    lock_exclusive(workflow_scope(workflow.lock_number))
    check_not_taken(actor, workflow, role)
    hold_role(workflow=workflow, role=role, person=person, actor=actor, now=now)


@operation(leaves="workflow.role_vacated")
def vacate_role(*, actor: Actor, workflow_id: UUID, role: str, now: datetime) -> None:
    """Leave a role vacant: the rulebook then refuses to execute, and intake goes on.

    On a live workflow its holder does, or an administrator.
    """
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    lock_exclusive(workflow_scope(workflow.lock_number))
    holding = locked_holding(workflow, role)
    if holding.person_id is None and holding.position_id is None:
        raise AlreadyDone("role.vacant", f"The {Role(role).label} is vacant already.")
    _check_may_vacate(actor, workflow, holding)

    give_up(holding, actor=actor, now=now)
    end_hand_over(workflow_id=workflow.id, role=role, now=now)

    record(
        "workflow.role_vacated",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        role=Role(role).label,
    )


def check_not_taken(actor: Actor, workflow: Workflow, role: str) -> None:
    """Keep the roles of a live workflow from whoever may merely write its page.

    Raises Conflict when an active person holds the role: only an administrator replaces
    somebody without their hand-over being accepted. Raises Forbidden for a vacant role
    unless the business owner or an administrator fills it.
    """
    if _may_replace(actor, workflow):
        return
    held = holder_of(workflow.id, role)
    if held is not None and held.person is not None:
        raise Conflict(
            "role.held",
            f"{held.person.name} holds this role."
            " Hand it over: who receives it accepts first.",
        )
    owner = holder_of(workflow.id, Role.BUSINESS_OWNER)
    if owner is None or owner.person_id != actor.id:
        raise Forbidden(
            f"{workflow.name} is live: its business owner or an administrator says who"
            " holds its roles.",
            who_can_help=who_can_help(workflow.id, Role.BUSINESS_OWNER),
        )


def _check_may_vacate(actor: Actor, workflow: Workflow, held: RoleHolding) -> None:
    """Keep a role with its holder: taken away first, it could be given to anybody."""
    if _may_replace(actor, workflow) or held.person_id in (None, actor.id):
        return
    raise Forbidden(
        f"{workflow.name} is live: its holder leaves a role, or an administrator takes"
        " it away. Hand it over instead: who receives it accepts first.",
        who_can_help=who_can_help(workflow.id, held.role),
    )


def _may_replace(actor: Actor, workflow: Workflow) -> bool:
    return (
        workflow.live_version_id is None
        or actor.is_system
        or access.holds_everywhere(actor, access.EDIT)
    )


@step
def hold_role(
    *,
    workflow: Workflow,
    role: str,
    person: Person,
    actor: Actor,
    now: datetime,
    position: Position | None = None,
    is_offered: bool = False,
) -> None:
    """Put a person into a role, by themselves or by a position they fill.

    Gives the rights that go with it, and ends a hand-over of the role that is open.
    Raises Forbidden for whoever so gives themselves a vote on a live workflow, unless
    another offered it to them (`is_offered`).
    """
    if role not in Role.values:
        raise Invalid({"role": "There is no such role."})
    if not person.is_active:
        raise Invalid({role: f"{person.name} is no longer active."})
    holding = locked_holding(workflow, role)
    position_id = position.id if position else None
    if holding.person_id == person.id and holding.position_id == position_id:
        raise AlreadyDone("role.same", f"{person.name} holds this role already.")
    check_three_people(workflow, role, person)
    is_own = person.id == actor.id and not is_offered
    if is_own and gains_vote(person.id, workflow, role):
        raise own_vote_refused(workflow.id)

    if holding.person_id not in (None, person.id):
        give_up(holding, actor=actor, now=now, is_replaced=True)
    end_hand_over(workflow_id=workflow.id, role=role, now=now)
    holding.person = person
    holding.position = position
    holding.since = now
    holding.save(update_fields=("person", "position", "since"))
    sync_rights(workflow_id=workflow.id, person_id=person.id)

    record(
        "workflow.role_assigned",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        person=f"{person.name} ({position.name})" if position else person.name,
        role=Role(role).label,
    )
    people_changed(workflow_id=workflow.id, actor=actor, now=now)


@step
def end_hand_over(*, workflow_id: UUID, role: str, now: datetime) -> None:
    """Take back a hand-over that is open, because the role went another way."""
    HandOver.objects.filter(
        workflow_id=workflow_id, role=role, state__in=OPEN_STATES
    ).update(state=HandOverState.WITHDRAWN, ended_at=now)


@operation(leaves="workflow.agent_assigned")
def assign_agent(
    *, actor: Actor, workflow_id: UUID, agent: Agent, now: datetime
) -> None:
    """Let an agent serve this workflow; without it the workflow is a 404 for the agent.

    Only who looks after the agent lends it: raises Forbidden for everybody else who sees
    it. The portal itself may.
    """
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    if not actor.is_system and not agents_seen_by(actor).filter(id=agent.id).exists():
        raise NotFound("There is nothing here, or you may not see it.")
    if not actor.is_system and not may_keep(actor, agent):
        raise Forbidden(
            f"You do not look after {agent.name}, so you may not let it serve here.",
            who_can_help=who_lends(agent),
            code="agent.not_yours",
        )
    if workflow.assignments.count() >= AGENTS_MAX:
        raise Conflict("agents.many", f"At most {AGENTS_MAX} agents serve a workflow.")
    _, is_new = AgentAssignment.objects.get_or_create(
        workflow=workflow, agent=agent, defaults={"since": now}
    )
    if not is_new:
        raise AlreadyDone("agent.same", f"{agent.name} serves this workflow already.")
    record(
        "workflow.agent_assigned",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        agent=agent.name,
    )


@operation(leaves="workflow.agent_removed")
def remove_agent(
    *, actor: Actor, workflow_id: UUID, agent: Agent, now: datetime
) -> None:
    """Take an agent off this workflow; its next request finds nothing.

    Taken off its home, it has none any more: its operator and administrators keep its keys.
    """
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    lock_exclusive(workflow_scope(workflow.lock_number))
    removed, _ = AgentAssignment.objects.filter(workflow=workflow, agent=agent).delete()
    if not removed:
        raise AlreadyDone("agent.none", f"{agent.name} does not serve this workflow.")
    record(
        "workflow.agent_removed",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        agent=agent.name,
    )


def locked_holding(workflow: Workflow, role: str) -> RoleHolding:
    """Lock the row of a role. Raises Invalid for a role that is not there. One query."""
    holding = (
        RoleHolding.objects.select_for_update(no_key=True, of=("self",))
        .filter(workflow=workflow, role=role)
        .first()
    )
    if holding is None:
        raise Invalid({"role": "There is no such role."})
    return holding


def check_three_people(workflow: Workflow, role: str, person: Person) -> None:
    """Raise Invalid for a person who signs in another role already. One query."""
    if role not in SIGNING_ROLES:
        return
    other = (
        RoleHolding.objects.filter(
            workflow=workflow, person=person, role__in=SIGNING_ROLES
        )
        .exclude(role=role)
        .first()
    )
    if other is not None:
        raise Invalid(
            {
                role: f"{person.name} is the {Role(other.role).label.lower()} already;"
                " three different people sign."
            }
        )


@step
def give_up(
    holding: RoleHolding, *, actor: Actor, now: datetime, is_replaced: bool = False
) -> None:
    """Take a role from whoever holds it: their rights go, and what is signed is signed anew.

    With `is_replaced` the caller puts somebody else in and says itself what changed.
    """
    former_id = holding.person_id
    holding.person = holding.position = None
    holding.since = now
    holding.save(update_fields=("person", "position", "since"))
    if former_id is not None:
        sync_rights(workflow_id=holding.workflow_id, person_id=former_id)
    if not is_replaced:
        people_changed(workflow_id=holding.workflow_id, actor=actor, now=now)
