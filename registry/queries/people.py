"""Who belongs to a workflow, as pages and rulings name them."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models.functions import Lower

from portal.accounts.actors import Actor
from portal.accounts.models import Agent, Department, Person
from registry.models import AgentAssignment, RoleHolding
from registry.models.workflow import Role
from registry.queries.reviewing import PersonRef, ReviewedBy, person_ref, reviewed_by
from registry.queries.training import IsTrained

REQUIRED_ROLES = (
    Role.BUSINESS_OWNER,
    Role.RISK_OWNER,
    Role.IT_OWNER,
    Role.ESCALATION_OWNER,
)
SIGNING_ROLES = (Role.BUSINESS_OWNER, Role.IT_OWNER, Role.RISK_OWNER)
PEOPLE_TO_PICK_MAX = 500
AGENTS_TO_PICK_MAX = 200

ROLE_MEANINGS = {
    Role.BUSINESS_OWNER: "Owns the outcome and the rules; signs, launches, can pause.",
    Role.IT_OWNER: "Owns the systems and the agent's access; signs, can pause.",
    Role.RISK_OWNER: "Judges what may go wrong; signs, can pause.",
    Role.AI_PRODUCT_OWNER: "Looks after the agent and writes the draft.",
    Role.ESCALATION_OWNER: "Takes what is escalated and resumes held runs.",
}


@dataclass(frozen=True)
class RoleHolder:
    """One named role of a workflow, with who holds it or None.

    `left` is somebody who still stands in the role and can no longer sign in;
    `position` is the post that holds it, whoever fills that. Whoever is not trained for the
    role holds it by name and can do nothing with it.
    """

    role: str
    label: str
    meaning: str
    person: PersonRef | None
    is_required: bool
    left: PersonRef | None = None
    position: str = ""
    is_trained: bool = True

    @property
    def is_vacant(self) -> bool:
        return self.person is None

    @property
    def is_lapsed(self) -> bool:
        return self.person is not None and not self.is_trained


@dataclass(frozen=True)
class AgentRef:
    id: UUID
    slug: str
    name: str
    is_active: bool
    model_name: str


@dataclass(frozen=True)
class WorkflowPeople:
    """Everybody who belongs to one workflow."""

    roles: tuple[RoleHolder, ...]
    reviewing: tuple[ReviewedBy, ...]
    agents: tuple[AgentRef, ...]

    @property
    def reviewers(self) -> tuple[PersonRef, ...]:
        """Everybody who reviews now, by whatever name; each once."""
        people = {who.id: who for each in self.reviewing for who in each.people}
        return tuple(sorted(people.values(), key=lambda who: who.name.casefold()))

    def holder(self, role: str) -> PersonRef | None:
        return next((held.person for held in self.roles if held.role == role), None)

    @property
    def vacant_required(self) -> tuple[str, ...]:
        return tuple(
            held.label for held in self.roles if held.is_required and held.is_vacant
        )

    @property
    def lapsed_required(self) -> tuple[RoleHolder, ...]:
        """Who holds a required role without being trained for it: nothing runs meanwhile."""
        return tuple(each for each in self.roles if each.is_required and each.is_lapsed)


@dataclass(frozen=True)
class Choice:
    """One option of a list to pick from."""

    value: str
    label: str
    detail: str = ""

    @property
    def shown(self) -> str:
        return f"{self.label} ({self.detail})" if self.detail else self.label


def people_of(*, workflow_id: UUID) -> WorkflowPeople:
    """Say who holds each role, who reviews and which agents serve. Four queries.

    A deactivated person counts as nobody.
    """
    rows = (
        RoleHolding.objects.filter(workflow_id=workflow_id)
        .select_related("person", "position")
        .annotate(is_trained=IsTrained("person", "role"))
    )
    untrained = {row.role for row in rows if not row.is_trained}
    standing = {row.role: row.person for row in rows if row.person is not None}
    posts = {row.role: row.position.name for row in rows if row.position is not None}
    held = {role: person for role, person in standing.items() if person.is_active}
    gone = {role: person for role, person in standing.items() if not person.is_active}
    assignments = (
        AgentAssignment.objects.filter(workflow_id=workflow_id)
        .select_related("agent")
        .order_by("agent__name", "id")
    )
    return WorkflowPeople(
        roles=tuple(
            RoleHolder(
                role=role.value,
                label=role.label,
                meaning=ROLE_MEANINGS[role],
                person=person_ref(held[role]) if role in held else None,
                is_required=role in REQUIRED_ROLES,
                left=person_ref(gone[role]) if role in gone else None,
                position=posts.get(role, ""),
                is_trained=role not in untrained,
            )
            for role in Role
        ),
        reviewing=reviewed_by(workflow_id=workflow_id),
        agents=tuple(
            AgentRef(
                id=row.agent.id,
                slug=row.agent.slug,
                name=row.agent.name,
                is_active=row.agent.is_active,
                model_name=row.agent.model_name,
            )
            for row in assignments
        ),
    )


def role_holder_ids(workflow_id: UUID, *roles: str) -> frozenset[UUID]:
    """Give the active people who hold these roles of a workflow, or any. One query."""
    rows = RoleHolding.objects.filter(workflow_id=workflow_id, person__is_active=True)
    if roles:
        rows = rows.filter(role__in=roles)
    return frozenset(rows.values_list("person_id", flat=True))


def role_holders_by_workflow(
    workflow_ids: Collection[UUID], *roles: str
) -> dict[UUID, set[UUID]]:
    """Give the active people who hold these roles, by workflow. One query."""
    rows = RoleHolding.objects.filter(
        workflow__in=list(workflow_ids), role__in=roles, person__is_active=True
    )
    found: dict[UUID, set[UUID]] = {}
    for workflow_id, person_id in rows.values_list("workflow_id", "person_id"):
        found.setdefault(workflow_id, set()).add(person_id)
    return found


def workflow_ids_held(person_id: UUID, *roles: str) -> frozenset[UUID]:
    """Give the workflows in which somebody holds one of these roles. One query."""
    rows = RoleHolding.objects.filter(person_id=person_id, role__in=roles)
    return frozenset(rows.values_list("workflow_id", flat=True))


def people_to_pick(*, actor: Actor) -> tuple[Choice, ...]:
    """Give the active people by name, to pick an owner from. One query."""
    if not actor.is_person:
        return ()
    rows = (
        Person.objects.filter(is_active=True)
        .select_related("department")
        .order_by(Lower("name"), "id")[:PEOPLE_TO_PICK_MAX]
    )
    return tuple(
        Choice(
            value=str(person.id),
            label=person.name,
            detail=", ".join(
                part
                for part in (
                    person.job_title,
                    person.department.name if person.department else "",
                )
                if part
            ),
        )
        for person in rows
    )


def agents_to_pick(*, actor: Actor) -> tuple[Choice, ...]:
    """Give the active agents by name. One query."""
    if not actor.is_person:
        return ()
    rows = Agent.objects.filter(is_active=True).order_by("name", "id")
    return tuple(
        Choice(value=str(agent.id), label=agent.name, detail=agent.model_name)
        for agent in rows[:AGENTS_TO_PICK_MAX]
    )


def departments_to_pick(*, actor: Actor) -> tuple[Choice, ...]:
    """Give the departments by name. One query."""
    if not actor.is_person:
        return ()
    rows = Department.objects.order_by("name", "id")
    return tuple(Choice(value=str(row.id), label=row.name) for row in rows)


def role_holder_names(workflow_id: UUID, *roles: str) -> tuple[str, ...]:
    """Give who holds these roles of a workflow, as "Maya Adler, business owner". One query."""
    held = RoleHolding.objects.filter(
        workflow_id=workflow_id, role__in=roles, person__is_active=True
    ).values_list("role", "person__name")
    names = dict(held)
    return tuple(
        f"{names[role]}, {role.replace('_', ' ')}" for role in roles if role in names
    )
