"""Every week's decisions are measured once, and what drifted is raised for an assessor.

The sweep that opens weeks measures them too. A week is measured for all workflows in one
transaction, because what is raised depends on how many are watched. Nothing here changes
what an agent may do.
"""

from datetime import date, datetime
from uuid import UUID

from portal.accounts.actors import SYSTEM, Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict
from portal.core.locks import OPENING_WEEKS, lock_exclusive
from registry.queries.across import all_workflow_ids
from runs.models import DriftAlarm, DriftWeek
from runs.queries.decisions import Decision, decisions_in
from runs.queries.drift import (
    before_week,
    is_counted_as_now,
    measured_between,
    weeks_to_measure,
)
from runs.queries.populations import WEEK, monday_of
from runs.rules.drifting import (
    VERSION,
    Before,
    Crossing,
    Measured,
    crossings,
    measure,
    sentence_of,
)

type Weeks = dict[UUID, Measured]
type Decisions = dict[UUID, list[Decision]]


def watch_due_weeks(*, now: datetime) -> int:
    """Measure the weeks that are over, oldest first; says how many. Safe doubled."""
    if not is_counted_as_now():
        rebuild_drift(actor=SYSTEM, now=now)
    done = 0
    for starts_on in weeks_to_measure(now=now):
        try:
            watch_week(actor=SYSTEM, starts_on=starts_on, now=now)
        except AlreadyDone:
            continue
        done += 1
    return done


@operation(leaves="review.drift_watched")
def watch_week(*, actor: Actor, starts_on: date, now: datetime) -> int:
    """Measure one week of every workflow and raise what drifted; says how many alarms.

    Takes the lock of opening weeks. Raises AlreadyDone when the week is measured, and
    Conflict while it runs or where a later one is.
    """
    if starts_on + WEEK > monday_of(now):
        raise Conflict("week.runs", "This week is not over yet.")
    lock_exclusive(OPENING_WEEKS)
    if DriftWeek.objects.filter(starts_on__gte=starts_on).exists():
        raise AlreadyDone("drift.measured", "This week is measured already.")
    decisions, weeks = _measured(starts_on)
    crossed = crossings(weeks)
    raised_before = _raised_in(starts_on)
    raised = [
        one
        for one in crossed
        if one.is_raised and (one.key, one.direction) not in raised_before
    ]
    begins_anew = raised_before | {(one.key, one.direction) for one in raised}
    _keep_weeks(starts_on, weeks, decisions, begins_anew)
    for one in raised:
        _raise(actor, starts_on, one, weeks, decisions, now)
    record(
        "review.drift_watched",
        actor=actor,
        week=starts_on.isoformat(),
        count=len(weeks),
        crossed=len(crossed),
        raised=len(raised),
    )
    return len(raised)


@operation(leaves="review.drift_rebuilt")
def rebuild_drift(*, actor: Actor, now: datetime) -> int:
    """Measure every week again from the moments of runs; says how many were wrong.

    What was raised stays as it was raised, and nothing is raised anew. Takes the lock of
    opening weeks.
    """
    lock_exclusive(OPENING_WEEKS)
    starts_on, last = measured_between()
    kept = {(row.workflow_id, row.starts_on): row for row in DriftWeek.objects.all()}
    DriftWeek.objects.all().delete()
    while starts_on is not None and last is not None and starts_on <= last:
        decisions, weeks = _measured(starts_on)
        _keep_weeks(starts_on, weeks, decisions, _raised_in(starts_on))
        starts_on += WEEK
    found = {(row.workflow_id, row.starts_on): row for row in DriftWeek.objects.all()}
    wrong = sum(
        key not in kept or key not in found or _facts(kept[key]) != _facts(found[key])
        for key in kept | found
    )
    record("review.drift_rebuilt", actor=actor, count=len(found), wrong=wrong)
    return wrong


def _measured(starts_on: date) -> tuple[Decisions, Weeks]:
    """Measure every workflow that was decided about in a week. Three queries."""
    decisions = decisions_in(starts_on=starts_on, workflow_ids=all_workflow_ids())
    before = before_week(starts_on=starts_on, workflow_ids=decisions)
    weeks = {
        workflow_id: measure(
            before.get(workflow_id, Before()), [one.is_override for one in rows]
        )
        for workflow_id, rows in sorted(decisions.items())
    }
    return decisions, weeks


@step
def _keep_weeks(
    starts_on: date,
    weeks: Weeks,
    decisions: Decisions,
    begins_anew: set[tuple[UUID, str]],
) -> None:
    """Keep where each watch stood; a side that was raised begins anew."""
    rows = []
    for workflow_id, week in weeks.items():
        end = week.watched.end if week.watched else None
        rows.append(
            DriftWeek(
                workflow_id=workflow_id,
                starts_on=starts_on,
                decisions=week.decisions,
                overrides=week.overrides,
                usual=week.usual,
                usual_of=week.usual_of,
                is_watched=week.watched is not None,
                up=end.up if end and (workflow_id, "UP") not in begins_anew else 0.0,
                down=(
                    end.down
                    if end and (workflow_id, "DOWN") not in begins_anew
                    else 0.0
                ),
                up_peak=week.peak("UP"),
                down_peak=week.peak("DOWN"),
                up_at=_crossed_at(week, "UP", decisions[workflow_id]),
                down_at=_crossed_at(week, "DOWN", decisions[workflow_id]),
                version=VERSION,
            )
        )
    DriftWeek.objects.bulk_create(rows)


@step
def _raise(
    actor: Actor,
    starts_on: date,
    crossing: Crossing[UUID],
    weeks: Weeks,
    decisions: Decisions,
    now: datetime,
) -> None:
    week = weeks[crossing.key]
    crossed_at = _crossed_at(week, crossing.direction, decisions[crossing.key])
    alarm = DriftAlarm.objects.create(
        workflow_id=crossing.key,
        starts_on=starts_on,
        direction=crossing.direction,
        decisions=week.decisions,
        overrides=week.overrides,
        usual=week.usual,
        peak=week.peak(crossing.direction),
        crossed_at=crossed_at or now,
        chance=crossing.chance,
        chance_adjusted=crossing.chance_adjusted,
        watched=sum(one.watched is not None for one in weeks.values()),
        raised_at=now,
    )
    record(
        "review.drift_raised",
        actor=actor,
        subject=("drift_alarm", alarm.id),
        workflow_id=crossing.key,
        text=sentence_of(
            direction=crossing.direction,
            decisions=week.decisions,
            overrides=week.overrides,
            usual=week.usual,
            starts_on=starts_on,
        ),
        direction=crossing.direction,
        peak=f"{alarm.peak:.2f}",
    )


def _raised_in(starts_on: date) -> set[tuple[UUID, str]]:
    alarms = DriftAlarm.objects.filter(starts_on=starts_on)
    return set(alarms.values_list("workflow_id", "direction"))


def _crossed_at(
    week: Measured, direction: str, decisions: list[Decision]
) -> datetime | None:
    place = week.crossed(direction)
    return None if place is None else decisions[place].at


def _facts(row: DriftWeek) -> tuple[object, ...]:
    return tuple(getattr(row, field.attname) for field in DriftWeek._meta.local_fields)
