"""What pages that look across rooms ask of runs: found runs, a week in numbers, my share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, Sum

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import Finding, Review, ReviewWeek, Run, RunState, SampledRun
from runs.queries.answers import left_to
from runs.queries.blind_findings import marked, words_of
from runs.queries.finding import words_match

WEEK = timedelta(days=7)
SHARES_MAX = 50
FINDINGS_MAX = 10


@dataclass(frozen=True)
class RunFound:
    id: UUID
    title: str
    workflow_name: str
    started_at: datetime
    state_word: str


@dataclass(frozen=True)
class WeekOfRuns:
    """The last seven days of one workflow."""

    runs: int
    held: int
    failed: int
    unauthorised: int


@dataclass(frozen=True)
class ReviewShare:
    """The runs of an open week that are one person's to read."""

    week_id: UUID
    workflow_name: str
    starts_on: date
    mine_left: int
    mine_total: int


@dataclass(frozen=True)
class FindingDue:
    """An open finding that one person looks after."""

    id: UUID
    week_id: UUID
    workflow_name: str
    text: str
    due_on: date
    is_late: bool


def runs_matching(*, actor: Actor, text: str, limit: int = 5) -> tuple[RunFound, ...]:
    """Find visible runs by their words, as the list does, newest first. Two queries."""
    rows = access.visible(
        Run.objects.select_related("workflow").defer("fold"),
        actor=actor,
        workflow_path="workflow_id",
    )
    found = words_match(rows, text[:100])
    return tuple(
        RunFound(
            run.id,
            run.title,
            run.workflow.name,
            run.started_at,
            RunState(run.state).label,
        )
        for run in found.order_by("-started_at", "-id")[:limit]
    )


def week_of_runs(
    *, actor: Actor, workflow_ids: Iterable[UUID], now: datetime
) -> Mapping[UUID, WeekOfRuns]:
    """Count the last seven days of the workflows given, of those visible. Two queries."""
    rows = access.visible(
        Run.objects.order_by(), actor=actor, workflow_path="workflow_id"
    )
    counted = (
        rows.filter(
            workflow_id__in=list(workflow_ids), started_at__gt=now - WEEK, is_test=False
        )
        .values_list("workflow_id")
        .annotate(
            runs=Count("id"),
            held=Count("id", filter=Q(is_held=True)),
            failed=Count("id", filter=Q(state=RunState.FAILED)),
            unauthorised=Sum("unauthorised_count"),
        )
    )
    return {workflow_id: WeekOfRuns(*sums) for workflow_id, *sums in counted}


def my_review_share(*, actor: Actor) -> tuple[ReviewShare, ...]:
    """Give the open weeks with runs that are this person's, oldest first. One query.

    First and second readings, counted as everywhere by `left_to`.
    """
    rows = (
        SampledRun.to_read.filter(
            Q(assigned_to=actor.id) | Q(second_to=actor.id),
            week__state=ReviewWeek.State.OPEN,
        )
        .annotate(
            is_done=Exists(
                Review.objects.filter(sampled=OuterRef("pk"), assessor=actor.id)
            )
        )
        .values_list("week_id", "week__workflow__name", "week__starts_on")
        .annotate(
            left=Count("id", filter=left_to(actor.id)),
            done=Count("id", filter=Q(is_done=True)),
        )
        .order_by("week__starts_on", "week_id")
    )
    return tuple(
        ReviewShare(week_id, workflow, starts_on, left, left + done)
        for week_id, workflow, starts_on, left, done in rows[:SHARES_MAX]
        if left or done
    )


def findings_due(*, actor: Actor, today: date) -> tuple[FindingDue, ...]:
    """Give the open findings this person looks after, most urgent first. One query."""
    rows = (
        marked(Finding.objects.filter(owner=actor.id, closed_at=None), actor.id)
        .select_related("workflow")
        .order_by("due_on", "id")
    )
    return tuple(
        FindingDue(
            row.id,
            row.week_id,
            row.workflow.name,
            words_of(row),
            row.due_on,
            row.due_on < today,
        )
        for row in rows[:FINDINGS_MAX]
    )
