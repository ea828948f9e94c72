"""The head that every page about one workflow shows, and a workflow by its name."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department
from registry.models import OperatingModelVersion, RoleHolding, Workflow
from registry.models.version import VersionState
from registry.models.workflow import Role
from registry.queries.narrowing import STATES
from registry.queries.people import PersonRef
from registry.rules.phases import PHASES

PHASE_NAMES = {
    number: f"{phase.name}: {phase.short}" for number, phase in PHASES.items()
}


@dataclass(frozen=True)
class WorkflowHead:
    """What every page about a workflow says at its top, and what this person may do."""

    id: UUID
    slug: str
    name: str
    purpose: str
    department: str
    department_id: UUID
    phase: int
    phase_name: str
    risk: str
    currency: str
    state: str
    state_word: str
    live_version_id: UUID | None
    live_number: int | None
    live_since: datetime | None
    open_number: int | None
    open_state: str | None
    owner: PersonRef | None
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str
    may_edit: bool
    may_pause: bool

    @property
    def is_live(self) -> bool:
        return self.live_number is not None

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    @property
    def is_ended(self) -> bool:
        """Say whether it ended without AI, until somebody takes it up again."""
        return self.state == "ended"

    @property
    def has_draft(self) -> bool:
        return self.open_state == VersionState.DRAFT

    @property
    def has_submitted(self) -> bool:
        return self.open_state == VersionState.SUBMITTED


@dataclass(frozen=True)
class WorkflowRef:
    """A workflow as commands name it."""

    id: UUID
    slug: str
    name: str
    department: Department


def workflow_named(slug: str) -> WorkflowRef | None:
    """Give the workflow of a slug, for commands that act as the portal. One query."""
    row = Workflow.objects.select_related("department").filter(slug=slug).first()
    return WorkflowRef(row.id, row.slug, row.name, row.department) if row else None


def workflow_seen(*, actor: Actor, workflow_id: UUID) -> WorkflowRef:
    """Give a workflow to who may see it. Two queries. Raises NotFound."""
    rows = access.visible(Workflow.objects.select_related("department"), actor=actor)
    row = access.visible_or_404(rows, id=workflow_id)
    return WorkflowRef(row.id, row.slug, row.name, row.department)


def live_before(moment: datetime) -> frozenset[UUID]:
    """Give the workflows that are live and were launched before a moment. One query."""
    launched = OperatingModelVersion.objects.filter(
        workflow=OuterRef("pk"), launched_at__lt=moment
    )
    rows = Workflow.objects.filter(Exists(launched), live_version__isnull=False)
    return frozenset(rows.values_list("id", flat=True))


def business_owner_of(workflow_id: UUID) -> str:
    """Name the business owner of a workflow; empty while there is none. One query."""
    holding = RoleHolding.objects.filter(
        workflow_id=workflow_id, role=Role.BUSINESS_OWNER, person__is_active=True
    ).select_related("person")
    found = holding.first()
    return found.person.name if found is not None and found.person else ""


def workflow_head(*, actor: Actor, slug: str) -> WorkflowHead:
    """Give the head of one workflow. At most seven queries.

    Raises NotFound for anybody who may not see it.
    """
    rows = access.visible(Workflow.objects.all(), actor=actor)
    rows = with_open(rows).select_related("department", "live_version", "paused_by")
    row = access.visible_or_404(rows, slug=slug)
    owner = (
        RoleHolding.objects.filter(
            workflow=row, role=Role.BUSINESS_OWNER, person__is_active=True
        )
        .select_related("person")
        .first()
    )
    state = state_of(row, row.open_state)
    return WorkflowHead(
        id=row.id,
        slug=row.slug,
        name=row.name,
        purpose=row.purpose,
        department=row.department.name,
        department_id=row.department_id,
        phase=row.phase,
        phase_name=PHASE_NAMES[row.phase],
        risk=row.risk,
        currency=row.currency,
        state=state,
        state_word=dict(STATES)[state],
        live_version_id=row.live_version_id,
        live_number=row.live_version.number if row.live_version else None,
        live_since=row.live_version.launched_at if row.live_version else None,
        open_number=row.open_number,
        open_state=row.open_state,
        owner=_owner(owner),
        paused_at=row.paused_at,
        paused_by=_paused_by(row),
        pause_reason=row.pause_reason,
        may_edit=access.may(actor, access.EDIT, row.id),
        may_pause=access.may(actor, access.PAUSE, row.id),
    )


def with_open(rows: QuerySet) -> QuerySet:
    """Let each workflow tell the number and the state of its open version."""
    opened = OperatingModelVersion.objects.filter(
        workflow=OuterRef("pk"), state__in=(VersionState.DRAFT, VersionState.SUBMITTED)
    ).order_by("-number")
    return rows.annotate(
        open_number=Subquery(opened.values("number")[:1]),
        open_state=Subquery(opened.values("state")[:1]),
    )


def state_of(row: Workflow, open_state: str | None) -> str:
    """Say where a workflow stands, in a word of `STATES`."""
    if row.paused_at is not None:
        return "paused"
    if row.live_version_id is not None:
        return "live"
    if row.ended_as:
        return "ended"
    return "waiting" if open_state == VersionState.SUBMITTED else "draft"


def _owner(holding: RoleHolding | None) -> PersonRef | None:
    if holding is None or holding.person is None:
        return None
    return PersonRef(holding.person.id, holding.person.name, holding.person.email)


def _paused_by(row: Workflow) -> str | None:
    if row.paused_at is None:
        return None
    return row.paused_by.name if row.paused_by else "Countersign"
