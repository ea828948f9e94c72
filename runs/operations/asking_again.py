"""The fifth question is asked again of its first reader, where a run came back."""

from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import SYSTEM, Actor
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Forbidden, Invalid, NotFound
from runs.models import FollowUp
from runs.queries.coming_back import CameBack, runs_that_came_back
from runs.rules.questions import ANSWERS, NEED_REASON, REASON_MAX


def ask_again(*, now: datetime) -> int:
    """Ask again about every run that came back; says how many. Doubled runs are harmless."""
    asked = 0
    for found in runs_that_came_back(now=now):
        try:
            _ask(found=found, now=now)
        except AlreadyDone:
            continue
        asked += 1
    return asked


@operation(leaves="review.asked_again")
def _ask(*, found: CameBack, now: datetime) -> None:
    _, is_new = FollowUp.objects.get_or_create(
        sampled_id=found.sampled_id,
        defaults={
            "asked_of_id": found.asked_of,
            "asked_at": now,
            "signs": [dict(sign) for sign in found.signs],
            "first_answer": found.first_answer,
        },
    )
    if not is_new:
        raise AlreadyDone("review.asked_again", "This was asked again already.")
    record(
        "review.asked_again",
        actor=SYSTEM,
        subject=("run", found.run_id),
        workflow_id=found.workflow_id,
        run=found.agent_run_id,
    )


@operation(leaves="review.answered_again")
def answer_again(
    *, actor: Actor, follow_up_id: UUID, answer: str, reason: str, now: datetime
) -> UUID:
    """Answer the fifth question again; gives the run. The first answer stays as it was.

    Who answered first may, and any assessor once that person is gone. Locks the row.
    Raises NotFound, Forbidden, AlreadyDone with who and when, Invalid.
    """
    rows = access.visible(
        FollowUp.objects.all(),
        actor=actor,
        workflow_path="sampled__week__workflow_id",
    )
    if not rows.filter(id=follow_up_id).exists():
        raise NotFound("There is nothing here, or you may not see it.")
    row = (
        FollowUp.objects.select_for_update(no_key=True, of=("self",))
        .select_related("asked_of", "answered_by", "sampled__run", "sampled__week")
        .get(id=follow_up_id)
    )
    _require_asked(row, actor)
    words = reason.strip()
    problems = _problems(answer, words)
    if problems:
        raise Invalid(problems)
    row.answer, row.reason = answer, words
    row.answered_by_id, row.answered_at = actor.id, now
    row.save(update_fields=["answer", "reason", "answered_by", "answered_at"])
    record(
        "review.answered_again",
        actor=actor,
        subject=("run", row.sampled.run_id),
        workflow_id=row.sampled.week.workflow_id,
        run=row.sampled.run.agent_run_id,
        answer=ANSWERS[answer][0].lower(),
    )
    return row.sampled.run_id


def _require_asked(row: FollowUp, actor: Actor) -> None:
    may_assess = access.may(actor, access.ASSESS, row.sampled.week.workflow_id)
    is_theirs = row.asked_of_id == actor.id or not row.asked_of.is_active
    if not may_assess or not is_theirs:
        raise Forbidden(
            "This is asked of the person who answered it first.",
            who_can_help=row.asked_of.name,
        )
    if row.answered_at is not None:
        raise AlreadyDone(
            "review.answered_again",
            "This was answered already.",
            who=row.answered_by.name if row.answered_by else None,
            at=row.answered_at,
        )


def _problems(answer: str, reason: str) -> dict[str, str]:
    problems = {}
    if answer not in ANSWERS:
        problems["answer"] = "Answer this one, or say that you cannot judge."
    if answer in NEED_REASON and not reason:
        word = ANSWERS[answer][0].lower()
        problems["reason"] = f"Say why you answered “{word}”."
    if len(reason) > REASON_MAX:
        problems["reason"] = f"Keep this to {REASON_MAX} characters."
    return problems
