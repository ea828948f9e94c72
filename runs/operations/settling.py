"""Two readings that differ are settled; a second reading that nobody can do is given up.

The two answers stay as they were given. What they are settled to is a record of its own: a
third assessor writes it alone, one of the two only with the other one's agreement.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from runs.models import ReleasedReading, ReviewWeek, SampledRun, Settlement
from runs.operations.reviewing import sampled_in
from runs.operations.weeks import locked_week
from runs.queries.answers import Readings, readings_of
from runs.rules.questions import ANSWERS, KEYS, NOTE_MAX, REASON_MAX

FACT_MAX = 200


@operation(leaves=("review.settled", "review.settlement_proposed"))
def settle_readings(
    *,
    actor: Actor,
    week_id: UUID,
    run_id: UUID,
    answers: Mapping[str, str],
    note: str,
    now: datetime,
) -> bool:
    """Say what two differing readings come to; gives whether they are settled now.

    Where both said the same that stands, whatever comes in. Of one of the two this is a
    proposal, until the other one agrees or proposes the same. Locks the week. Raises
    NotFound, Forbidden, AlreadyDone, Conflict where nothing differs yet, Invalid.
    """
    week = locked_week(actor=actor, week_id=week_id)
    sampled = sampled_in(week, run_id)
    found = _differing(week, run_id)
    whole = _settled_to(found, answers, note)
    known = found.settlement
    readers = {each.assessor_id for each in (found.first, found.second) if each}
    is_third = actor.id not in readers
    is_agreed = (
        not is_third
        and known is not None
        and known.proposed_by_id != actor.id
        and known.answers == whole
    )
    _keep(sampled, actor, whole, note.strip(), is_third, is_agreed, now)
    is_settled = is_third or is_agreed
    name = "review.settled" if is_settled else "review.settlement_proposed"
    _record(name, actor, week, sampled, note=note.strip()[:FACT_MAX])
    return is_settled


@operation(leaves="review.settled")
def agree_settlement(
    *, actor: Actor, week_id: UUID, run_id: UUID, now: datetime
) -> None:
    """Agree to what the other reader proposed; it is settled by that. Locks the week.

    Raises NotFound, Forbidden for anybody else than the other of the two, AlreadyDone,
    Conflict while nothing is proposed.
    """
    week = locked_week(actor=actor, week_id=week_id)
    sampled = sampled_in(week, run_id)
    found = _differing(week, run_id)
    if found.settlement is None:
        raise Conflict("review.not_proposed", "Nobody has proposed anything yet.")
    readers = {each.assessor_id for each in (found.first, found.second) if each}
    if actor.id not in readers or actor.id == found.settlement.proposed_by_id:
        raise Forbidden("Only the other of the two readers can agree to this.")
    row = Settlement.objects.get(sampled=sampled)
    row.agreed_by_id, row.settled_at = actor.id, now
    row.save(update_fields=["agreed_by", "settled_at"])
    _record("review.settled", actor, week, sampled, note=row.note[:FACT_MAX])


@operation(leaves="review.released")
def release_reading(
    *, actor: Actor, week_id: UUID, run_id: UUID, reason: str, now: datetime
) -> None:
    """Give up the second reading of a run that was read once, and say why. Locks the week.

    Raises NotFound, Forbidden, AlreadyDone, Conflict where there is no reading to give up
    or the first is not done, Invalid without a reason.
    """
    week = locked_week(actor=actor, week_id=week_id)
    sampled = sampled_in(week, run_id)
    words = reason.strip()
    if not words or len(words) > REASON_MAX:
        raise Invalid({"reason": f"Say why, in {REASON_MAX} characters."})
    found = next(iter(readings_of([week.id], run_id=run_id).values()))
    if not found.is_doubled or found.first is None:
        raise Conflict("review.not_waiting", "There is no second reading to give up.")
    if found.is_open:
        raise AlreadyDone("review.released", "This is read or given up already.")
    _require_unread(sampled, found.first.assessor_id, now)
    ReleasedReading.objects.create(
        sampled=sampled, reason=words, released_by_id=actor.id, released_at=now
    )
    _record("review.released", actor, week, sampled, reason=words[:FACT_MAX])


def _require_unread(sampled: SampledRun, first_id: UUID, now: datetime) -> None:
    """Let nobody's reading be given up while they are at it. Raises Conflict."""
    seats = (
        (sampled.assigned_to, sampled.lease_until),
        (sampled.second_to, sampled.second_lease_until),
    )
    for person, until in seats:
        if person and person.id != first_id and until and until > now:
            raise Conflict(
                "review.taken",
                f"{person.name} reads this run just now.",
                who=person.name,
                at=until,
            )


def _differing(week: ReviewWeek, run_id: UUID) -> Readings:
    found = next(iter(readings_of([week.id], run_id=run_id).values()))
    if not found.differs:
        raise Conflict(
            "review.same", "There are no two different answers to settle here."
        )
    if found.settlement is not None and found.settlement.at is not None:
        settled = found.settlement
        raise AlreadyDone(
            "review.settled",
            "This is settled already.",
            who=settled.agreed_by or settled.proposed_by,
            at=settled.at,
        )
    return found


def _settled_to(
    found: Readings, answers: Mapping[str, str], note: str
) -> dict[str, str]:
    """Give the whole answer: what both said, and what was said where they differ."""
    problems = {
        key: "Choose what it comes to."
        for key in found.differs
        if answers.get(key) not in ANSWERS
    }
    if not note.strip():
        problems["note"] = "Say why, so that both readers can learn from it."
    elif len(note) > NOTE_MAX:
        problems["note"] = f"Keep this to {NOTE_MAX:,} characters."
    if problems or found.first is None:
        raise Invalid(problems)
    return {
        key: answers[key] if key in found.differs else found.first.answers[key]
        for key in KEYS
    }


@step
def _keep(
    sampled: SampledRun,
    actor: Actor,
    whole: Mapping[str, str],
    note: str,
    is_third: bool,
    is_agreed: bool,
    now: datetime,
) -> None:
    if is_agreed:
        Settlement.objects.filter(sampled=sampled).update(
            agreed_by_id=actor.id, settled_at=now
        )
        return
    Settlement.objects.update_or_create(
        sampled=sampled,
        defaults={
            **whole,
            "note": note,
            "proposed_by_id": actor.id,
            "proposed_at": now,
            "is_third": is_third,
            "settled_at": now if is_third else None,
        },
    )


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
