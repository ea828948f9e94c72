"""This week: the runs of a workflow, and one person's runs to read and findings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from portal.accounts.actors import Actor
from portal.accounts.models import Agent

# The runs room's tables are behind its door; a run is reached through its agent.
_RUN = Agent._meta.get_field("run").related_model
_SAMPLED = next(
    field.related_model
    for field in _RUN._meta.get_fields(include_hidden=True)
    if field.auto_created and field.related_model.__name__ == "SampledRun"
)
RUNS = _RUN._default_manager
_WEEKS = _SAMPLED._meta.get_field("week").related_model._default_manager
_FINDINGS = _SAMPLED._meta.get_field("findings").related_model._default_manager

SHARES_MAX = 10
FINDINGS_MAX = 10


@dataclass(frozen=True)
class ReviewShare:
    """The runs of an open week that are this person's to read."""

    week_id: UUID
    workflow: str
    starts_on: date
    left: int
    total: int


@dataclass(frozen=True)
class FindingDue:
    """An open finding that this person looks after."""

    id: UUID
    week_id: UUID
    workflow: str
    text: str
    due_on: date
    is_late: bool


@dataclass(frozen=True)
class WeekOfRuns:
    """What the last seven days of one workflow were."""

    runs: int
    held: int
    failed: int
    unauthorised: int


def runs_of_week(
    *, workflow_ids: tuple[UUID, ...], now: datetime
) -> Mapping[UUID, WeekOfRuns]:
    """Count the runs of the last seven days, for workflows that may be seen. One query."""
    since = now - timedelta(days=7)
    rows = (
        RUNS.filter(workflow_id__in=workflow_ids, is_test=False)
        .filter(Q(started_at__gte=since) | Q(is_held=True))
        .order_by()
        .values_list("workflow_id")
        .annotate(
            runs=Count("id", filter=Q(started_at__gte=since)),
            held=Count("id", filter=Q(is_held=True)),
            failed=Count("id", filter=Q(started_at__gte=since, state="FAILED")),
            astray=Count(
                "id", filter=Q(started_at__gte=since, unauthorised_count__gt=0)
            ),
        )
    )
    return {workflow_id: WeekOfRuns(*counts) for workflow_id, *counts in rows}


def review_shares(*, actor: Actor) -> tuple[ReviewShare, ...]:
    """Give the open weeks with runs assigned to this person, oldest first. One query."""
    mine = Q(sample__assigned_to=actor.id)
    done = Q(sample__reviews__assessor=actor.id)
    weeks = (
        _WEEKS.filter(state="OPEN", sample__assigned_to=actor.id)
        .annotate(
            total=Count("sample", filter=mine, distinct=True),
            read=Count("sample", filter=mine & done, distinct=True),
        )
        .select_related("workflow")
        .order_by("starts_on", "id")
    )
    return tuple(
        ReviewShare(
            week_id=week.id,
            workflow=week.workflow.name,
            starts_on=week.starts_on,
            left=week.total - week.read,
            total=week.total,
        )
        for week in weeks[:SHARES_MAX]
    )


def findings_due(*, actor: Actor, today: date) -> tuple[FindingDue, ...]:
    """Give the open findings this person owns, the most urgent first. One query."""
    rows = (
        _FINDINGS.filter(owner=actor.id, closed_at=None)
        .select_related("workflow")
        .order_by("due_on", "id")
    )
    return tuple(
        FindingDue(
            id=row.id,
            week_id=row.week_id,
            workflow=row.workflow.name,
            text=row.text,
            due_on=row.due_on,
            is_late=row.due_on < today,
        )
        for row in rows[:FINDINGS_MAX]
    )
