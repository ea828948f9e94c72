"""What the page of a week says of known cases, the list behind its rate, and what may be kept."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import KnownCase, ReviewWeek, SampledRun
from runs.queries.answers import Readings, readings_of
from runs.queries.knowing import (
    Caught,
    KnownRow,
    caught_of,
    has_read,
    is_known_well,
    told_up_to,
)
from runs.queries.week_page.access import visible_week
from runs.rules.knowing import is_catch

WEEKS_COUNTED = 12


@dataclass(frozen=True)
class MarkRow:
    """A run that this person has read and that may be, or is, a known case."""

    run_id: UUID
    title: str
    is_catch: bool
    reason: str
    marked_by: str
    marked_at: datetime | None
    may_add: bool


@dataclass(frozen=True)
class KnownCases:
    """What the page of a week says of known cases, to whoever looks."""

    rows: tuple[KnownRow, ...]
    caught: Caught
    lately: Caught
    marks: tuple[MarkRow, ...]
    is_told_to_all: bool


@dataclass(frozen=True)
class KnownList:
    """The known cases behind a rate: of one week or of twelve, of everybody or of one."""

    week_id: UUID
    workflow: str
    starts_on: date
    is_lately: bool
    reader: str
    rows: tuple[KnownRow, ...]
    caught: Caught


def known_cases(week: ReviewWeek, actor: Actor) -> KnownCases:
    """Give the known cases of a week that this person may know of. Nine queries at most."""
    lately = told_up_to(week, actor, weeks=WEEKS_COUNTED)
    rows = tuple(row for row in lately if row.week_id == week.id)
    is_told = week.state == ReviewWeek.State.SIGNED or week.version > 1
    return KnownCases(
        rows=rows,
        caught=caught_of(rows),
        lately=caught_of(lately),
        marks=_marks(week, actor) if week.state == ReviewWeek.State.SIGNED else (),
        is_told_to_all=is_told,
    )


def known_list(
    *, actor: Actor, week_id: UUID, is_lately: bool, reader_id: UUID | None
) -> KnownList:
    """Give the known cases that a rate counts, newest first. At most six queries.

    Raises NotFound.
    """
    week = visible_week(actor, week_id)
    rows = told_up_to(week, actor, weeks=WEEKS_COUNTED if is_lately else 1)
    if reader_id is not None:
        rows = tuple(row for row in rows if row.reader_id == reader_id)
    return KnownList(
        week_id=week.id,
        workflow=week.workflow.name,
        starts_on=week.starts_on,
        is_lately=is_lately,
        reader=rows[0].reader if rows and reader_id is not None else "",
        rows=rows,
        caught=caught_of(rows),
    )


def leads(actor: Actor, week: ReviewWeek) -> bool:
    """Say whether somebody looks after a workflow and reads none of its runs."""
    return access.may(actor, access.EDIT, week.workflow_id) and not access.may(
        actor, access.ASSESS, week.workflow_id
    )


def _marks(week: ReviewWeek, actor: Actor) -> tuple[MarkRow, ...]:
    """Give the runs of a week that this person read and may add, and the cases they may withdraw."""
    kept = {
        case.run_id: case
        for case in KnownCase.objects.filter(
            sampled__week=week, withdrawn_at=None
        ).select_related("marked_by")
    }
    may_assess = access.may(actor, access.ASSESS, week.workflow_id)
    is_lead = leads(actor, week)
    found = []
    rows = SampledRun.objects.filter(week=week, is_doubled=True)
    titles = dict(rows.values_list("run_id", "run__title"))
    for each in readings_of([week.id]).values():
        case = kept.get(each.run_id)
        is_mine = is_known_well(each) and has_read(each, actor) and may_assess
        may_see = case is not None and (is_lead or case.marked_by_id == actor.id)
        if may_see or (case is None and is_mine):
            found.append(_mark(each, case, titles.get(each.run_id, "")))
    return tuple(found)


def _mark(readings: Readings, case: KnownCase | None, title: str) -> MarkRow:
    return MarkRow(
        run_id=readings.run_id,
        title=title or f"Run …{str(readings.run_id)[-6:]}",
        is_catch=is_catch(case.answers if case else readings.counted),
        reason=case.reason if case else "",
        marked_by=case.marked_by.name if case else "",
        marked_at=case.marked_at if case else None,
        may_add=case is None,
    )
