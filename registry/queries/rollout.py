"""What the rollout plan reads of the registry: the sponsor, the focus, what is proven.

The plan is in force while an executive sponsor is named: somebody has to be there who
answers for it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from portal.accounts.actors import Actor
from portal.accounts.models import Department
from registry.models import (
    AiModel,
    FocusException,
    OperatingModelVersion,
    Proof,
    ReadinessAssessment,
    ReadinessPriority,
    ReadinessWaiver,
    Sponsor,
    System,
    TrainingCourse,
    TrainingRequirement,
    VersionCause,
    Workflow,
)
from registry.models.version import VersionState
from registry.queries.readiness import gate_now
from registry.queries.rights import holds
from registry.rules.rollout import FOCUS_MAX
from registry.rules.rulebook import Level


@dataclass(frozen=True)
class SponsorNow:
    """Who sponsors the programme. Without a name the post is vacant."""

    person_id: UUID | None = None
    name: str = ""
    job_title: str = ""
    reason: str = ""
    named_by: str = ""
    named_at: datetime | None = None


@dataclass(frozen=True)
class LiveLine:
    """A live workflow, since when, and whether it was called proven."""

    id: UUID
    slug: str
    name: str
    department_id: UUID
    department: str
    live_since: datetime
    is_proven: bool
    exception: str


@dataclass(frozen=True)
class Focus:
    """How many workflows of a department are live and not proven, before a first launch."""

    department: str
    unproven: int
    reason: str
    given_by: str
    may_go_over: bool

    @property
    def is_blocked(self) -> bool:
        return self.unproven >= FOCUS_MAX and not self.reason


@dataclass(frozen=True)
class RegistryFacts:
    """Counts of the registry that the plan is ticked by."""

    systems: int
    models: int
    courses: int
    duties_trained: int
    departments_assessed: int
    priorities_open: int
    priorities_late: int
    changes_from_findings: int
    is_gate_on: bool


@dataclass(frozen=True)
class PastGate:
    """That somebody went past a gate, with the reason on record."""

    what: str
    workflow: str
    slug: str
    reason: str
    by: str
    at: datetime


def sponsor_now() -> SponsorNow:
    """Give who sponsors the programme now; nobody where they left. One query."""
    row = (
        Sponsor.objects.select_related("person", "named_by")
        .order_by("-named_at", "-id")
        .first()
    )
    if row is None:
        return SponsorNow()
    person = row.person if row.person is not None and row.person.is_active else None
    return SponsorNow(
        person.id if person else None,
        person.name if person else "",
        person.job_title if person else "",
        row.reason,
        row.named_by.name if row.named_by else "Countersign",
        row.named_at,
    )


def live_lines() -> tuple[LiveLine, ...]:
    """Give every live workflow with its proof, by department and name. One query."""
    rows = (
        _live().select_related("department").order_by("department__name", "name", "id")
    )
    return tuple(
        LiveLine(
            row.id,
            row.slug,
            row.name,
            row.department_id,
            row.department.name,
            row.live_since,
            row.proven,
            row.over or "",
        )
        for row in rows
    )


def focus_before(
    *, actor: Actor, workflow_id: UUID, department_id: UUID
) -> Focus | None:
    """Say what the focus asks of a first launch; None where it asks nothing. Five queries."""
    was_live = OperatingModelVersion.objects.filter(
        workflow=workflow_id, state=VersionState.LAUNCHED
    )
    if sponsor_now().person_id is None or was_live.exists():
        return None
    unproven = _live().filter(department=department_id).exclude(proven=True).count()
    department = Department.objects.get(id=department_id)
    kept = (
        FocusException.objects.filter(workflow=workflow_id)
        .select_related("given_by")
        .order_by("-given_at", "-id")
        .first()
    )
    return Focus(
        department.name,
        unproven,
        kept.reason if kept else "",
        kept.given_by.name if kept else "",
        may_go_over=holds(
            actor, "pass_rollout_limit", Level.DEPARTMENT, department_id=department_id
        ),
    )


def registry_facts(*, now: datetime) -> RegistryFacts:
    """Count what the plan is ticked by. Nine queries."""
    open_ones = ReadinessPriority.objects.filter(ended_at=None)
    return RegistryFacts(
        systems=System.objects.filter(is_approved=True).count(),
        models=AiModel.objects.filter(is_approved=True).count(),
        courses=TrainingCourse.objects.filter(retired_at=None).count(),
        duties_trained=TrainingRequirement.objects.values("duty").distinct().count(),
        departments_assessed=ReadinessAssessment.objects.filter(closed_at__isnull=False)
        .values("department")
        .distinct()
        .count(),
        priorities_open=open_ones.count(),
        priorities_late=open_ones.filter(due_on__lt=now.date()).count(),
        changes_from_findings=VersionCause.objects.count(),
        is_gate_on=gate_now().is_on,
    )


def exceptions_since(since: datetime) -> tuple[PastGate, ...]:
    """Give the reasons for going past a gate since a moment, newest first. Two queries."""
    found = []
    for what, rows in (
        ("launched before its department was ready", ReadinessWaiver.objects),
        ("went over the focus of its department", FocusException.objects),
    ):
        found += [
            PastGate(
                what,
                row.workflow.name,
                row.workflow.slug,
                row.reason,
                row.given_by.name,
                row.given_at,
            )
            for row in rows.filter(given_at__gte=since).select_related(
                "workflow", "given_by"
            )
        ]
    return tuple(sorted(found, key=lambda each: each.at, reverse=True))


def _live() -> QuerySet[Any]:
    newest = Proof.objects.filter(workflow=OuterRef("id")).order_by("-said_at", "-id")
    over = FocusException.objects.filter(workflow=OuterRef("id")).order_by("-given_at")
    return Workflow.objects.filter(live_version__isnull=False).annotate(
        live_since=Min(
            "versions__launched_at", filter=Q(versions__launched_at__isnull=False)
        ),
        proven=Coalesce(Subquery(newest.values("is_proven")[:1]), False),
        over=Subquery(over.values("reason")[:1]),
    )
