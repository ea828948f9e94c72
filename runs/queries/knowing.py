"""Known cases after they were answered: who found the fault, and how many were found.

Nobody is told of one that is unread. Its reader is told once they have answered, and
everybody who sees the week once it is signed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from portal.accounts.actors import Actor
from runs.models import Review, ReviewWeek, SeededRun
from runs.queries.answers import Readings, readings_of
from runs.queries.populations import WEEK
from runs.rules.knowing import is_catch, is_caught
from runs.rules.questions import KEYS
from runs.rules.stats.shares import Interval, clopper_pearson


@dataclass(frozen=True)
class KnownRow:
    """One known case that was read: its known answers, and what its reader said."""

    week_id: UUID
    starts_on: date
    run_id: UUID
    title: str
    reader_id: UUID
    reader: str
    known: Mapping[str, str]
    given: Mapping[str, str]
    knew_before: bool

    @property
    def is_catch(self) -> bool:
        return is_catch(self.known)

    @property
    def is_caught(self) -> bool:
        return is_caught(self.known, self.given)

    @property
    def is_counted(self) -> bool:
        """Say whether it tests its reader: there is a fault, and they had not read it before."""
        return self.is_catch and not self.knew_before


@dataclass(frozen=True)
class Caught:
    """How many of the known faults that were given were found."""

    found: int
    given: int
    interval: Interval | None


@dataclass(frozen=True)
class CaughtBy:
    """What one assessor found of the known faults that they were given."""

    reader_id: UUID
    reader: str
    caught: Caught


def caught_by(week: ReviewWeek, actor: Actor, *, weeks: int) -> tuple[CaughtBy, ...]:
    """Give what each assessor found, up to a week, by name. At most three queries."""
    by_reader: dict[tuple[str, UUID], list[KnownRow]] = {}
    for row in told_up_to(week, actor, weeks=weeks):
        by_reader.setdefault((row.reader, row.reader_id), []).append(row)
    return tuple(
        CaughtBy(reader_id, name, caught_of(rows))
        for (name, reader_id), rows in sorted(by_reader.items(), key=str)
    )


def caught_of(rows: Iterable[KnownRow]) -> Caught:
    """Count what was found of the faults that test their reader."""
    counted = [row for row in rows if row.is_counted]
    found = sum(row.is_caught for row in counted)
    return Caught(found, len(counted), clopper_pearson(found, len(counted)))


def told_of(actor: Actor, *, week_id: UUID, run_id: UUID) -> KnownRow | None:
    """Give the known case that this person has just answered; None for any other run."""
    rows = _rows(Q(sampled__week=week_id, sampled__run=run_id))
    return next((row for row in rows if row.reader_id == actor.id), None)


def known_documents(week_id: UUID) -> list[dict[str, Any]]:
    """Give the known cases of a week as its signed document keeps them."""
    return [
        {
            "run": str(row.run_id),
            "known": dict(row.known),
            "read_by": row.reader,
            "answers": dict(row.given),
            "caught": row.is_caught if row.is_counted else None,
        }
        for row in _rows(Q(sampled__week=week_id))
    ]


def told_up_to(week: ReviewWeek, actor: Actor, *, weeks: int) -> tuple[KnownRow, ...]:
    """Give the known cases up to a week that this person may know of."""
    rows = _rows(
        Q(
            sampled__week__workflow=week.workflow_id,
            sampled__week__starts_on__lte=week.starts_on,
            sampled__week__starts_on__gt=week.starts_on - weeks * WEEK,
        )
    )
    named = set(
        ReviewWeek.objects.filter(id__in={row.week_id for row in rows})
        .filter(Q(state=ReviewWeek.State.SIGNED) | Q(version__gt=1))
        .values_list("id", flat=True)
        if rows
        else ()
    )
    return tuple(
        row for row in rows if row.week_id in named or row.reader_id == actor.id
    )


def _rows(which: Q) -> tuple[KnownRow, ...]:
    """Give known cases that were read, newest week first. At most three queries."""
    seeds = SeededRun.objects.filter(which).select_related(
        "known", "sampled__run", "sampled__week"
    )
    found = {row.pk: row for row in seeds.defer("sampled__run__fold")}
    if not found:
        return ()
    reviews = (
        Review.objects.filter(sampled__in=found)
        .select_related("assessor")
        .order_by("-sampled__week__starts_on", "sampled__position")
    )
    earlier = _first_read([row.sampled.run_id for row in found.values()])
    return tuple(_row(found[review.sampled_id], review, earlier) for review in reviews)


def _row(
    seed: SeededRun, review: Review, earlier: Mapping[tuple[UUID, UUID], datetime]
) -> KnownRow:
    run = seed.sampled.run
    return KnownRow(
        week_id=seed.sampled.week_id,
        starts_on=seed.sampled.week.starts_on,
        run_id=run.id,
        title=run.title or f"Run {run.agent_run_id}",
        reader_id=review.assessor_id,
        reader=review.assessor.name,
        known=seed.known.answers,
        given={key: getattr(review, key) for key in KEYS},
        knew_before=earlier[run.id, review.assessor_id] < review.created_at,
    )


def _first_read(run_ids: Iterable[UUID]) -> dict[tuple[UUID, UUID], datetime]:
    """Say when each person first answered about each run, in whichever week."""
    found: dict[tuple[UUID, UUID], datetime] = {}
    rows = Review.objects.filter(sampled__run__in=list(run_ids)).values_list(
        "sampled__run", "assessor", "created_at"
    )
    for run_id, person, at in rows:
        found[run_id, person] = min(at, found.get((run_id, person), at))
    return found


def settled_reading(week: ReviewWeek, run_id: UUID) -> Readings | None:
    """Give what two people made of a run of a signed week; None where it is not settled."""
    found = next(iter(readings_of([week.id], run_id=run_id).values()), None)
    return found if found is not None and is_known_well(found) else None


def has_read(readings: Readings, actor: Actor) -> bool:
    """Say whether this person is one of those who answered."""
    told = (readings.first, readings.second)
    return actor.id in {each.assessor_id for each in told if each is not None}


def is_known_well(readings: Readings) -> bool:
    return readings.second is not None and bool(readings.counted)
