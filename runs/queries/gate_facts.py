"""What the weekly review says about one workflow, for the gate to its next phase."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from runs.models import Finding, ReviewWeek


@dataclass(frozen=True)
class GateFacts:
    """The weeks that were signed since a day, newest first, and what is open and late."""

    signed: tuple[date, ...]
    findings_open: int
    findings_late: int


def gate_facts(*, workflow_id: UUID, since: date, today: date) -> GateFacts:
    """Read it for a workflow that the caller may see. Three queries."""
    weeks = ReviewWeek.objects.filter(
        workflow_id=workflow_id,
        state=ReviewWeek.State.SIGNED,
        starts_on__gte=since,
    ).order_by("-starts_on")
    findings = Finding.objects.filter(workflow_id=workflow_id, closed_at=None)
    return GateFacts(
        signed=tuple(weeks.values_list("starts_on", flat=True)),
        findings_open=findings.count(),
        findings_late=findings.filter(due_on__lt=today).count(),
    )
