"""Receivers and what was sent to them, as people may see them.

An address can itself be a secret, so only those who keep a receiver read it whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Now

from approvals.models import ActionRequest, CallbackEndpoint, Delivery
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department
from portal.core.errors import Forbidden, Invalid, NotFound

# Reached through our own foreign key: the registry's tables are behind its door.
WORKFLOWS = Delivery._meta.get_field("workflow").related_model._default_manager
SHOWN_MAX = 200
UNKNOWN_SHOWN_MAX = 20
UNKNOWN_LOOKS_BACK = timedelta(days=30)


@dataclass(frozen=True)
class Place:
    """What a receiver belongs to: one workflow, or a department."""

    key: str
    name: str
    workflow_id: UUID | None = None
    department_id: UUID | None = None


@dataclass(frozen=True)
class EndpointLine:
    """One receiver in a list, or as the head of its own page."""

    id: UUID
    name: str
    place: str
    slug: str | None
    host: str
    url: str | None
    is_on: bool
    state: str
    tone: str
    sentence: str
    since: datetime | None
    last_delivered_at: datetime | None
    waiting: int
    given_up: int
    may_keep: bool
    who_keeps: str
    secret_at: datetime
    previous_until: datetime | None


@dataclass(frozen=True)
class UnknownName:
    """A name that agents give as `callback` and that nobody registered."""

    name: str
    workflow: str
    slug: str
    count: int
    last_at: datetime
    key: str | None


@dataclass(frozen=True)
class Endpoints:
    lines: tuple[EndpointLine, ...]
    unknown: tuple[UnknownName, ...]
    may_add: bool


def endpoints_seen_by(actor: Actor) -> QuerySet[CallbackEndpoint]:
    """Give the receivers of workflows that a person may view, and of their departments."""
    workflows = access.visible(WORKFLOWS.all(), actor=actor)
    return CallbackEndpoint.objects.filter(
        Q(workflow__in=workflows.values("id"))
        | Q(department__in=workflows.values("department"))
    ).select_related("workflow", "department")


def endpoint_seen_by(actor: Actor, endpoint_id: UUID) -> CallbackEndpoint:
    """Give one receiver, or raise NotFound."""
    return access.visible_or_404(endpoints_seen_by(actor), id=endpoint_id)


def delivery_seen_by(actor: Actor, delivery_id: UUID) -> Delivery:
    """Give one message of a workflow that a person may view, or raise NotFound."""
    return access.visible_or_404(deliveries_seen_by(actor), id=delivery_id)


def deliveries_seen_by(actor: Actor) -> QuerySet[Delivery]:
    """Give the messages about workflows that a person may view.

    A ping of a department's receiver is about no workflow, and seen by its keepers.
    """
    rows = Delivery.objects.select_related(
        "endpoint__workflow", "endpoint__department", "workflow"
    )
    if access.holds_everywhere(actor, access.VIEW):
        return rows
    return access.visible(rows, actor=actor, workflow_path="workflow_id")


def may_keep(actor: Actor, endpoint: CallbackEndpoint) -> bool:
    """Say whether a person may change a receiver. At most two queries."""
    if actor.is_system:
        return True
    if endpoint.workflow_id is not None:
        return access.may(actor, access.EDIT, endpoint.workflow_id)
    return access.holds_everywhere(actor, access.EDIT)


def who_keeps(endpoint: CallbackEndpoint) -> str:
    """Say who may change a receiver. No query beyond the place's name."""
    if endpoint.workflow is not None:
        return f"Whoever may change the rulebook of {endpoint.workflow.name}"
    return "An administrator keeps the callbacks of a department"


def place_for(actor: Actor, key: str) -> Place:
    """Give the place where this person may register a receiver.

    Raises NotFound for what they may not see, Forbidden for what they may not change.
    """
    if not key:
        raise Invalid({"place": "Pick what it is for."})
    kind, _, name = key.partition(":")
    if kind == "workflow":
        workflow = access.visible_or_404(
            WORKFLOWS.all()
            if actor.is_system
            else access.visible(WORKFLOWS.all(), actor=actor),
            slug=name,
        )
        if not actor.is_system and not access.may(actor, access.EDIT, workflow.id):
            raise Forbidden(
                f"You may not change {workflow.name}.",
                who_can_help=f"Whoever may change the rulebook of {workflow.name}",
            )
        return Place(key, workflow.name, workflow_id=workflow.id)
    department = _department(name) if kind == "department" else None
    if department is None or not actor.is_person:
        raise NotFound("There is nothing here, or you may not see it.")
    if not access.holds_everywhere(actor, access.EDIT):
        raise Forbidden(
            "A department's callbacks are kept by administrators.",
            who_can_help="An administrator",
        )
    return Place(key, department.name, department_id=department.id)


def _department(identity: str) -> Department | None:
    try:
        return Department.objects.filter(id=UUID(identity)).first()
    except ValueError:
        return None


def places_for(actor: Actor) -> tuple[Place, ...]:
    """Give every place where this person may register a receiver. Three queries."""
    workflows = access.visible(WORKFLOWS.all(), actor=actor, permission=access.EDIT)
    places = [
        Place(f"workflow:{row.slug}", row.name, workflow_id=row.id)
        for row in workflows.order_by("name", "id")[:SHOWN_MAX]
    ]
    if access.holds_everywhere(actor, access.EDIT):
        places += [
            Place(f"department:{row.id}", row.name, department_id=row.id)
            for row in Department.objects.order_by("name", "id")[:SHOWN_MAX]
        ]
    return tuple(places)


def endpoints_for(actor: Actor, *, slug: str = "") -> Endpoints:
    """Give the receivers that a person may see, those that fail first. About six queries."""
    rows = endpoints_seen_by(actor)
    if slug:
        rows = rows.filter(
            Q(workflow__slug=slug)
            | Q(department__in=WORKFLOWS.filter(slug=slug).values("department"))
        )
    rows = rows.order_by("-is_on", "-failing_since", "name", "id")[:SHOWN_MAX]
    keeps = _kept_by(actor)
    found = list(rows)
    counts = _counts(actor, [row.id for row in found])
    lines = tuple(_line(row, counts.get(row.id, {}), keeps) for row in found)
    return Endpoints(
        lines=lines,
        unknown=_unknown(actor, slug=slug, keeps=keeps),
        may_add=bool(keeps),
    )


def endpoint_for(actor: Actor, endpoint_id: UUID) -> EndpointLine:
    """Give one receiver to somebody who may see it. Five queries. Raises NotFound."""
    row = endpoint_seen_by(actor, endpoint_id)
    counts = _counts(actor, [row.id])
    return _line(row, counts.get(row.id, {}), _kept_by(actor))


def _kept_by(actor: Actor) -> frozenset[UUID | str]:
    workflows = access.visible(WORKFLOWS.all(), actor=actor, permission=access.EDIT)
    keeps: set[UUID | str] = set(workflows.values_list("id", flat=True))
    if access.holds_everywhere(actor, access.EDIT):
        keeps.add("departments")
    return frozenset(keeps)


def _counts(actor: Actor, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Count what waits and what was given up, of workflows that this person may view."""
    rows = (
        deliveries_seen_by(actor)
        .filter(endpoint__in=ids, state__in=("WAITING", "DEAD"))
        .values_list("endpoint_id", "state")
        .annotate(Count("id"))
        .order_by()
    )
    found: dict[UUID, dict[str, int]] = {}
    for endpoint_id, state, count in rows:
        found.setdefault(endpoint_id, {})[state] = count
    return found


def _line(row: CallbackEndpoint, counts: dict[str, int], keeps) -> EndpointLine:
    is_kept = row.workflow_id in keeps or (
        row.workflow_id is None and "departments" in keeps
    )
    state, tone, sentence, since = _state_of(row)
    place = row.workflow.name if row.workflow else ""
    if row.department:
        place = f"every workflow of {row.department.name}"
    return EndpointLine(
        id=row.id,
        name=row.name,
        place=place,
        slug=row.workflow.slug if row.workflow else None,
        host=urlsplit(row.url).netloc,
        url=row.url if is_kept else None,
        is_on=row.is_on,
        state=state,
        tone=tone,
        sentence=sentence,
        since=since,
        last_delivered_at=row.last_delivered_at,
        waiting=counts.get("WAITING", 0),
        given_up=counts.get("DEAD", 0),
        may_keep=is_kept,
        who_keeps=who_keeps(row),
        secret_at=row.secret_at,
        previous_until=row.previous_until,
    )


def _state_of(row: CallbackEndpoint) -> tuple[str, str, str, datetime | None]:
    if not row.is_on:
        return "Off", "paused", f"Nothing is sent. {row.off_reason}", row.off_at
    if row.failing_since is not None:
        return (
            "Failing",
            "review",
            "It has not answered with success",
            row.failing_since,
        )
    if row.last_delivered_at is None:
        return "New", "draft", "Nothing was delivered yet.", None
    return "Works", "live", "Its last message arrived", row.last_delivered_at


def _unknown(actor: Actor, *, slug: str, keeps) -> tuple[UnknownName, ...]:
    """Name the callbacks that agents asked for lately and nobody registered. One query."""
    rows = access.visible(
        ActionRequest.objects.exclude(callback=""),
        actor=actor,
        workflow_path="workflow_id",
    ).filter(created_at__gt=Now() - UNKNOWN_LOOKS_BACK)
    if slug:
        rows = rows.filter(workflow__slug=slug)
    grouped = (
        rows.values(
            "callback",
            "workflow",
            "workflow__name",
            "workflow__slug",
            "workflow__department",
        )
        .annotate(count=Count("id"), at=Max("created_at"))
        .order_by("-at", "callback")[: 4 * UNKNOWN_SHOWN_MAX]
    )
    found = list(grouped)
    known: set[tuple] = set(
        CallbackEndpoint.objects.filter(
            name__in={row["callback"] for row in found}
        ).values_list("name", "workflow", "department")
    )
    return tuple(
        UnknownName(
            name=row["callback"],
            workflow=row["workflow__name"],
            slug=row["workflow__slug"],
            count=row["count"],
            last_at=row["at"],
            key=f"workflow:{row['workflow__slug']}"
            if row["workflow"] in keeps
            else None,
        )
        for row in found
        if (row["callback"], row["workflow"], None) not in known
        and (row["callback"], None, row["workflow__department"]) not in known
    )[:UNKNOWN_SHOWN_MAX]
