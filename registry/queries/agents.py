"""The agents of a workflow with their keys, and who looks after an agent."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.key_lines import EXPIRES_SOON, KeyLine, key_line, key_lines
from portal.accounts.models import Agent, AgentKey, Person
from portal.accounts.queries import administrators_sentence, is_administrator
from registry.models import AgentAssignment, AiModel, RoleHolding
from registry.models.workflow import Role
from registry.queries.across import assignments_seen_by
from registry.queries.people import Choice

KEEPING_ROLES = (Role.BUSINESS_OWNER, Role.IT_OWNER, Role.AI_PRODUCT_OWNER)
EXPIRING_SHOWN_MAX = 20
CHOICES_MAX = 200


@dataclass(frozen=True)
class ServingAgent:
    """An agent that serves a workflow, with what its owners need to know of it."""

    id: UUID
    slug: str
    name: str
    kind: str
    is_active: bool
    operator: str
    model_name: str
    model_problem: str
    since: datetime
    serves_others: int
    keys: tuple[KeyLine, ...]

    @property
    def live_keys(self) -> tuple[KeyLine, ...]:
        return tuple(key for key in self.keys if key.is_live)

    @property
    def last_used(self) -> KeyLine | None:
        used = [key for key in self.keys if key.last_used_at]
        return max(used, key=lambda key: str(key.last_used_at), default=None)

    @property
    def expiring(self) -> tuple[KeyLine, ...]:
        return tuple(key for key in self.keys if key.state == "expires soon")


@dataclass(frozen=True)
class KeyExpiring:
    """A key that runs out soon, for the person who looks after its agent."""

    agent_slug: str
    agent_name: str
    key: KeyLine


def workflows_served_by(*, agent_id: UUID) -> dict[str, UUID]:
    """Give the workflows that one agent serves, by slug. One query."""
    rows = AgentAssignment.objects.filter(
        agent=agent_id, workflow__withdrawn_at=None
    ).values_list("workflow__slug", "workflow_id")
    return dict(rows)


def serving_agents(*, workflow_id: UUID, now: datetime) -> tuple[ServingAgent, ...]:
    """Give the agents of one workflow, by name. Three queries."""
    rows = list(
        AgentAssignment.objects.filter(workflow=workflow_id)
        .select_related("agent__operator")
        .order_by("agent__name", "id")
    )
    ids = [row.agent_id for row in rows]
    serving = dict(
        AgentAssignment.objects.filter(agent__in=ids)
        .values_list("agent")
        .annotate(Count("id"))
    )
    keys: dict[UUID, list[KeyLine]] = {}
    for key in key_lines(agent_ids=ids, now=now):
        keys.setdefault(key.agent_id, []).append(key)
    problems = model_problems()
    return tuple(
        ServingAgent(
            id=row.agent_id,
            slug=row.agent.slug,
            name=row.agent.name,
            kind=row.agent.get_kind_display(),
            is_active=row.agent.is_active,
            operator=row.agent.operator.name if row.agent.operator else "",
            model_name=row.agent.model_name,
            model_problem=problems.of(row.agent.model_name),
            since=row.since,
            serves_others=serving.get(row.agent_id, 1) - 1,
            keys=tuple(keys.get(row.agent_id, ())),
        )
        for row in rows
    )


@dataclass(frozen=True)
class ModelProblems:
    """What is wrong with using a model, by its name or short name in small letters."""

    is_kept: bool
    approved: frozenset[str]

    def of(self, name: str) -> str:
        """Say what is wrong with an agent's model, or nothing."""
        if not self.is_kept or not name or name.lower() in self.approved:
            return ""
        return f"{name} is not an approved AI model."


def model_problems() -> ModelProblems:
    """Read which models are approved; an empty list approves them all. One query."""
    rows = list(AiModel.objects.values_list("slug", "name", "is_approved"))
    return ModelProblems(
        is_kept=bool(rows),
        approved=frozenset(
            word.lower() for slug, name, is_on in rows if is_on for word in (slug, name)
        ),
    )


def agents_served_in(*, actor: Actor, permission: str) -> QuerySet:
    """Give the ids of the agents that serve a workflow on which a person holds a right."""
    rows = access.visible(
        AgentAssignment.objects.order_by(),
        actor=actor,
        permission=permission,
        workflow_path="workflow_id",
    )
    return rows.values("agent_id")


def agents_seen_by(actor: Actor) -> QuerySet[Agent]:
    """Keep the agents that a person may see; of every other nothing is told."""
    if access.holds_everywhere(actor, access.VIEW) or is_administrator(actor):
        return Agent.objects.all()
    if not actor.is_person:
        return Agent.objects.none()
    serving = assignments_seen_by(actor).values("agent")
    department = Person.objects.filter(id=actor.id).values("department")
    return Agent.objects.filter(
        Q(operator=actor.id) | Q(department__in=department) | Q(id__in=serving)
    )


def agents_to_add(*, actor: Actor, workflow_id: UUID) -> tuple[Choice, ...]:
    """Give the active agents that this person looks after and that do not serve it yet.

    At most three queries.
    """
    serving = AgentAssignment.objects.filter(workflow=workflow_id).values("agent")
    rows = agents_kept_by(actor).filter(is_active=True).exclude(id__in=serving)
    return tuple(
        Choice(value=str(agent.id), label=agent.name, detail=agent.model_name)
        for agent in rows.order_by("name", "id")[:CHOICES_MAX]
    )


def agent_serving(*, workflow_id: UUID, slug: str) -> Agent | None:
    """Give an agent of this workflow, with its operator, by its short name. One query."""
    rows = Agent.objects.select_related("operator")
    return rows.filter(slug=slug, serves__workflow=workflow_id).first()


def agents_kept_by(actor: Actor) -> QuerySet[Agent]:
    """Keep the agents that a person looks after. At most two queries beside its own.

    Its operator, an administrator, or whoever may change its home, the workflow that it
    was registered from. Serving another workflow gives nobody its keys and takes them
    from nobody: whoever could assign it would otherwise make keys that open the others.
    """
    if not actor.is_person:
        return Agent.objects.none()
    if is_administrator(actor):
        return Agent.objects.all()
    homes = access.visible(
        AgentAssignment.objects.filter(is_home=True),
        actor=actor,
        permission=access.EDIT,
        workflow_path="workflow_id",
    )
    return Agent.objects.filter(Q(operator=actor.id) | Q(id__in=homes.values("agent")))


def may_keep(actor: Actor, agent: Agent) -> bool:
    """Say whether somebody looks after an agent and its keys. At most three queries."""
    return agents_kept_by(actor).filter(id=agent.id).exists()


def is_home(*, workflow_id: UUID, agent: Agent) -> bool:
    """Say whether an agent was registered from this workflow. One query."""
    return AgentAssignment.objects.filter(
        workflow=workflow_id, agent=agent, is_home=True
    ).exists()


def who_keeps(agent: Agent) -> str:
    """Say who looks after an agent's keys, to somebody who does not. One query."""
    operates = f"{agent.operator.name} operates this agent. " if agent.operator else ""
    return (
        f"{operates}Its operator, whoever may change the workflow that it was registered"
        f" from, and administrators look after its keys. {administrators_sentence()}"
    )


def who_lends(agent: Agent) -> str:
    """Name who can let an agent serve one more workflow. At most one query."""
    if agent.operator and agent.operator.is_active:
        return f"{agent.operator.name} operates it and can help."
    return administrators_sentence()


def keys_expiring_for(*, actor: Actor, now: datetime) -> tuple[KeyExpiring, ...]:
    """Give the keys that run out within two weeks to those who can replace them. One query."""
    if not actor.is_person:
        return ()
    held = RoleHolding.objects.filter(person=actor.id, role__in=KEEPING_ROLES)
    rows = (
        AgentKey.objects.filter(
            Q(agent__operator=actor.id)
            | Q(
                agent__in=AgentAssignment.objects.filter(
                    is_home=True,
                    workflow__in=held.values("workflow"),
                ).values("agent")
            ),
            revoked_at=None,
            expires_at__gt=now,
            expires_at__lte=now + EXPIRES_SOON,
            agent__is_active=True,
        )
        .select_related("agent")
        .order_by("expires_at", "id")
    )
    return tuple(
        KeyExpiring(key.agent.slug, key.agent.name, key_line(key, now))
        for key in rows[:EXPIRING_SHOWN_MAX]
    )
