"""Grants that somebody should look at: used and not told, unknown, never used.

And who may do something about one: revoke it while it is unused, or say what happened.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from approvals.models import ActionRequest, Grant, GrantChase, Outcome
from approvals.models.proposing import Audience
from approvals.queries.endpoints import WORKFLOWS
from approvals.rules import granting
from approvals.rules.moves import ActionStatus, GrantState
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.core.errors import NotFound
from registry.queries.rulebooks import RulebookInForce
from registry.rules.answers import Risk

SHOWN_MAX = 100
UNUSED_SHOWN = timedelta(days=7)
_REVOKERS = (access.DECIDE, access.PAUSE, access.EDIT, access.RESOLVE)
_SETTLERS = (
    Audience.BUSINESS_OWNER.value,
    Audience.ESCALATION_OWNER.value,
    Audience.RISK_OWNER.value,
)
_OPEN = (ActionStatus.ALLOWED.value, ActionStatus.APPROVED.value)


@dataclass(frozen=True)
class UntoldLine:
    """One grant that somebody should look at, in plain words."""

    grant_id: UUID
    run_id: UUID
    headline: str
    workflow: str
    slug: str
    agent: str
    owner: str | None
    risk: str
    at: datetime
    asked_at: datetime | None
    unknown_at: datetime | None


@dataclass(frozen=True)
class Untold:
    """The three lists: what a person settles, what is waited for, what was never used."""

    unknown: tuple[UntoldLine, ...]
    waiting: tuple[UntoldLine, ...]
    unused: tuple[UntoldLine, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.unknown or self.waiting or self.unused)


def may_revoke(actor: Actor, workflow_id: UUID) -> bool:
    """Say whether a person may take an unused grant back. It only ever narrows."""
    return actor.is_system or any(
        access.may(actor, right, workflow_id) for right in _REVOKERS
    )


def who_revokes(workflow_id: UUID) -> str:
    """Name somebody who may revoke. One query."""
    named = access.people_with(workflow_id, access.PAUSE).values_list("name", flat=True)
    listed = ", ".join(named[:3])
    return f"{listed} can revoke it" if listed else "An administrator can revoke it"


def why_not_settle(
    actor: Actor, request: ActionRequest, facts: RulebookInForce
) -> str | None:
    """Say why this person may not say what became of it, or None when they may.

    Whoever stands behind the agent does not: the agent's own people told nothing.
    """
    holders = {
        facts.role_holders[role].id for role in _SETTLERS if role in facts.role_holders
    }
    if not actor.is_person or actor.id not in holders:
        return "What became of it is said by who answers for the workflow."
    behind = {request.operator_id, request.key_owner_id, facts.operator_id}
    if actor.id in behind:
        return "You stand behind this agent, so another person says what became of it."
    return None


def who_settles(request: ActionRequest, facts: RulebookInForce) -> str:
    """Name who may say what became of it. No query."""
    behind = {request.operator_id, request.key_owner_id, facts.operator_id}
    names = [
        f"{facts.role_holders[role].name} ({Audience(role).label.removeprefix('the ')})"
        for role in _SETTLERS
        if role in facts.role_holders and facts.role_holders[role].id not in behind
    ]
    return " or ".join(names) if names else f"An administrator of {facts.name}"


def untold_for(actor: Actor, *, slug: str = "") -> Untold:
    """Give what nobody has told, to somebody who may see it. Four to five queries.

    Raises NotFound for a workflow that they may not see.
    """
    grants = access.visible(
        Grant.objects.all(), actor=actor, workflow_path="workflow_id"
    )
    if slug:
        if not access.visible(WORKFLOWS.filter(slug=slug), actor=actor).exists():
            raise NotFound("There is nothing here, or you may not see it.")
        grants = grants.filter(workflow__slug=slug)
    used = grants.filter(state=GrantState.REDEEMED)
    unknown = used.filter(action_request__status=ActionStatus.UNKNOWN)
    waiting = used.filter(action_request__status__in=_OPEN, outcomes=None)
    again = Grant.objects.filter(
        action_request=OuterRef("action_request"),
        state__in=(GrantState.ISSUED, GrantState.REDEEMED),
    )
    unused = (
        grants.filter(
            state=GrantState.EXPIRED,
            version__isnull=False,
            expires_at__gt=Now() - UNUSED_SHOWN,
            action_request__status=ActionStatus.APPROVED,
        )
        .annotate(is_live=Subquery(again.values("id")[:1]))
        .filter(is_live=None)
    )
    return Untold(
        unknown=_lines(unknown.order_by("redeemed_at", "id")),
        waiting=_lines(waiting.order_by("redeemed_at", "id")),
        unused=_lines(unused.order_by("-expires_at", "-id")),
    )


def _lines(grants: QuerySet[Grant]) -> tuple[UntoldLine, ...]:
    owner = Person.objects.filter(
        is_active=True,
        holds__workflow=OuterRef("workflow_id"),
        holds__role=Audience.BUSINESS_OWNER.value,
    )
    asked = GrantChase.objects.filter(grant=OuterRef("pk"), kind=GrantChase.Kind.ASKED)
    latest = Outcome.objects.filter(grant=OuterRef("pk")).order_by("-number")
    rows = grants.select_related("workflow", "agent", "action_request").annotate(
        said=Coalesce("version__headline", "action_request__headline"),
        owner=Subquery(owner.values("name")[:1]),
        asked_at=Subquery(asked.values("chased_at")[:1]),
        told_at=Subquery(latest.values("reported_at")[:1]),
    )[:SHOWN_MAX]
    return tuple(
        UntoldLine(
            grant_id=row.id,
            run_id=row.run_id,
            headline=row.said,
            workflow=row.workflow.name,
            slug=row.workflow.slug,
            agent=row.agent.name,
            owner=row.owner,
            risk=row.action_request.risk,
            at=row.redeemed_at or row.expires_at,
            asked_at=row.asked_at,
            unknown_at=row.told_at,
        )
        for row in rows
    )


def silence_of(risk: str) -> Mapping[str, timedelta]:
    """Give how long this risk is waited for, for the page that says so. No query."""
    level = Risk(risk) if risk in set(Risk) else Risk.HIGH
    return {
        "ask": granting.ASK_AFTER[level],
        "give_up": granting.GIVE_UP_AFTER[level],
    }


@dataclass(frozen=True)
class ToLookAt:
    """How many used grants ended unknown, and how many nobody has told of, up to a hundred."""

    unknown: int
    silent: int


def grants_to_look_at(actor: Actor) -> ToLookAt:
    """Count what stands under No outcome yet, for the queue of exceptions. Three queries.

    Silent is what was asked after: the agent had its time to tell.
    """
    seen = access.visible(
        Grant.objects.filter(state=GrantState.REDEEMED),
        actor=actor,
        workflow_path="workflow_id",
    )
    unknown = seen.filter(action_request__status=ActionStatus.UNKNOWN)
    silent = seen.filter(
        action_request__status__in=_OPEN,
        outcomes=None,
        chases__kind=GrantChase.Kind.ASKED,
    )
    most = SHOWN_MAX + 1
    return ToLookAt(
        unknown=unknown.order_by().values("id")[:most].count(),
        silent=silent.order_by().values("id")[:most].count(),
    )
