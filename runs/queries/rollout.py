"""What the rollout plan reads of the weekly review, over every workflow. Counts alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from runs.models import Finding, Incident, ReviewWeek


@dataclass(frozen=True)
class ReviewFacts:
    signed_weeks: int = 0
    findings_late: int = 0
    incidents_open: int = 0


def review_facts(*, today: date, weeks_back: int) -> Mapping[UUID, ReviewFacts]:
    """Count by workflow, whoever looks: no row of them is shown here. Three queries."""
    since = today - timedelta(weeks=weeks_back + 1)
    weeks = _by_workflow(
        ReviewWeek.objects.filter(signed_at__isnull=False, starts_on__gte=since)
    )
    late = _by_workflow(Finding.objects.filter(closed_at=None, due_on__lt=today))
    incidents = _by_workflow(
        Incident.objects.filter(Q(state="OPEN") & Q(workflow__isnull=False))
    )
    return {
        key: ReviewFacts(weeks.get(key, 0), late.get(key, 0), incidents.get(key, 0))
        for key in {*weeks, *late, *incidents}
    }


def _by_workflow(rows: QuerySet) -> dict[UUID, int]:
    return dict(rows.order_by().values_list("workflow_id").annotate(Count("id")))
