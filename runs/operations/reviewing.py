"""An assessor takes a run of the sample, answers five questions about it, or stops midway."""

from datetime import datetime, timedelta
from uuid import UUID

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from runs.models import Review, ReviewDraft, ReviewWeek, SampledRun
from runs.operations.weeks import locked_week
from runs.rules.questions import KEYS, Given, lengths_of, problems_of

LEASE = timedelta(minutes=30)


@operation(leaves="review.reserved")
def reserve_run(*, actor: Actor, week_id: UUID, run_id: UUID, now: datetime) -> None:
    """Take a run to read, for half an hour. Locks the week.

    Raises NotFound, Forbidden, AlreadyDone once it is read or the week signed, and
    Conflict with who holds it and until when.
    """
    week = locked_week(actor=actor, week_id=week_id)
    sampled = _sampled(week, run_id)
    if sampled.reviews.exists():
        raise AlreadyDone("review.read", "This run is read already.")
    _take(sampled, actor, now)
    _record("review.reserved", actor, week, sampled)


@operation(leaves="review.begun")
def keep_draft(
    *, actor: Actor, week_id: UUID, run_id: UUID, given: Given, now: datetime
) -> None:
    """Keep what was answered so far; it counts nowhere. Locks the week.

    Raises what reserving raises, AlreadyDone once this person has finished, and Invalid
    for a text that is too long.
    """
    week = locked_week(actor=actor, week_id=week_id)
    sampled = _sampled(week, run_id)
    problems = lengths_of(given)
    if problems:
        raise Invalid(problems)
    if sampled.reviews.filter(assessor_id=actor.id).exists():
        raise AlreadyDone("review.saved", "You have reviewed this run already.")
    _take(sampled, actor, now)
    ReviewDraft.objects.update_or_create(
        sampled=sampled,
        assessor_id=actor.id,
        defaults={
            "answers": dict(given.answers),
            "reasons": dict(given.reasons),
            "note": given.note,
            "changed_at": now,
        },
    )
    _record("review.begun", actor, week, sampled)


@operation(leaves="review.saved")
def save_review(
    *, actor: Actor, week_id: UUID, run_id: UUID, given: Given, now: datetime
) -> None:
    """Answer the five questions about a run; until the week is signed, again. Locks the week.

    Raises what reserving raises, and Invalid with what is missing.
    """
    week = locked_week(actor=actor, week_id=week_id)
    sampled = _sampled(week, run_id)
    problems = problems_of(given)
    if problems:
        raise Invalid(problems)
    if not sampled.reviews.filter(assessor_id=actor.id).exists():
        _take(sampled, actor, now)
    answers = {key: given.answers[key] for key in KEYS}
    kept = answers | {
        "reasons": dict(given.reasons),
        "note": given.note,
        "changed_at": now,
    }
    Review.objects.update_or_create(
        sampled=sampled,
        assessor_id=actor.id,
        defaults=kept,
        create_defaults=kept | {"created_at": now},
    )
    ReviewDraft.objects.filter(sampled=sampled, assessor_id=actor.id).delete()
    _record("review.saved", actor, week, sampled, **answers)


def _sampled(week: ReviewWeek, run_id: UUID) -> SampledRun:
    found = (
        SampledRun.objects.filter(week=week, run_id=run_id)
        .select_related("assigned_to", "run")
        .first()
    )
    if found is None:
        raise NotFound("This run is not in the week's sample.")
    return found


@step
def _take(sampled: SampledRun, actor: Actor, now: datetime) -> None:
    """Lease a run to somebody; the week's lock makes check and use one."""
    is_held = sampled.lease_until is not None and sampled.lease_until > now
    if is_held and sampled.assigned_to_id not in (None, actor.id):
        raise Conflict(
            "review.taken",
            "Somebody else reads this run just now.",
            who=sampled.assigned_to.name if sampled.assigned_to else None,
            at=sampled.lease_until,
        )
    if sampled.second_to_id == actor.id:
        # Whoever was to read it second reads it first; the other reads it second.
        sampled.second_to_id = sampled.assigned_to_id
    sampled.assigned_to_id = actor.id
    sampled.lease_until = now + LEASE
    sampled.save(update_fields=["assigned_to", "second_to", "lease_until"])


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
