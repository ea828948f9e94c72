"""The weeks of review: the list, and the count beside it in the rail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.pagination import keyset
from runs.models import Finding, Review, ReviewWeek, SampledRun
from runs.queries.answers import left_to, shown
from runs.queries.follow_ups import asked_again_of

ORDER = ("-starts_on", "-id")
COUNT_MAX = 99


@dataclass(frozen=True)
class WeekRow:
    """One week in the list."""

    id: UUID
    workflow: str
    starts_on: date
    ends_on: date
    is_signed: bool
    signed_by: str
    population: int
    sampled: int
    read: int
    mine_left: int
    open_findings: int


@dataclass(frozen=True)
class WeekList:
    rows: tuple[WeekRow, ...]
    groups: tuple["MondayGroup", ...]
    next_cursor: str | None
    previous_cursor: str | None
    asked_again: int


@dataclass(frozen=True)
class MondayGroup:
    """The weeks of one Monday on this page, and what is left in all that one may see."""

    starts_on: date
    ends_on: date
    rows: tuple[WeekRow, ...]
    weeks: int
    signed: int
    left: int
    mine_left: int


def weeks_for(*, actor: Actor, cursor: str | None = None) -> WeekList:
    """Give one page of the weeks that this person may see, newest first. Four queries."""
    seen = access.sight(actor)
    visible = seen(
        ReviewWeek.objects.select_related("workflow", "signed_by"), "workflow_id"
    )
    page = keyset(_counted(visible, actor), order=ORDER, cursor=cursor)
    rows = tuple(_row(week, vars(week)) for week in page.items)
    return WeekList(
        rows,
        _groups(visible, rows, actor),
        page.next_cursor,
        page.previous_cursor,
        asked_again_of(actor, seen),
    )


def week_rows(weeks: Sequence[ReviewWeek], actor: Actor) -> tuple[WeekRow, ...]:
    """Give weeks as the lists show them. One query."""
    ids = [week.id for week in weeks]
    counts = _counted(ReviewWeek.objects.filter(id__in=ids), actor).in_bulk()
    return tuple(_row(week, vars(counts[week.id])) for week in weeks)


def _counted(weeks: QuerySet[ReviewWeek], actor: Actor) -> QuerySet[Any]:
    """Count beside each week what was drawn, read and left to this person. Not run yet."""
    sampled = SampledRun.to_read.filter(shown())
    return weeks.annotate(
        sampled=_count_of(sampled),
        read=_count_of(sampled.filter(Exists(_read()))),
        mine_left=_count_of(
            sampled.filter(left_to(actor.id), week__state=ReviewWeek.State.OPEN)
        ),
        known=_count_of(sampled.filter(seeded__isnull=False)),
        open_findings=_count_of(Finding.objects.filter(closed_at=None)),
    )


def _count_of(rows: QuerySet) -> Coalesce:
    """Count rows of each week, of those that have a `week`."""
    mine = rows.filter(week=OuterRef("pk")).order_by().values("week")
    return Coalesce(Subquery(mine.annotate(count=Count("id")).values("count")), 0)


def _groups(
    visible: QuerySet[ReviewWeek], rows: tuple[WeekRow, ...], actor: Actor
) -> tuple[MondayGroup, ...]:
    """Put the weeks of a page under their Mondays, with all that is left. One query."""
    mondays = {row.starts_on for row in rows}
    weeks = visible.order_by().filter(starts_on__in=mondays)
    sampled, is_open = (
        SampledRun.to_read.filter(shown()),
        Q(state=ReviewWeek.State.OPEN),
    )
    known = {
        starts_on: counts
        for starts_on, *counts in weeks.annotate(
            unread=_count_of(sampled.filter(~Exists(_read()))),
            own=_count_of(sampled.filter(left_to(actor.id))),
        )
        .values_list("starts_on")
        .annotate(
            weeks=Count("id"),
            signed=Count("id", filter=Q(state=ReviewWeek.State.SIGNED)),
            left=Coalesce(Sum("unread", filter=is_open), 0),
            mine_left=Coalesce(Sum("own", filter=is_open), 0),
        )
    }
    found = []
    for starts_on, grouped in groupby(rows, key=lambda row: row.starts_on):
        count, signed, unread, mine = known.get(starts_on, (0, 0, 0, 0))
        found.append(
            MondayGroup(
                starts_on=starts_on,
                ends_on=starts_on + timedelta(days=6),
                rows=tuple(grouped),
                weeks=count,
                signed=signed,
                left=unread,
                mine_left=mine,
            )
        )
    return tuple(found)


def _read() -> QuerySet[Review]:
    return Review.objects.filter(sampled=OuterRef("pk"))


def left_to_read(*, actor: Actor) -> int:
    """Count the runs of open weeks that are this person's to read. At most two queries."""
    return _left(actor, access.sight(actor, access.ASSESS))


def left_to_answer(*, actor: Actor) -> int:
    """Count what is this person's: to read, and asked again. At most three queries."""
    seen = access.sight(actor, access.ASSESS)
    return _left(actor, seen) + asked_again_of(actor, seen)


def _left(actor: Actor, seen: Callable[[QuerySet, str], QuerySet]) -> int:
    rows = SampledRun.to_read.filter(
        left_to(actor.id), week__state=ReviewWeek.State.OPEN
    )
    return seen(rows, "week__workflow_id").order_by()[: COUNT_MAX + 1].count()


def _row(week: ReviewWeek, counts: Mapping[str, Any]) -> WeekRow:
    return WeekRow(
        id=week.id,
        workflow=week.workflow.name,
        starts_on=week.starts_on,
        ends_on=week.starts_on + timedelta(days=6),
        is_signed=week.state == ReviewWeek.State.SIGNED,
        signed_by=week.signed_by.name if week.signed_by else "",
        # A known case looks like any other run of the week until it is signed.
        population=week.population_count + counts["known"],
        sampled=counts["sampled"],
        read=counts["read"],
        mine_left=counts["mine_left"],
        open_findings=counts["open_findings"],
    )
