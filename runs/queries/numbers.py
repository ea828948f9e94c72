"""Sums that numbers are made of, from events and moments only.

Tallies hold what was added up and deltas what was not yet; both together are exact at every
moment. What is read from runs themselves is named `run.…`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import (
    Aggregate,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Q,
    QuerySet,
    Sum,
)
from django.db.models.functions import TruncDate

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import Incident, ReportedChange, Run, Tally, TallyDelta

QUESTIONS = 7

type Sight = Callable[[QuerySet, str], QuerySet]
type SumsByDay = Mapping[tuple[str, date], Decimal]


@dataclass(frozen=True)
class CycleTimes:
    """How long completed runs took, and how long of it they waited for people."""

    count: int
    p50_seconds: float | None
    p90_seconds: float | None
    waited_p50_seconds: float | None
    waited_p90_seconds: float | None


class _Percentile(Aggregate):
    """Give the value below which a share of the rows lies, between two rows if need be."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"


def sums_by_day(
    *, actor: Actor, first: date, last: date, workflow_id: UUID | None = None
) -> SumsByDay:
    """Add up every measure by day, over the workflows this person may see. Six queries."""
    found: dict[tuple[str, date], Decimal] = {}
    seen = access.sight(actor)
    for rows in _tallies(seen, first, last, workflow_id):
        for measure, on, value in rows.values_list("measure", "on").annotate(
            Sum("value")
        ):
            found[measure, on] = found.get((measure, on), Decimal(0)) + value
    days = _runs(seen, first, last, workflow_id).annotate(
        on=TruncDate("started_at", tzinfo=UTC)
    )
    for on, *sums in days.values_list("on").annotate(**_RUN_SUMS):
        found |= {(measure, on): value for measure, value in _named(sums)}
    for rows, at, more in _reconciled(seen, first, last, workflow_id):
        by_day = rows.annotate(on=TruncDate(at, tzinfo=UTC)).values_list("on")
        for on, *sums in by_day.annotate(**more):
            found |= {(measure, on): value for measure, value in _dotted(more, sums)}
    return found


def sums_by_workflow(
    *, actor: Actor, first: date, last: date, workflow_id: UUID | None = None
) -> Mapping[UUID, Mapping[str, Decimal]]:
    """Add up every measure by workflow, over those this person may see. Six queries."""
    found: dict[UUID, dict[str, Decimal]] = {}
    seen = access.sight(actor)
    for rows in _tallies(seen, first, last, workflow_id):
        sums = rows.values_list("workflow_id", "measure").annotate(Sum("value"))
        for workflow, measure, value in sums:
            mine = found.setdefault(workflow, {})
            mine[measure] = mine.get(measure, Decimal(0)) + value
    runs = _runs(seen, first, last, workflow_id).values_list("workflow_id")
    for workflow, *sums in runs.annotate(**_RUN_SUMS):
        found.setdefault(workflow, {}).update(_named(sums))
    for rows, _, more in _reconciled(seen, first, last, workflow_id):
        for workflow, *sums in rows.values_list("workflow_id").annotate(**more):
            found.setdefault(workflow, {}).update(_dotted(more, sums))
    return found


def cycle_times(
    *, actor: Actor, first: date, last: date, workflow_id: UUID | None = None
) -> CycleTimes:
    """Give p50 and p90 of completed runs that ended in the days given. Two queries."""
    rows = access.visible(
        Run.objects.order_by(), actor=actor, workflow_path="workflow_id"
    )
    rows = rows.filter(
        is_test=False,
        state="COMPLETED",
        ended_at__gte=_midnight(first),
        ended_at__lt=_midnight(last + timedelta(days=1)),
    )
    if workflow_id is not None:
        rows = rows.filter(workflow_id=workflow_id)
    took = ExpressionWrapper(
        F("ended_at") - F("started_at"), output_field=DurationField()
    )
    found = rows.annotate(took=took).aggregate(
        count=Count("id"),
        p50=_Percentile("took", share="0.5", output_field=DurationField()),
        p90=_Percentile("took", share="0.9", output_field=DurationField()),
        waited_p50=_Percentile(
            "waited_seconds", share="0.5", output_field=FloatField()
        ),
        waited_p90=_Percentile(
            "waited_seconds", share="0.9", output_field=FloatField()
        ),
    )
    return CycleTimes(
        count=found["count"],
        p50_seconds=_seconds(found["p50"]),
        p90_seconds=_seconds(found["p90"]),
        waited_p50_seconds=found["waited_p50"],
        waited_p90_seconds=found["waited_p90"],
    )


_RUN_SUMS = {
    "runs": Count("id"),
    "answered_sum": Sum("answered"),
    "unauthorised": Sum("unauthorised_count"),
    "ended": Count("id", filter=Q(ended_at__isnull=False)),
    "held_now": Count("id", filter=Q(is_held=True)),
    "failed": Count("id", filter=Q(state="FAILED")),
}


def _named(sums: list) -> Iterator[tuple[str, Decimal]]:
    runs, answered, unauthorised, ended, held, failed = (
        Decimal(each or 0) for each in sums
    )
    yield "run.count", runs
    yield "run.answered", answered
    yield "run.answerable", runs * QUESTIONS
    yield "run.unauthorised", unauthorised
    yield "run.ended", ended
    yield "run.held", held
    yield "run.failed", failed


def _tallies(
    seen: Sight, first: date, last: date, workflow_id: UUID | None
) -> Iterator[QuerySet]:
    for manager in (Tally.objects, TallyDelta.objects):
        rows = seen(
            manager.filter(on__gte=first, on__lte=last).order_by(), "workflow_id"
        )
        yield rows.filter(workflow_id=workflow_id) if workflow_id else rows


def _reconciled(
    seen: Sight, first: date, last: date, workflow_id: UUID | None
) -> Iterator[tuple[QuerySet, str, dict[str, Aggregate]]]:
    """Give incidents that stand and changes that were looked at, with their sums.

    What belongs to no workflow is counted for those who see everything.
    """
    incidents = Incident.objects.exclude(state=Incident.State.EXPLAINED).filter(
        Q(run=None) | Q(run__is_test=False)
    )
    changes = ReportedChange.objects.exclude(state=ReportedChange.State.WAITING)
    judged: dict[str, Aggregate] = {
        "change_judged": Count("id"),
        "change_matched": Count("grant_id", distinct=True),
    }
    stood: dict[str, Aggregate] = {"incident_unauthorised": Sum("actions")}
    for rows, at, more in (
        (incidents, "happened_at", stood),
        (changes, "at", judged),
    ):
        until = _midnight(last + timedelta(days=1))
        found = seen(rows.order_by(), "workflow_id").filter(
            **{f"{at}__gte": _midnight(first), f"{at}__lt": until}
        )
        yield found.filter(workflow_id=workflow_id) if workflow_id else found, at, more


def _dotted(names: Iterable[str], sums: list) -> Iterator[tuple[str, Decimal]]:
    """Name sums as measures are named: an alias in SQL holds no dot."""
    for name, value in zip(names, sums, strict=True):
        yield name.replace("_", ".", 1), Decimal(value or 0)


def _runs(seen: Sight, first: date, last: date, workflow_id: UUID | None) -> QuerySet:
    rows = seen(Run.objects.order_by(), "workflow_id")
    rows = rows.filter(
        is_test=False,
        started_at__gte=_midnight(first),
        started_at__lt=_midnight(last + timedelta(days=1)),
    )
    return rows.filter(workflow_id=workflow_id) if workflow_id else rows


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def _seconds(span: timedelta | None) -> float | None:
    return span.total_seconds() if span is not None else None
