"""Agents as pages show them: what each may do, and the keys it speaks with.

A person sees the agents that serve a workflow they may see, those of their own
department and those they operate; who administers, or sees every workflow, sees all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Now

from portal.accounts import access
from portal.accounts.actors import Actor, agent_actor
from portal.accounts.models import Agent, AgentKey, AgentKind, Person
from portal.accounts.queries import administrators_sentence, is_administrator
from portal.core.errors import Forbidden
from portal.core.pagination import Page, keyset
from registry.queries.across import assignments_seen_by
from registry.queries.boundaries import boundaries_for

SERVED_MAX = 20
KEYS_SHOWN_MAX = 50
EXPIRES_SOON = timedelta(days=14)


@dataclass(frozen=True)
class AgentLine:
    """One agent of the list."""

    slug: str
    name: str
    kind: str
    is_active: bool
    department: str
    operator: str
    model_name: str
    live_keys: int
    last_used_at: datetime | None
    serves: tuple[str, ...]


@dataclass(frozen=True)
class KeyLine:
    """A key as it may be shown: never its secret."""

    id: UUID
    label: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    state: str


@dataclass(frozen=True)
class Served:
    """One workflow an agent serves, with what its rulebook lets it do."""

    slug: str
    name: str
    state: str
    version: int | None
    allowances: tuple[dict[str, Any], ...]
    stop_rules: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class AgentPage:
    line: AgentLine
    id: UUID
    is_system_of_record: bool
    may_manage: bool
    who_manages: str
    keys: tuple[KeyLine, ...]
    served: tuple[Served, ...]


def agents_for(*, actor: Actor, cursor: str | None = None) -> Page[AgentLine]:
    """Give one page of agents, by name. At most six queries."""
    rows = _with_keys(agents_seen_by(actor)).select_related("department", "operator")
    page = keyset(rows, order=("name", "id"), cursor=cursor)
    served = _names_served(actor, [agent.id for agent in page.items])
    return Page(
        tuple(_line(agent, served.get(agent.id, ())) for agent in page.items),
        page.next_cursor,
        page.previous_cursor,
    )


def agent_for(*, actor: Actor, slug: str, now: datetime) -> AgentPage:
    """Give one agent with its keys and what it may do. Raises NotFound.

    At most eight queries, and two for each workflow that it serves.
    """
    rows = _with_keys(agents_seen_by(actor)).select_related("department", "operator")
    agent = access.visible_or_404(rows, slug=slug)
    served = _served(actor, agent)
    may_manage = _may_manage(actor, agent)
    keys = AgentKey.objects.filter(agent=agent).order_by("-created_at", "-id")
    return AgentPage(
        line=_line(agent, tuple(each.name for each in served)),
        id=agent.id,
        is_system_of_record=agent.kind == AgentKind.SYSTEM_OF_RECORD,
        may_manage=may_manage,
        who_manages="" if may_manage else _who_manages(agent),
        keys=tuple(_key(key, now) for key in keys[:KEYS_SHOWN_MAX]),
        served=served,
    )


def agent_to_manage(*, actor: Actor, slug: str) -> Agent:
    """Give the agent to somebody who may change it. Raises NotFound or Forbidden."""
    agent = access.visible_or_404(
        agents_seen_by(actor).select_related("operator"), slug=slug
    )
    if not _may_manage(actor, agent):
        raise Forbidden(_who_manages(agent), code="agent.not_yours")
    return agent


def key_to_revoke(*, actor: Actor, slug: str, key_id: UUID) -> AgentKey:
    """Give a key to somebody who may revoke it. Raises NotFound or Forbidden."""
    agent = agent_to_manage(actor=actor, slug=slug)
    keys = AgentKey.objects.select_related("agent").filter(agent=agent)
    return access.visible_or_404(keys, id=key_id)


def agents_seen_by(actor: Actor) -> QuerySet[Agent]:
    if access.holds_everywhere(actor, access.VIEW) or is_administrator(actor):
        return Agent.objects.all()
    if not actor.is_person:
        return Agent.objects.none()
    serving = assignments_seen_by(actor).values("agent")
    department = Person.objects.filter(id=actor.id).values("department")
    return Agent.objects.filter(
        Q(operator=actor.id) | Q(department__in=department) | Q(id__in=serving)
    )


def _may_manage(actor: Actor, agent: Agent) -> bool:
    return agent.operator_id == actor.id or is_administrator(actor)


def _who_manages(agent: Agent) -> str:
    operates = f"{agent.operator.name} operates this agent" if agent.operator else ""
    others = administrators_sentence()
    return (
        f"{operates} and looks after its keys. {others}"
        if operates
        else f"An administrator looks after the keys of this agent. {others}"
    )


def _with_keys(agents: QuerySet[Agent]) -> QuerySet:
    live = Q(keys__revoked_at=None, keys__expires_at__gt=Now())
    return agents.annotate(
        live_keys=Count("keys", filter=live), last_used_at=Max("keys__last_used_at")
    )


def _names_served(actor: Actor, agent_ids: list[UUID]) -> dict[UUID, tuple[str, ...]]:
    rows = assignments_seen_by(actor).filter(agent__in=agent_ids)
    found: dict[UUID, list[str]] = {}
    for agent_id, name in rows.order_by("workflow__name", "id").values_list(
        "agent_id", "workflow__name"
    ):
        found.setdefault(agent_id, []).append(name)
    return {agent_id: tuple(names) for agent_id, names in found.items()}


def _served(actor: Actor, agent: Agent) -> tuple[Served, ...]:
    rows = assignments_seen_by(actor).filter(agent=agent)
    slugs = rows.order_by("workflow__name", "id").values_list(
        "workflow__slug", flat=True
    )
    itself = agent_actor(agent_id=agent.id, name=agent.name)
    return tuple(_boundaries(itself, slug) for slug in slugs[:SERVED_MAX])


def _boundaries(itself: Actor, slug: str) -> Served:
    told = boundaries_for(actor=itself, slug=slug)
    state = "paused" if told["is_paused"] else "live" if told["is_live"] else "draft"
    return Served(
        slug=slug,
        name=told["name"],
        state=state,
        version=told["operating_model_version"],
        allowances=tuple(told["allowances"]),
        stop_rules=tuple(told["stop_rules"]),
        tools=tuple(told["tools"]),
    )


def _line(agent: Any, serves: tuple[str, ...]) -> AgentLine:
    return AgentLine(
        slug=agent.slug,
        name=agent.name,
        kind=AgentKind(agent.kind).label,
        is_active=agent.is_active,
        department=agent.department.name if agent.department else "",
        operator=agent.operator.name if agent.operator else "",
        model_name=agent.model_name,
        live_keys=agent.live_keys,
        last_used_at=agent.last_used_at,
        serves=serves,
    )


def _key(key: AgentKey, now: datetime) -> KeyLine:
    if key.revoked_at is not None:
        state = "revoked"
    elif key.expires_at <= now:
        state = "expired"
    elif key.expires_at <= now + EXPIRES_SOON:
        state = "expires soon"
    else:
        state = "live"
    return KeyLine(
        id=key.id,
        label=key.label,
        hint=key.hint,
        scopes=tuple(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        state=state,
    )
