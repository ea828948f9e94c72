"""What waits in the runs of many workflows at once: findings, weeks, incidents, how many."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import Finding, Incident, ReviewWeek, Run
from runs.queries.finding import midnight

# A week is read in the one after it; then it is late.
WEEK_LATE_AFTER = timedelta(days=14)


@dataclass(frozen=True)
class RunsStanding:
    """One workflow's runs in some days, and what waits there."""

    runs: int = 0
    held: int = 0
    incidents_open: int = 0
    findings_open: int = 0
    findings_late: int = 0
    weeks_unsigned: int = 0


def runs_standings(
    *, actor: Actor, first: date, last: date, today: date
) -> Mapping[UUID, RunsStanding]:
    """Count by workflow, over all that this person may see. Five queries."""
    seen = access.sight(actor)
    runs = seen(
        Run.objects.filter(
            is_test=False,
            started_at__gte=midnight(first),
            started_at__lt=midnight(last + timedelta(days=1)),
        ),
        "workflow_id",
    )
    incidents = seen(Incident.objects.filter(state="OPEN"), "workflow_id")
    findings = seen(Finding.objects.filter(closed_at=None), "workflow_id")
    weeks = seen(
        ReviewWeek.objects.filter(state="OPEN", starts_on__lte=today - WEEK_LATE_AFTER),
        "workflow_id",
    )
    counted = _by_workflow(
        runs, n=Count("id"), held=Count("id", filter=Q(is_held=True))
    )
    open_ones = _by_workflow(incidents, n=Count("id"))
    found = _by_workflow(
        findings, n=Count("id"), late=Count("id", filter=Q(due_on__lt=today))
    )
    unsigned = _by_workflow(weeks, n=Count("id"))
    return {
        key: RunsStanding(
            runs=counted.get(key, (0, 0))[0],
            held=counted.get(key, (0, 0))[1],
            incidents_open=open_ones.get(key, (0,))[0],
            findings_open=found.get(key, (0, 0))[0],
            findings_late=found.get(key, (0, 0))[1],
            weeks_unsigned=unsigned.get(key, (0,))[0],
        )
        for key in {*counted, *open_ones, *found, *unsigned}
    }


def _by_workflow(rows: QuerySet, **sums) -> dict[UUID, tuple[int, ...]]:
    counted = rows.order_by().values_list("workflow_id").annotate(**sums)
    return {row[0]: row[1:] for row in counted}
