"""Which weeks of decisions are to be measured, and what each begins with."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db.models import Max, Min

from registry.queries.across import all_workflow_ids
from runs.models import DriftWeek, RunEvent
from runs.queries.populations import WEEK, bounds_of, monday_of
from runs.rules.drifting import (
    BASELINE_WEEKS,
    VERSION,
    Before,
)

# As far back as a portal that never measured begins: twelve weeks to show, and the
# eight before them that say what was usual.
WEEKS_BACK_MAX = 20


def weeks_to_measure(*, now: datetime) -> list[date]:
    """Give the Mondays of the weeks that are over and not measured, oldest first.

    At most three queries; a week in which nobody decided is looked at again.
    """
    last = monday_of(now) - WEEK
    newest = DriftWeek.objects.aggregate(Max("starts_on"))["starts_on__max"]
    first = last - (WEEKS_BACK_MAX - 1) * WEEK
    if newest is not None:
        first = max(first, newest + WEEK)
    if first > last:
        return []
    begin, _ = bounds_of(first)
    _, end = bounds_of(last)
    moments = RunEvent.objects.filter(
        workflow__in=list(all_workflow_ids()), kind="decided", at__gte=begin, at__lt=end
    ).aggregate(first=Min("at"))["first"]
    if moments is None:
        return []
    found = []
    monday = monday_of(moments)
    while monday <= last:
        found.append(monday)
        monday += WEEK
    return found


def before_week(*, starts_on: date, workflow_ids: Iterable[UUID]) -> dict[UUID, Before]:
    """Give what each workflow's week begins with: eight weeks, and its watch. One query."""
    rows = (
        DriftWeek.objects.filter(
            workflow__in=list(workflow_ids),
            starts_on__lt=starts_on,
            starts_on__gte=starts_on - BASELINE_WEEKS * WEEK,
        )
        .order_by("workflow_id", "starts_on")
        .values_list("workflow_id", "decisions", "overrides", "up", "down")
    )
    found: dict[UUID, Before] = {}
    for workflow_id, decisions, overrides, up, down in rows:
        earlier = found.get(workflow_id, Before())
        found[workflow_id] = Before(
            earlier.decisions + decisions, earlier.overrides + overrides, up, down
        )
    return found


def is_counted_as_now() -> bool:
    """Say whether every week was counted in today's way. One query."""
    return not DriftWeek.objects.exclude(version=VERSION).exists()


def measured_between() -> tuple[date | None, date | None]:
    """Give the first and the last week that was measured. One query."""
    found = DriftWeek.objects.aggregate(first=Min("starts_on"), last=Max("starts_on"))
    return found["first"], found["last"]
