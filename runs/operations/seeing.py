"""What each week saw is gathered once, after it opened; the pages then read no events."""

from datetime import date, datetime
from uuid import UUID

from portal.accounts.actors import SYSTEM
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone
from portal.core.ids import new_id
from runs.models import WeekSight
from runs.queries.gathering import seen_in, weeks_unseen


def gather_sights(*, now: datetime) -> int:
    """Gather what opened weeks saw; says how many. Two sweeps at once are harmless."""
    gathered = 0
    for workflow_id, starts_on in weeks_unseen(now=now):
        try:
            gather_sight(workflow_id=workflow_id, starts_on=starts_on, now=now)
        except AlreadyDone:
            continue
        gathered += 1
    return gathered


@operation(leaves="review.week_seen")
def gather_sight(*, workflow_id: UUID, starts_on: date, now: datetime) -> None:
    """Read one week's events and keep what they come to. Raises AlreadyDone when it is kept."""
    document = seen_in(workflow_id=workflow_id, starts_on=starts_on)
    kept = WeekSight.objects.bulk_create(
        [
            WeekSight(
                id=new_id(),
                workflow_id=workflow_id,
                starts_on=starts_on,
                gathered_at=now,
                document=document,
            )
        ],
        ignore_conflicts=True,
    )
    if not WeekSight.objects.filter(id=kept[0].id).exists():
        raise AlreadyDone("week.seen", "What this week saw is kept already.")
    record(
        "review.week_seen",
        actor=SYSTEM,
        subject=("week_sight", kept[0].id),
        workflow_id=workflow_id,
        week=starts_on.isoformat(),
        count=document["rulings"],
    )
