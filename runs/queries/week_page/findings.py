"""The findings of a week, and those that are carried into it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from portal.accounts.actors import Actor
from runs.models import Finding, ReviewWeek
from runs.queries.blind_findings import is_hidden, kind_of, marked, words_of

FINDINGS_MAX = 200


@dataclass(frozen=True)
class FindingRow:
    """A finding, of this week or carried into it."""

    id: UUID
    kind: str
    text: str
    owner: str
    due_on: date
    is_late: bool
    is_carried: bool
    week_starts_on: date
    run_id: UUID | None
    found_by: str
    closed_at: datetime | None
    closed_by: str
    evidence: str
    may_close: bool
    is_training: bool
    is_hidden: bool


def findings(
    week: ReviewWeek, *, actor: Actor, may_assess: bool, now: datetime
) -> tuple[FindingRow, ...]:
    """Give this week's findings, and older ones that were open when it opened."""
    earlier = Q(workflow=week.workflow_id, week__starts_on__lt=week.starts_on)
    carried = earlier & (Q(closed_at=None) | Q(closed_at__gte=week.opened_at))
    if week.signed_at is not None:
        carried &= Q(found_at__lte=week.signed_at)
    rows = marked(_with_people(), actor.id).filter(Q(week=week) | carried)
    rows = rows.order_by("due_on", "id")
    return tuple(
        _finding(row, week.id, actor, may_assess, now) for row in rows[:FINDINGS_MAX]
    )


def _with_people():
    return Finding.objects.select_related(
        "owner", "found_by", "closed_by", "week", "sampled"
    )


def _finding(
    row: Finding, week_id: UUID, actor: Actor, may_assess: bool, now: datetime
) -> FindingRow:
    is_open, hidden = row.closed_at is None, is_hidden(row)
    return FindingRow(
        id=row.id,
        kind=kind_of(row),
        text=words_of(row),
        owner=row.owner.name,
        due_on=row.due_on,
        is_late=is_open and row.due_on < timezone.localtime(now).date(),
        is_carried=row.week_id != week_id,
        week_starts_on=row.week.starts_on,
        run_id=row.sampled.run_id if row.sampled and not hidden else None,
        found_by=row.found_by.name,
        closed_at=row.closed_at,
        closed_by=row.closed_by.name if row.closed_by else "",
        evidence="" if hidden else row.evidence,
        may_close=is_open and not hidden and (may_assess or row.owner_id == actor.id),
        is_training=not hidden and row.kind == Finding.Kind.TRAINING,
        is_hidden=hidden,
    )
