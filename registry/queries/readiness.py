"""How ready a department is: its last closed assessment, and what the gate asks of it.

`readiness_of` is the one place that says so; launches and the gates of phases ask it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from portal.accounts.queries import is_administrator
from portal.core.errors import NotFound
from registry.models import (
    OperatingModelVersion,
    ReadinessAnswer,
    ReadinessAssessment,
    ReadinessGate,
    ReadinessWaiver,
    RoleHolding,
)
from registry.models.version import VersionState
from registry.models.workflow import Role
from registry.queries.rights import default_people, holders_of
from registry.rules.readiness import PILLARS_BY_KEY
from registry.rules.readiness_scores import (
    Scores,
    score_text,
    scores_of,
    why_not_ready,
)
from registry.rules.rulebook import Level

# Level 3 is where things are written down; half a year is how long an answer stays true.
MINIMUM_USUAL = Decimal(3)
VALID_DAYS_USUAL = 180


@dataclass(frozen=True)
class Gate:
    """What a first launch asks of its department now. Off until somebody turns it on."""

    is_on: bool = False
    minimum: Decimal = MINIMUM_USUAL
    valid_days: int = VALID_DAYS_USUAL
    reason: str = ""
    set_by: str = ""
    set_at: datetime | None = None

    @property
    def needed(self) -> str:
        return score_text(self.minimum)


@dataclass(frozen=True)
class Readiness:
    """Where one department stands. `why_not` is empty when it passes the gate's minimum."""

    department_id: UUID
    department: str
    closed_at: datetime | None
    scores: Mapping[str, Decimal | None]
    lowest: Decimal | None
    weakest: str
    gate: Gate
    why_not: str
    href: str

    @property
    def stands(self) -> bool:
        return not self.why_not

    @property
    def text(self) -> str:
        """Say where it stands in one sentence."""
        return self.why_not or (
            f"{self.department} is ready: no pillar below {self.gate.needed} of 5."
        )


@dataclass(frozen=True)
class Waived:
    """A risk owner's reason for letting a workflow launch all the same."""

    reason: str
    given_by: str
    given_at: datetime
    counts: bool


@dataclass(frozen=True)
class FirstLaunch:
    """What stands between a workflow and its first launch, as its packet shows it."""

    readiness: Readiness
    waived: Waived | None
    is_risk_owner: bool

    @property
    def is_blocked(self) -> bool:
        return not self.readiness.stands and not (self.waived and self.waived.counts)


def gate_now() -> Gate:
    """Give what counts now. One query."""
    row = (
        ReadinessGate.objects.select_related("set_by")
        .order_by("-set_at", "-id")
        .first()
    )
    if row is None:
        return Gate()
    by = row.set_by.name if row.set_by else "Countersign"
    return Gate(row.is_on, row.minimum, row.valid_days, row.reason, by, row.set_at)


def readiness_of(*, department_id: UUID, now: datetime) -> Readiness:
    """Say how ready a department is, by its last closed assessment. Four queries.

    It says whether the gate's minimum is met even while the gate is off. Raises NotFound.
    """
    found = readiness_of_all(Department.objects.filter(id=department_id), now=now)
    if not found:
        raise NotFound("There is no such department.")
    return found[department_id]


def readiness_of_all(
    departments: QuerySet[Department], *, now: datetime
) -> dict[UUID, Readiness]:
    """Say how ready each of these departments is. Four queries, however many."""
    gate, found = gate_now(), list(departments)
    newest = {
        each.department_id: each
        for each in ReadinessAssessment.objects.filter(
            department__in=[each.id for each in found], closed_at__isnull=False
        )
        .order_by("department", "-closed_at", "-id")
        .distinct("department")
    }
    scores = scores_of_assessments([each.id for each in newest.values()])
    readiness = {}
    for each in found:
        last = newest.get(each.id)
        scored = scores[last.id] if last else None
        readiness[each.id] = _readiness(each, last, scored, gate, now.date())
    return readiness


def first_launch(
    *, actor: Actor, workflow_id: UUID, department_id: UUID, now: datetime
) -> FirstLaunch | None:
    """Say what a first launch still needs; None when the gate asks nothing. Few queries.

    The gate is off, or the workflow was live before.
    """
    gate = gate_now()
    was_live = OperatingModelVersion.objects.filter(
        workflow=workflow_id, state=VersionState.LAUNCHED
    )
    if not gate.is_on or was_live.exists():
        return None
    holds = RoleHolding.objects.filter(
        workflow=workflow_id, role=Role.RISK_OWNER, person__is_active=True
    ).values_list("person_id", flat=True)
    risk_owner = holds.first()
    waiver = (
        ReadinessWaiver.objects.filter(workflow=workflow_id)
        .select_related("given_by")
        .order_by("-given_at", "-id")
        .first()
    )
    return FirstLaunch(
        readiness=readiness_of(department_id=department_id, now=now),
        waived=Waived(
            waiver.reason,
            waiver.given_by.name,
            waiver.given_at,
            # Whoever answers for the risk now has to stand behind it.
            counts=waiver.given_by_id == risk_owner,
        )
        if waiver
        else None,
        is_risk_owner=actor.is_person and risk_owner == actor.id,
    )


def closed_of(department_id: UUID) -> QuerySet[ReadinessAssessment]:
    """Give a department's closed assessments, newest first. Not run yet."""
    return ReadinessAssessment.objects.filter(
        department_id=department_id, closed_at__isnull=False
    ).order_by("-closed_at", "-id")


def scores_of_assessments(ids: list[UUID]) -> dict[UUID, Scores]:
    """Score assessments by what was submitted; nothing half done counts. One query."""
    said: dict[UUID, dict[UUID, dict[str, int]]] = {each: {} for each in ids}
    rows = ReadinessAnswer.objects.filter(
        part__assessment__in=ids, part__submitted_at__isnull=False
    )
    for assessment, part, question, level in rows.values_list(
        "part__assessment_id", "part_id", "question", "level"
    ):
        said[assessment].setdefault(part, {})[question] = level
    return {each: scores_of(list(parts.values())) for each, parts in said.items()}


def departments_read_by(actor: Actor) -> QuerySet[Department]:
    """Give the departments whose readiness somebody may read. One query, not run yet.

    Their own, those they were asked about or have a priority of, those they head; all of
    them for administrators and for whoever sees every workflow.
    """
    rows = Department.objects.select_related("head")
    if not actor.is_person:
        return rows.none()
    if access.holds_everywhere(actor, access.VIEW) or is_administrator(actor):
        return rows
    mine = Person.objects.filter(id=actor.id, is_active=True)
    asked = ReadinessAssessment.objects.filter(
        Q(parts__person=actor.id) | Q(priorities__owner=actor.id)
    )
    return rows.filter(
        Q(id__in=mine.values("department_id"))
        | Q(head=actor.id)
        | Q(id__in=asked.values("department_id"))
    )


def may_lead(actor: Actor, department: Department) -> bool:
    """Say whether somebody opens, asks and gives priorities: its head, or administrators."""
    return actor.is_system or department.head_id == actor.id or is_administrator(actor)


def may_close(actor: Actor, department: Department) -> bool:
    """Say whether somebody closes it: who is named for it, else the head.

    Without an active head it is the administrators.
    """
    if actor.is_system:
        return True
    named = holders_of(
        "sign_assessment", Level.DEPARTMENT, department_id=department.id
    ).people
    if named:
        return any(each.id == actor.id for each in named)
    head = department.head
    if head is not None and head.is_active:
        return head.id == actor.id
    return is_administrator(actor)


def closers_of(department: Department) -> frozenset[UUID]:
    """Give who closes its assessment: who is named for it, else the head, else administrators."""
    found = holders_of("sign_assessment", Level.DEPARTMENT, department_id=department.id)
    return default_people(found, department.id)


def _readiness(
    department: Department,
    last: ReadinessAssessment | None,
    scores: Scores | None,
    gate: Gate,
    today: date,
) -> Readiness:
    weakest = scores.weakest if scores else None
    label = PILLARS_BY_KEY[weakest].label if weakest else ""
    lowest = scores.lowest if scores else None
    return Readiness(
        department_id=department.id,
        department=department.name,
        closed_at=last.closed_at if last else None,
        scores=scores.pillars if scores else {},
        lowest=lowest,
        weakest=label,
        gate=gate,
        why_not=why_not_ready(
            department=department.name,
            closed_on=last.closed_at.date() if last and last.closed_at else None,
            today=today,
            valid_days=gate.valid_days,
            minimum=gate.minimum,
            lowest=lowest,
            weakest=label,
        ),
        href=reverse("readiness_department", args=[department.slug]),
    )
