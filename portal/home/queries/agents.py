"""Agents as pages show them: what each may do, and the keys it speaks with.

A person sees the agents that serve a workflow they may see, those of their own
department and those they operate; who administers, or sees every workflow, sees all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Now

from portal.accounts import access
from portal.accounts.actors import Actor, agent_actor
from portal.accounts.key_lines import KeyLine, key_lines
from portal.accounts.models import Agent, AgentKey, AgentKind
from portal.core.errors import Forbidden
from portal.core.pagination import Page, keyset
from registry.queries.across import assignments_seen_by
from registry.queries.agents import (
    agents_seen_by,
    may_keep,
    model_problems,
    who_keeps,
)
from registry.queries.boundaries import boundaries_for
from registry.queries.matrix import Grid, SystemName, grid_of, systems_known
from registry.queries.rulebooks import standing_facts

SERVED_MAX = 20


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
class Served:
    """One workflow an agent serves, with what its rulebook lets it do."""

    slug: str
    name: str
    state: str
    version: int | None
    currency: str
    grid: Grid | None
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
    model_problem: str
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

    At most twelve queries, and three for each workflow that it serves.
    """
    rows = _with_keys(agents_seen_by(actor)).select_related("department", "operator")
    agent = access.visible_or_404(rows, slug=slug)
    served = _served(actor, agent)
    may_manage = may_keep(actor, agent)
    return AgentPage(
        line=_line(agent, tuple(each.name for each in served)),
        id=agent.id,
        is_system_of_record=agent.kind == AgentKind.SYSTEM_OF_RECORD,
        may_manage=may_manage,
        who_manages="" if may_manage else who_keeps(agent),
        model_problem=model_problems().of(agent.model_name),
        keys=key_lines(agent_ids=[agent.id], now=now),
        served=served,
    )


def agent_to_manage(*, actor: Actor, slug: str) -> Agent:
    """Give the agent to somebody who may change it. Raises NotFound or Forbidden."""
    agent = access.visible_or_404(
        agents_seen_by(actor).select_related("operator"), slug=slug
    )
    if not may_keep(actor, agent):
        raise Forbidden(who_keeps(agent), code="agent.not_yours")
    return agent


def key_to_change(*, actor: Actor, slug: str, key_id: UUID) -> AgentKey:
    """Give a key to somebody who may change it. Raises NotFound or Forbidden."""
    agent = agent_to_manage(actor=actor, slug=slug)
    keys = AgentKey.objects.select_related("agent").filter(agent=agent)
    return access.visible_or_404(keys, id=key_id)


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
    systems = systems_known()
    return tuple(_boundaries(itself, slug, systems) for slug in slugs[:SERVED_MAX])


def _boundaries(itself: Actor, slug: str, systems: Mapping[str, SystemName]) -> Served:
    told = boundaries_for(actor=itself, slug=slug)
    facts = standing_facts(slug, agent_id=itself.id)
    grid = None
    if facts.rulebook is not None and facts.rulebook.allowances:
        grid = grid_of(
            facts.rulebook,
            ceilings=facts.ceilings,
            systems=systems,
            phase=facts.phase,
            retired_tools=facts.retired_tools,
        )
    state = "paused" if told["is_paused"] else "live" if told["is_live"] else "draft"
    return Served(
        slug=slug,
        name=told["name"],
        state=state,
        version=told["operating_model_version"],
        currency=told["currency"] or "EUR",
        grid=grid,
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
