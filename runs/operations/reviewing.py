"""An assessor takes a run of the sample, answers five questions about it, or stops midway.

A run has one reading, or two where the draw doubled it. Each reading has a seat: whose it is,
and a lease that says who reads just now. What somebody typed is kept whatever became of the
lease, because losing a seat must never lose words.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record, step
from portal.core.digest import canonical, sha256_of
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from runs.models import (
    ReleasedReading,
    Review,
    ReviewDraft,
    ReviewWeek,
    SampledRun,
)
from runs.operations.weeks import locked_week
from runs.queries.answers import shown
from runs.rules.questions import KEYS, Given, finished, lengths_of, problems_of

LEASE = timedelta(minutes=30)


@dataclass(frozen=True)
class Kept:
    """Whether a draft was kept, when, and who has the run now if it is not this person."""

    at: datetime
    lost: Conflict | None = None
    is_newer_elsewhere: bool = False


@dataclass(frozen=True)
class Seat:
    """Which of a run's readings somebody sits in: the names of its two columns."""

    person: str
    lease: str
    begun: str


FIRST = Seat("assigned_to", "lease_until", "begun_at")
SECOND = Seat("second_to", "second_lease_until", "second_begun_at")


@operation(leaves="review.reserved")
def reserve_run(*, actor: Actor, week_id: UUID, run_id: UUID, now: datetime) -> None:
    """Take a run to read, for half an hour. Locks the week.

    Raises NotFound, Forbidden, AlreadyDone once it is read or the week signed, and
    Conflict with who holds it and until when.
    """
    week = locked_week(actor=actor, week_id=week_id)
    sampled = sampled_in(week, run_id)
    if sampled.reviews.filter(assessor_id=actor.id).exists():
        raise AlreadyDone("review.read", "You have read this run already.")
    _take(sampled, _free_seat(sampled, actor, now), actor, now)
    _record("review.reserved", actor, week, sampled)


@operation(leaves="review.begun")
def keep_draft(
    *,
    actor: Actor,
    week_id: UUID,
    run_id: UUID,
    given: Given,
    now: datetime,
    seen_at: datetime | None = None,
    is_leaving: bool = False,
) -> Kept:
    """Keep what was answered so far; it counts nowhere. Locks the week.

    The lease goes on for half an hour, or ends at once when somebody is leaving. When the
    seat is somebody else's by now the words are kept all the same, and who has it is said.
    With `seen_at`, what was kept later by another window of the same person is not
    overwritten. Raises NotFound, Forbidden, AlreadyDone once this person has finished or
    the week is signed, and Invalid for a text that is too long.
    """
    week = locked_week(actor=actor, week_id=week_id)
    sampled = sampled_in(week, run_id)
    problems = lengths_of(given)
    if problems:
        raise Invalid(problems)
    if sampled.reviews.filter(assessor_id=actor.id).exists():
        raise AlreadyDone("review.saved", "You have reviewed this run already.")
    lost = None
    try:
        _take(sampled, _free_seat(sampled, actor, now), actor, now, is_leaving)
    except Conflict as conflict:
        lost = conflict
    kept_at = _keep(sampled, actor, given, seen_at, now)
    _record("review.begun", actor, week, sampled)
    return Kept(kept_at or now, lost, is_newer_elsewhere=kept_at is not None)


@operation(leaves="review.saved")
def save_review(
    *, actor: Actor, week_id: UUID, run_id: UUID, given: Given, now: datetime
) -> None:
    """Answer the five questions about a run; until the week is signed, again. Locks the week.

    The journal keeps a digest of the answers and not the answers, because who reads second
    may read the journal. Raises what reserving raises, AlreadyDone for a change of mind
    after the other reader has answered or about a known case, and Invalid with what is
    missing.
    """
    week = locked_week(actor=actor, week_id=week_id)
    sampled = sampled_in(week, run_id)
    problems = problems_of(given)
    if problems:
        raise Invalid(problems)
    _require_own(sampled, actor, now)
    whole = finished(given)
    answers = {key: whole.answers[key] for key in KEYS}
    reasons = whole.kept_reasons()
    kept = answers | {"reasons": reasons, "note": whole.note, "changed_at": now}
    review, _ = Review.objects.update_or_create(
        sampled=sampled,
        assessor_id=actor.id,
        defaults=kept,
        create_defaults=kept
        | {"created_at": now, "read_seconds": _seconds_read(sampled, actor, now)},
    )
    ReviewDraft.objects.filter(sampled=sampled, assessor_id=actor.id).delete()
    said = {"answers": answers, "reasons": reasons, "note": whole.note}
    # Salted by the review's own id, so that four answers cannot be tried one by one.
    digest = sha256_of(canonical(said | {"review": str(review.id)}))
    _record("review.saved", actor, week, sampled, digest=digest)


def sampled_in(week: ReviewWeek, run_id: UUID) -> SampledRun:
    """Give a run of a week's sample. Raises NotFound."""
    found = (
        SampledRun.to_read.filter(shown(), week=week, run_id=run_id)
        .select_related("assigned_to", "second_to", "run", "week", "seeded")
        .first()
    )
    if found is None:
        raise NotFound("This run is not in the week's sample.")
    return found


def _require_own(sampled: SampledRun, actor: Actor, now: datetime) -> None:
    """Let somebody answer once, or anew while the other reader has not answered."""
    people = list(sampled.reviews.values_list("assessor_id", flat=True))
    if actor.id not in people:
        # Whoever has answered reads it no more, so that the lease ends with the answer.
        _take(sampled, _free_seat(sampled, actor, now), actor, now, is_leaving=True)
    elif hasattr(sampled, "seeded"):
        raise AlreadyDone(
            "review.known_case",
            "This was a known case, and you have been told what it came to."
            " So what you answered first stays.",
        )
    elif sampled.is_doubled and len(people) > 1:
        raise AlreadyDone(
            "review.both_answered",
            "Both readers have answered, so neither answer changes any more."
            " Where they differ, settle it.",
        )


def _free_seat(sampled: SampledRun, actor: Actor, now: datetime) -> Seat:
    """Find the seat that is this person's, or that may be taken. Raises Conflict.

    Nobody but its author knows the first answers of a doubled run, so that anybody who has
    not answered may still read it second.
    """
    read_by = sampled.reviews.order_by("created_at", "id").select_related("assessor")
    readers = [review.assessor for review in read_by]
    if sampled.is_doubled and len(readers) == 1 and _was_shown(sampled):
        raise AlreadyDone(
            "review.released",
            "The second reading of this run was given up, or its week was signed without"
            " it. The first answers were shown then, so nobody can read it blind any more.",
        )
    seats = [FIRST] if not sampled.is_doubled else [FIRST, SECOND]
    if sampled.is_doubled and sampled.second_to_id == actor.id:
        seats = [SECOND]
    elif sampled.assigned_to_id == actor.id:
        seats = [FIRST]
    done = {reader.id for reader in readers}
    free = [seat for seat in seats if not _is_done(sampled, seat, done, len(readers))]
    if not free:
        names = " and ".join(reader.name for reader in readers)
        raise AlreadyDone("review.read", f"This run is read already, by {names}.")
    holds = [_held(sampled, seat, actor, now) for seat in free]
    for seat, held in zip(free, holds, strict=True):
        if held is None:
            return seat
    raise next(held for held in holds if held is not None)


def _was_shown(sampled: SampledRun) -> bool:
    """Say whether the first answers were shown before there were second ones."""
    if sampled.week.version > 1:
        return True
    return ReleasedReading.objects.filter(sampled=sampled).exists()


def _is_done(sampled: SampledRun, seat: Seat, done: set[UUID], count: int) -> bool:
    if not sampled.is_doubled:
        return count > 0
    return count > 1 or getattr(sampled, f"{seat.person}_id") in done


def _held(
    sampled: SampledRun, seat: Seat, actor: Actor, now: datetime
) -> Conflict | None:
    """Say who reads in this seat just now, if it is somebody else."""
    until, person = getattr(sampled, seat.lease), getattr(sampled, seat.person)
    if until is None or until <= now or person is None or person.id == actor.id:
        return None
    return Conflict(
        "review.taken",
        f"{person.name} reads this run just now.",
        who=person.name,
        at=until,
    )


def _seconds_read(sampled: SampledRun, actor: Actor, now: datetime) -> int | None:
    """Say how long somebody had the run, at most a lease; None for who answers at once."""
    for seat in (FIRST, SECOND):
        begun = getattr(sampled, seat.begun)
        if getattr(sampled, f"{seat.person}_id") == actor.id and begun is not None:
            seconds = int((min(now, begun + LEASE) - begun).total_seconds())
            return seconds if seconds > 0 else None
    return None


@step
def _take(
    sampled: SampledRun,
    seat: Seat,
    actor: Actor,
    now: datetime,
    is_leaving: bool = False,
) -> None:
    """Lease a seat to somebody; the week's lock makes check and use one."""
    before = getattr(sampled, f"{seat.person}_id")
    fields = [seat.person, seat.lease, seat.begun]
    if before != actor.id or getattr(sampled, seat.begun) is None:
        setattr(sampled, seat.begun, now)
    setattr(sampled, f"{seat.person}_id", actor.id)
    setattr(sampled, seat.lease, None if is_leaving else now + LEASE)
    if before not in (None, actor.id):
        sampled.handed_from_id = before
        fields.append("handed_from")
        tell(
            kind="reading_taken",
            subject=("week", sampled.week_id),
            at=now,
            people={before},
            workflow_id=sampled.week.workflow_id,
            by=actor.name,
            by_id=actor.id,
        )
    sampled.save(update_fields=fields)


@step
def _keep(
    sampled: SampledRun,
    actor: Actor,
    given: Given,
    seen_at: datetime | None,
    now: datetime,
) -> datetime | None:
    """Write the draft; gives when a newer one was kept elsewhere, which then stays."""
    before = ReviewDraft.objects.filter(sampled=sampled, assessor_id=actor.id).first()
    new = (dict(given.answers), given.kept_reasons(), given.note)
    if before is not None and seen_at is not None and before.changed_at > seen_at:
        is_same = (before.answers, before.reasons, before.note) == new
        return None if is_same else before.changed_at
    ReviewDraft.objects.update_or_create(
        sampled=sampled,
        assessor_id=actor.id,
        defaults={
            "answers": new[0],
            "reasons": new[1],
            "note": new[2],
            "changed_at": now,
        },
    )
    return None


@step
def _record(
    name: str, actor: Actor, week: ReviewWeek, sampled: SampledRun, **facts: str
) -> None:
    record(
        name,
        actor=actor,
        subject=("run", sampled.run_id),
        workflow_id=week.workflow_id,
        run=sampled.run.agent_run_id,
        week=week.starts_on.isoformat(),
        **facts,
    )
