"""Which weeks are due, and what opening one asks beside its runs: time, people, the past."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q

from portal.accounts import access
from portal.accounts.models import Person
from registry.queries.workflows import live_before
from runs.models import ReadingPlan, Review, ReviewWeek, RunEvent, SampledRun
from runs.models.events import Provenance
from runs.queries.answers import left_in, open_reviews
from runs.queries.populations import (
    PAST_WEEKS,
    WEEK,
    bounds_of,
    heard_in,
    monday_of,
)
from runs.rules.allocating import Past
from runs.rules.questions import KEYS
from runs.rules.sampling import Budget

CATCH_UP_WEEKS_MAX = 8
MINUTES_A_WEEK, MINUTES_A_RUN = 180, 6
# Late events of a run that has ended may still come for so long.
SETTLES = timedelta(minutes=15)


@dataclass(frozen=True)
class DueWeek:
    """A week of a workflow that is over and not opened."""

    workflow_id: UUID
    starts_on: date


def pasts_of(*, workflow_id: UUID, starts_on: date) -> dict[str, Past]:
    """Give how many runs of each layer were judged lately, and had a fault. One query.

    A run has a fault when an assessor answered one of the five questions with "no".
    Answers that are hidden still do not count: the plan of a week is shown to everybody.
    """
    said = open_reviews(Review.objects.filter(sampled=OuterRef("pk")))
    faulty, judged = Q(), Q()
    for key in KEYS:
        faulty |= Q(**{key: "no"})
        judged |= Q(**{f"{key}__in": ("yes", "no")})
    rows = (
        SampledRun.objects.filter(
            week__workflow_id=workflow_id,
            week__starts_on__lt=starts_on,
            week__starts_on__gte=starts_on - PAST_WEEKS * WEEK,
        )
        .annotate(
            is_judged=Exists(said.filter(judged)), is_faulty=Exists(said.filter(faulty))
        )
        .values("stratum")
        .annotate(
            judged=Count("id", filter=Q(is_judged=True)),
            faults=Count("id", filter=Q(is_faulty=True)),
        )
    )
    return {row["stratum"]: Past(row["judged"], row["faults"]) for row in rows}


def budget_of(*, workflow_id: UUID, assessors: int) -> Budget:
    """Give how much a workflow's assessors can read in a week. One query."""
    plan = ReadingPlan.objects.filter(workflow_id=workflow_id).first()
    return Budget(
        assessors=assessors,
        minutes_a_week=plan.minutes_a_week if plan else MINUTES_A_WEEK,
        minutes_a_run=plan.minutes_a_run if plan else MINUTES_A_RUN,
    )


def due_weeks(*, now: datetime) -> list[DueWeek]:
    """Give the weeks to open, oldest first. Few queries per week that is looked at.

    Last week for a workflow that has none yet; every missed one, up to a limit, for a
    workflow that has: so a portal that slept catches up, and a new one starts calmly. A
    workflow that is live opens its week without a run too, so that silence is seen.
    """
    this_week = monday_of(now - SETTLES)
    newest = dict(
        ReviewWeek.objects.values_list("workflow_id").annotate(Max("starts_on"))
    )
    found = []
    for back in range(CATCH_UP_WEEKS_MAX, 0, -1):
        starts_on = this_week - back * WEEK
        heard = heard_in(starts_on).values_list("workflow_id", flat=True)
        for workflow_id in sorted(
            {*heard.distinct(), *live_before(bounds_of(starts_on)[1])}
        ):
            last = newest.get(workflow_id)
            is_due = back == 1 if last is None else starts_on > last
            if is_due:
                found.append(DueWeek(workflow_id, starts_on))
    return found


def loads_of(*, workflow_id: UUID) -> dict[str, int]:
    """Give what each assessor of a workflow still has to read, everywhere. Three queries."""
    people = list(access.people_with(workflow_id, access.ASSESS))
    unread = SampledRun.to_read.filter(week__state=ReviewWeek.State.OPEN)
    carried = {person.id: 0 for person in people}
    for name in ("assigned_to", "second_to"):
        rows = (
            unread.filter(left_in(name), **{f"{name}__in": people})
            .values_list(name)
            .annotate(Count("id"))
        )
        for who, count in rows:
            carried[who] += count
    return {str(who): count for who, count in carried.items()}


def deciders_of(run_ids: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    """Give who decided about each run: nobody should judge their own decision. One query."""
    rows = RunEvent.objects.filter(
        run__in=run_ids, kind="decided", provenance=Provenance.ENFORCED
    )
    found: dict[UUID, set[str]] = defaultdict(set)
    for run_id, person_id in rows.values_list("run_id", "source_id"):
        found[run_id].add(str(person_id))
    return {run_id: frozenset(people) for run_id, people in found.items()}


def names_of(person_ids: set[UUID]) -> dict[UUID, str]:
    """Name people, also those who have left. One query."""
    rows = Person.objects.filter(id__in=person_ids).values_list("id", "name")
    return dict(rows)
