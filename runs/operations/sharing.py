"""Runs of an open week whose reader has left are given to whoever has least to read."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import SYSTEM, Actor
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone
from runs.models import ReviewWeek, SampledRun
from runs.queries.known_pools import who_knows
from runs.queries.opening import loads_of, names_of
from runs.rules.sampling import share_among


@dataclass
class _Places:
    """The readings of a week that nobody holds, and who held them."""

    firsts: list[SampledRun]
    seconds: list[SampledRun]
    left: set[UUID]


def share_left_runs(*, now: datetime) -> int:
    """Share out again what people who left were to read; says in how many weeks."""
    shared = 0
    weeks = ReviewWeek.objects.filter(state=ReviewWeek.State.OPEN).order_by("starts_on")
    for week_id in weeks.values_list("id", flat=True):
        try:
            share_again(actor=SYSTEM, week_id=week_id, now=now)
        except AlreadyDone:
            continue
        shared += 1
    return shared


@operation(leaves="review.shared_again")
def share_again(*, actor: Actor, week_id: UUID, now: datetime) -> int:
    """Give each unread run whose reader may no longer assess to whoever has least.

    Without anybody left a run is nobody's, which the week says. Somebody new becomes the
    second reader where one was drawn and nobody was there. Locks the week. Gives how many
    readings changed hands; raises AlreadyDone when there is none.
    """
    week = ReviewWeek.objects.select_for_update(no_key=True).get(id=week_id)
    if week.state != ReviewWeek.State.OPEN:
        raise AlreadyDone("week.signed", "This week is signed.")
    people = loads_of(workflow_id=week.workflow_id)
    places = _places(week, people.keys())
    for sampled in places.firsts:
        sampled.handed_from_id = sampled.assigned_to_id or sampled.handed_from_id
        sampled.assigned_to_id = sampled.lease_until = sampled.begun_at = None
    for sampled in places.seconds:
        sampled.handed_from_id = sampled.second_to_id or sampled.handed_from_id
        sampled.second_to_id = sampled.second_lease_until = None
        sampled.second_begun_at = None
    given = _give(places, people)
    if not given and not places.left:
        raise AlreadyDone("week.shared", "Everything to read is somebody's.")
    changed = {one.id: one for one in (*places.firsts, *places.seconds)}
    SampledRun.to_read.bulk_update(
        changed.values(),
        [
            *("assigned_to", "lease_until", "begun_at"),
            *("second_to", "second_lease_until", "second_begun_at"),
            "handed_from",
        ],
    )
    if places.left:
        tell(
            kind="reading_taken",
            subject=("week", week.id),
            at=now,
            people=places.left,
            workflow_id=week.workflow_id,
            by="Countersign",
        )
    record(
        "review.shared_again",
        actor=actor,
        subject=("week", week.id),
        workflow_id=week.workflow_id,
        week=week.starts_on.isoformat(),
        count=len(places.firsts) + len(places.seconds),
        what=_what(places.left, given),
        at=now.isoformat(timespec="seconds"),
    )
    return len(places.firsts) + len(places.seconds)


def _places(week: ReviewWeek, people: Iterable[str]) -> _Places:
    """Find the unread readings whose reader is not among the people who may assess."""
    able = {UUID(person) for person in people}
    found = _Places([], [], set())
    rows = SampledRun.to_read.filter(week=week).prefetch_related("reviews")
    for sampled in rows.order_by("position"):
        read_by = {review.assessor_id for review in sampled.reviews.all()}
        by_first = read_by - {sampled.second_to_id}
        if not by_first and sampled.assigned_to_id not in able:
            found.firsts.append(sampled)
            found.left.update(_known(sampled.assigned_to_id))
        if (
            sampled.is_doubled
            and len(read_by) < 2
            and sampled.second_to_id not in (able | read_by)
        ):
            found.seconds.append(sampled)
            found.left.update(_known(sampled.second_to_id))
    return found


@step
def _give(places: _Places, people: dict[str, int]) -> Counter[UUID]:
    """Set the new readers; gives how much each of them got."""
    given: Counter[UUID] = Counter()
    knows = who_knows([sampled.id for sampled in places.firsts])
    carried = dict(people)
    for field, rows in (
        ("assigned_to_id", places.firsts),
        ("second_to_id", places.seconds),
    ):
        readers = share_among(
            [(*_taken(sampled), *knows.get(sampled.id, ())) for sampled in rows],
            carried,
        )
        for sampled, who in zip(rows, readers, strict=True):
            if who is not None:
                setattr(sampled, field, UUID(who))
                given[UUID(who)] += 1
                carried[who] += 1
            elif field == "assigned_to_id" and sampled.second_to_id is not None:
                # Nobody else is there: whoever was to read it second reads it.
                sampled.assigned_to_id, sampled.second_to_id = (
                    sampled.second_to_id,
                    None,
                )
                given[sampled.assigned_to_id] += 1
    return given


def _taken(sampled: SampledRun) -> tuple[str, ...]:
    """Name who must not read a run once more: its other reader, whoever has read it."""
    read_by = {review.assessor_id for review in sampled.reviews.all()}
    others = {*read_by, *_known(sampled.assigned_to_id), *_known(sampled.second_to_id)}
    return tuple(str(person) for person in others)


def _known(person_id: UUID | None) -> tuple[UUID, ...]:
    return () if person_id is None else (person_id,)


def _what(left: set[UUID], given: Counter[UUID]) -> str:
    names = names_of({*left, *given})
    gone = ", ".join(sorted(names[one] for one in left))
    shares = ", ".join(
        f"{names[who]} {count}" for who, count in sorted(given.items(), key=str)
    )
    whose = f"{gone} may no longer assess; " if gone else ""
    return f"{whose}{shares or 'nobody is left to read them'}"
