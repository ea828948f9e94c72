"""Workflows as pages across rooms need them: names, what a person looks after, what waits."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.once import once
from registry.models import AgentAssignment, RoleHolding, Workflow
from registry.queries.narrowing import in_words
from registry.queries.people import REQUIRED_ROLES
from registry.queries.training import IsTrained

WORKFLOWS_MAX = 300
LOOKED_AFTER_MAX = 50
SIGNATURES_MAX = 20
SIGNING_ROLES = ("business_owner", "it_owner", "risk_owner")
_SUBMITTED = "SUBMITTED"


@dataclass(frozen=True)
class WorkflowName:
    id: UUID
    slug: str
    name: str


@dataclass(frozen=True)
class WorkflowPlace:
    """A workflow with where it stands: its department and its phase."""

    id: UUID
    slug: str
    name: str
    department_slug: str
    department: str
    phase: int
    is_live: bool


@dataclass(frozen=True)
class LookedAfter:
    """A workflow this person holds a role of, and what is odd about it."""

    id: UUID
    slug: str
    name: str
    roles: tuple[str, ...]
    state: str
    version: int | None
    pause_reason: str
    vacant_roles: tuple[str, ...]
    # Who holds a role there without current training; nothing runs until it is.
    lapsed_holders: tuple[str, ...]
    has_open_draft: bool


@dataclass(frozen=True)
class SignatureAsked:
    slug: str
    name: str
    version: int
    role: str
    submitted_at: datetime | None


def workflow_names(*, actor: Actor) -> tuple[WorkflowName, ...]:
    """Give the workflows this person may see, by name, at most 300. Two queries."""
    rows = access.visible(Workflow.objects.order_by("name", "id"), actor=actor)
    return tuple(
        WorkflowName(*row)
        for row in rows.values_list("id", "slug", "name")[:WORKFLOWS_MAX]
    )


@once
def workflow_ids_seen_by(actor: Actor) -> frozenset[UUID]:
    """Give the ids of all workflows this person may see. At most two queries."""
    rows = access.visible(Workflow.objects.order_by(), actor=actor)
    return frozenset(rows.values_list("id", flat=True))


def workflow_ids_named(actor: Actor, names: Collection[str]) -> dict[str, UUID]:
    """Give the workflows of these slugs or names, by what they were asked as. Two queries.

    A person names only what they may see; a system of record names any.
    """
    folded = {name.casefold(): name for name in names}
    rows = Workflow.objects.annotate(folded=Lower("name")).filter(
        Q(slug__in=folded) | Q(folded__in=folded)
    )
    if actor.is_person:
        rows = access.visible(rows, actor=actor)
    found: dict[str, UUID] = {}
    for identity, slug, name in rows.order_by("id").values_list("id", "slug", "folded"):
        for key in (name, slug):
            if key in folded:
                found[folded[key]] = identity
    return found


def all_workflow_ids() -> frozenset[UUID]:
    """Give the ids of all workflows, for what looks after tables and not for people."""
    return frozenset(Workflow.objects.order_by().values_list("id", flat=True))


def all_workflow_slugs() -> frozenset[str]:
    """Give the slugs of all workflows, for who answers for the programme."""
    return frozenset(Workflow.objects.order_by().values_list("slug", flat=True))


def workflow_places(*, actor: Actor) -> tuple[WorkflowPlace, ...]:
    """Give every workflow this person may see with its department and phase. Two queries."""
    rows = access.visible(Workflow.objects.order_by("name", "id"), actor=actor)
    return tuple(
        WorkflowPlace(identity, slug, name, of, department, phase, live is not None)
        for identity, slug, name, of, department, phase, live in rows.values_list(
            "id",
            "slug",
            "name",
            "department__slug",
            "department__name",
            "phase",
            "live_version_id",
        )
    )


def workflow_name(*, workflow_id: UUID) -> WorkflowName | None:
    """Give the name of a workflow that the caller knows may be seen. One query."""
    row = (
        Workflow.objects.filter(id=workflow_id)
        .values_list("id", "slug", "name")
        .first()
    )
    return WorkflowName(*row) if row else None


def has_any_workflow() -> bool:
    """Say whether the registry holds any workflow at all. One query."""
    return Workflow.objects.exists()


def workflows_matching(*, actor: Actor, text: str, at_most: int) -> tuple[dict, ...]:
    """Find visible workflows by the words of their name and purpose. Two queries."""
    rows = access.visible(Workflow.objects.order_by("name", "id"), actor=actor)
    return tuple(in_words(rows, text).values("slug", "name", "purpose")[:at_most])


def assignments_seen_by(actor: Actor) -> QuerySet:
    """Give which agent serves which visible workflow. At most one query, and not run."""
    return access.visible(
        AgentAssignment.objects.all(), actor=actor, workflow_path="workflow_id"
    )


def workflows_owned_by(person_id: UUID) -> QuerySet:
    """Give the ids of the workflows that a person is the business owner of. Not run yet."""
    rows = RoleHolding.objects.filter(person=person_id, role="business_owner")
    return rows.values("workflow_id")


def looked_after_by(*, actor: Actor) -> tuple[LookedAfter, ...]:
    """Give the workflows this person holds a role of, by name. Three queries."""
    held: dict[UUID, list[str]] = {}
    workflows: dict[UUID, Workflow] = {}
    rows = (
        # What ended because it needs no AI needs nobody either.
        RoleHolding.objects.filter(person=actor.id, workflow__ended_as="")
        .select_related("workflow__live_version")
        .order_by("workflow__name", "workflow_id", "role")
    )
    for row in rows[: LOOKED_AFTER_MAX * 2]:
        held.setdefault(row.workflow_id, []).append(row.get_role_display())
        workflows[row.workflow_id] = row.workflow
    gaps = _gaps(list(held))
    being_written = dict(
        Workflow.objects.filter(
            id__in=list(held), versions__state__in=("DRAFT", "SUBMITTED")
        ).values_list("id", "versions__state")
    )
    return tuple(
        _looked_after(
            workflow,
            tuple(held[key]),
            gaps.get(key, _Gaps()),
            being_written.get(key, ""),
        )
        for key, workflow in list(workflows.items())[:LOOKED_AFTER_MAX]
    )


def signatures_asked_of(*, actor: Actor) -> tuple[SignatureAsked, ...]:
    """Give the packets that wait for this person's signature, oldest first. One query."""
    rows = (
        RoleHolding.objects.filter(
            person=actor.id,
            role__in=SIGNING_ROLES,
            workflow__versions__state=_SUBMITTED,
        )
        .order_by("workflow__versions__submitted_at", "id")
        .values_list(
            "workflow_id",
            "role",
            "workflow__slug",
            "workflow__name",
            "workflow__versions__number",
            "workflow__versions__submitted_at",
            "workflow__versions__packet",
        )
    )
    asked = []
    for workflow_id, role, slug, name, number, submitted_at, packet in rows:
        del workflow_id
        if packet is not None and not _is_signed(packet, role, actor):
            label = role.replace("_", " ").replace("it owner", "IT owner")
            asked.append(SignatureAsked(slug, name, number, label, submitted_at))
    return tuple(asked[:SIGNATURES_MAX])


def _is_signed(packet_id: UUID, role: str, actor: Actor) -> bool:
    signatures = (
        Workflow.objects.filter(versions__packet=packet_id)
        .filter(
            versions__packet__signatures__packet=packet_id,
            versions__packet__signatures__withdrawn_at=None,
            versions__packet__signatures__role=role,
        )
        .exists()
    )
    own = Workflow.objects.filter(
        versions__packet__signatures__packet=packet_id,
        versions__packet__signatures__withdrawn_at=None,
        versions__packet__signatures__person=actor.id,
    ).exists()
    return signatures or own


@dataclass
class _Gaps:
    """The required roles of one workflow that nobody can act in."""

    vacant: list[str] = field(default_factory=list)
    lapsed: list[str] = field(default_factory=list)


def _gaps(workflow_ids: list[UUID]) -> dict[UUID, _Gaps]:
    found: dict[UUID, _Gaps] = {}
    rows = (
        RoleHolding.objects.filter(
            workflow_id__in=workflow_ids, role__in=REQUIRED_ROLES
        )
        .select_related("person")
        .annotate(is_trained=IsTrained("person", "role"))
    )
    for row in rows.order_by("role", "id"):
        gaps = found.setdefault(row.workflow_id, _Gaps())
        if row.person is None or not row.person.is_active:
            gaps.vacant.append(row.get_role_display())
        elif not row.is_trained and row.person.name not in gaps.lapsed:
            gaps.lapsed.append(row.person.name)
    return found


def _looked_after(
    workflow: Workflow,
    roles: tuple[str, ...],
    gaps: _Gaps,
    being_written: str,
) -> LookedAfter:
    version = workflow.live_version.number if workflow.live_version else None
    if workflow.paused_at is not None:
        state = "paused"
    elif version:
        state = "live"
    else:
        state = "submitted" if being_written == "SUBMITTED" else "draft"
    return LookedAfter(
        id=workflow.id,
        slug=workflow.slug,
        name=workflow.name,
        roles=roles,
        state=state,
        version=version,
        pause_reason=workflow.pause_reason,
        vacant_roles=tuple(gaps.vacant),
        lapsed_holders=tuple(gaps.lapsed),
        has_open_draft=being_written == "DRAFT" and version is not None,
    )
