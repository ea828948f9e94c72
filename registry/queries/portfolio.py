"""Workflows as a sponsor sees them: where each stands, who answers, what waits for a decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.models import OperatingModelVersion, RoleHolding, Workflow
from registry.models.version import VersionState
from registry.models.workflow import Role
from registry.queries.people import REQUIRED_ROLES, SIGNING_ROLES
from registry.queries.training import IsTrained


@dataclass(frozen=True)
class Standing:
    """Where one workflow stands in the registry."""

    id: UUID
    slug: str
    name: str
    department_slug: str
    department: str
    phase: int
    risk: str
    state: str
    owner: str
    paused_at: datetime | None
    vacant: tuple[str, ...]
    untrained: int
    signatures_asked: int
    submitted_at: datetime | None


def standings(*, actor: Actor) -> tuple[Standing, ...]:
    """Give every workflow this person may see, by name. Seven queries, however many."""
    rows = tuple(
        access.visible(
            Workflow.objects.select_related("department").order_by("name", "id"),
            actor=actor,
        )
    )
    ids = access.visible(Workflow.objects.order_by(), actor=actor).values("id")
    owners, vacant, untrained = _roles(ids)
    drafts, asked, since = _open_versions(ids)
    return tuple(
        Standing(
            id=row.id,
            slug=row.slug,
            name=row.name,
            department_slug=row.department.slug,
            department=row.department.name,
            phase=row.phase,
            risk=row.risk,
            state=_state(row, drafts.get(row.id, "")),
            owner=owners.get(row.id, ""),
            paused_at=row.paused_at,
            vacant=tuple(vacant.get(row.id, ())),
            untrained=untrained.get(row.id, 0),
            signatures_asked=asked.get(row.id, 0),
            submitted_at=since.get(row.id),
        )
        for row in rows
    )


def _roles(ids):
    owners: dict[UUID, str] = {}
    vacant: dict[UUID, list[str]] = {}
    untrained: dict[UUID, int] = {}
    held = RoleHolding.objects.filter(workflow__in=ids).annotate(
        fits=IsTrained("person_id", "role")
    )
    for workflow, role, person, is_active, name, fits in held.order_by(
        "role"
    ).values_list(
        "workflow_id", "role", "person_id", "person__is_active", "person__name", "fits"
    ):
        is_there = person is not None and is_active
        if role == Role.BUSINESS_OWNER and is_there:
            owners[workflow] = name
        if not is_there and role in REQUIRED_ROLES:
            vacant.setdefault(workflow, []).append(Role(role).label)
        if is_there and not fits:
            untrained[workflow] = untrained.get(workflow, 0) + 1
    return owners, vacant, untrained


def _open_versions(
    ids,
) -> tuple[Mapping[UUID, str], Mapping[UUID, int], Mapping[UUID, datetime]]:
    drafts: dict[UUID, str] = {}
    asked: dict[UUID, int] = {}
    since: dict[UUID, datetime] = {}
    signed = Count(
        "packet__signatures", filter=Q(packet__signatures__withdrawn_at=None)
    )
    rows = OperatingModelVersion.objects.filter(
        workflow__in=ids, state__in=(VersionState.DRAFT, VersionState.SUBMITTED)
    ).annotate(signed=signed)
    for workflow, state, at, count in rows.order_by("number").values_list(
        "workflow_id", "state", "submitted_at", "signed"
    ):
        drafts[workflow] = state
        if state == VersionState.SUBMITTED:
            asked[workflow] = max(0, len(SIGNING_ROLES) - count)
            if at is not None:
                since[workflow] = at
    return drafts, asked, since


def _state(row: Workflow, open_state: str) -> str:
    if row.paused_at is not None:
        return "paused"
    if row.live_version_id is not None:
        return "live"
    return "submitted" if open_state == VersionState.SUBMITTED else "draft"
