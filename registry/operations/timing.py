"""Changing working time and review times. Administrators only; each change is on record.

What waits keeps the due time that it has; the next window counts anew.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from portal.accounts.actors import Actor
from portal.accounts.queries import must_administrate
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Invalid
from registry.models import ReviewTimes, WorkCalendar
from registry.operations.guards import person_id
from registry.queries.timing import calendar_of
from registry.queries.timing_pages import Level, calendar_sentence, times_sentence
from registry.rules.answers import Risk
from registry.rules.business_time import NoWorkingTime
from registry.rules.review_times import RUNGS, RiskTimes, times_document


@operation(leaves="calendar.changed")
def set_calendar(
    *,
    actor: Actor,
    level: Level,
    time_zone: str,
    week: Sequence[Sequence[Sequence[int]]],
    country: str = "",
    subdivision: str = "",
    closed_days: Sequence[Mapping[str, str]] = (),
    now: datetime,
) -> None:
    """Give the organisation or a department its working time.

    Raises Invalid for a week in which nobody works.
    """
    _must(actor)
    kept: dict[str, Any] = {
        "time_zone": time_zone,
        "week": [[list(span) for span in day] for day in week],
        "country": country,
        "subdivision": subdivision,
        "closed_days": list(closed_days),
    }
    try:
        calendar_of(kept)
    except NoWorkingTime:
        raise Invalid(
            {"day_0": "Somebody has to work at some time of the week."}
        ) from None
    if level.workflow_id is not None:
        raise Invalid({"": "A workflow works in the hours of its department."})
    # One statement, so that two administrators at once leave one calendar.
    WorkCalendar.objects.bulk_create(
        [
            WorkCalendar(
                scope=level.scope,
                department_id=level.department_id,
                changed_by_id=person_id(actor),
                changed_at=now,
                **kept,
            )
        ],
        update_conflicts=True,
        unique_fields=["scope"],
        update_fields=[*kept, "changed_by", "changed_at"],
    )
    record(
        "calendar.changed",
        actor=actor,
        subject=("work_calendar", level.scope),
        whom=level.name,
        what=calendar_sentence(kept),
    )


@operation(leaves="calendar.removed")
def drop_calendar(*, actor: Actor, level: Level, now: datetime) -> None:
    """Let the calendar above count again. Raises AlreadyDone without an own one."""
    _must(actor)
    dropped, _ = WorkCalendar.objects.filter(scope=level.scope).delete()
    if not dropped:
        raise AlreadyDone("calendar.none", f"{level.name} has no calendar of its own.")
    record(
        "calendar.removed",
        actor=actor,
        subject=("work_calendar", level.scope),
        whom=level.name,
        what=level.above,
        at=now.isoformat(timespec="seconds"),
    )


@operation(leaves="review_times.changed")
def set_review_times(
    *,
    actor: Actor,
    level: Level,
    times: Mapping[Risk, RiskTimes],
    ladder: Sequence[str],
    now: datetime,
) -> None:
    """Say how long people have and who is asked next; the end is never an approval."""
    _must(actor)
    if list(ladder) != [role for role in RUNGS if role in ladder]:
        raise Invalid({"ladder": "These are not the steps that there are."})
    kept: dict[str, Any] = {"times": times_document(times), "ladder": list(ladder)}
    ReviewTimes.objects.bulk_create(
        [
            ReviewTimes(
                scope=level.scope,
                department_id=level.department_id,
                workflow_id=level.workflow_id,
                changed_by_id=person_id(actor),
                changed_at=now,
                **kept,
            )
        ],
        update_conflicts=True,
        unique_fields=["scope"],
        update_fields=[*kept, "changed_by", "changed_at"],
    )
    record(
        "review_times.changed",
        actor=actor,
        subject=("review_times", level.scope),
        workflow_id=level.workflow_id,
        whom=level.name,
        what=times_sentence(times, tuple(ladder)),
    )


@operation(leaves="review_times.removed")
def drop_review_times(*, actor: Actor, level: Level, now: datetime) -> None:
    """Let the times above count again. Raises AlreadyDone without own ones."""
    _must(actor)
    dropped, _ = ReviewTimes.objects.filter(scope=level.scope).delete()
    if not dropped:
        raise AlreadyDone("times.none", f"{level.name} has no times of its own.")
    record(
        "review_times.removed",
        actor=actor,
        subject=("review_times", level.scope),
        workflow_id=level.workflow_id,
        whom=level.name,
        what=level.above,
        at=now.isoformat(timespec="seconds"),
    )


def _must(actor: Actor) -> None:
    if not actor.is_system:
        must_administrate(actor)
