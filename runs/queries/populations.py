"""What a week's draw is made from: the runs that ended, or fell silent, in it."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Count, F, Max, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.accounts import access
from runs.models import ReviewWeek, Run, RunState, SampledRun
from runs.rules.sampling import Candidate

WEEK = timedelta(days=7)
CATCH_UP_WEEKS_MAX = 8
_OVERRIDDEN = (
    '$.asks.*.resolved[1] ? (@ == "rejected" || @ == "edited" || @ == "responded")'
)
_APPROVED = '$.asks.*.resolved[1] ? (@ == "approved")'
_REDEEMED = "$.asks.*.redeemed.*"


@dataclass(frozen=True)
class DueWeek:
    """A week of a workflow that is over and not opened."""

    workflow_id: UUID
    starts_on: date


def monday_of(moment: datetime) -> date:
    """Give the Monday of a moment's ISO week, in the organisation's time zone."""
    local = timezone.localtime(moment).date()
    return local - timedelta(days=local.weekday())


def bounds_of(starts_on: date) -> tuple[datetime, datetime]:
    """Give the first moment of a week and of the next: 167 to 169 hours apart."""
    zone = timezone.get_default_timezone()
    begin = datetime.combine(starts_on, time(), tzinfo=zone)
    end = datetime.combine(starts_on + WEEK, time(), tzinfo=zone)
    return begin, end


def candidates_in(*, workflow_id: UUID, starts_on: date) -> list[Candidate]:
    """Give the runs of a week as the draw sees them. One query, no events read.

    A run belongs to the week in which it ended, or was last heard of. A flagged one
    belongs to the next week that opens.
    """
    begin, end = bounds_of(starts_on)
    rows = _heard().filter(workflow_id=workflow_id, last_heard__lt=end)
    rows = rows.filter(Q(last_heard__gte=begin) | Q(is_flagged=True))
    facts = rows.annotate(
        is_overridden=_has(_OVERRIDDEN),
        is_approved=_has(_APPROVED),
        has_redeemed=_has(_REDEEMED),
        was_held=_has("$.held"),
    ).values(
        "id",
        "state",
        "is_held",
        "was_held",
        "unauthorised_count",
        "answered",
        "is_flagged",
        "amount_max",
        "is_overridden",
        "is_approved",
        "has_redeemed",
    )
    return [
        Candidate(
            run=str(row["id"]),
            was_held=row["is_held"] or row["was_held"],
            unauthorised=row["unauthorised_count"],
            has_failed=row["state"] == RunState.FAILED,
            answered=row["answered"],
            is_overridden=row["is_overridden"],
            is_flagged=row["is_flagged"],
            moved_money=row["has_redeemed"] and row["amount_max"] is not None,
            is_approved=row["is_approved"],
        )
        for row in facts.iterator(chunk_size=2_000)
    ]


def due_weeks(*, now: datetime) -> list[DueWeek]:
    """Give the weeks to open, oldest first. Few queries per week that is looked at.

    Last week for a workflow that has none yet; every missed one, up to a limit, for a
    workflow that has: so a portal that slept catches up, and a new one starts calmly.
    """
    this_week = monday_of(now)
    newest = dict(
        ReviewWeek.objects.values_list("workflow_id").annotate(Max("starts_on"))
    )
    found = []
    for back in range(CATCH_UP_WEEKS_MAX, 0, -1):
        starts_on = this_week - back * WEEK
        heard = _heard_in(starts_on).values_list("workflow_id", flat=True)
        for workflow_id in sorted(set(heard.distinct())):
            last = newest.get(workflow_id)
            is_due = back == 1 if last is None else starts_on > last
            if is_due:
                found.append(DueWeek(workflow_id, starts_on))
    return found


def loads_of(*, workflow_id: UUID) -> dict[str, int]:
    """Give what each assessor of a workflow still has to read, everywhere."""
    people = list(access.people_with(workflow_id, access.ASSESS))
    carried = dict(
        SampledRun.objects.filter(
            assigned_to__in=people,
            week__state=ReviewWeek.State.OPEN,
            reviews=None,
        )
        .values_list("assigned_to")
        .annotate(Count("id"))
    )
    return {str(person.id): carried.get(person.id, 0) for person in people}


def _heard() -> QuerySet[Any]:
    return Run.objects.filter(is_test=False).annotate(
        last_heard=Coalesce(F("ended_at"), F("last_event_at"))
    )


def _heard_in(starts_on: date) -> QuerySet[Any]:
    begin, end = bounds_of(starts_on)
    return _heard().filter(last_heard__gte=begin, last_heard__lt=end)


def _has(path: str) -> RawSQL:
    return RawSQL(
        "jsonb_path_exists(runs_run.fold, %s::jsonpath)",
        (path,),
        output_field=BooleanField(),
    )
