"""A run whose answers are settled becomes a known case for later weeks, or is one no more.

Who read the run adds it: they know its answers already, so nobody learns of a case by adding
it, and its author is never given it to read. The journal names no run, because assessors may
read the journal.
"""

from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from runs.models import KnownCase, ReviewWeek
from runs.operations.weeks import week_of_assessor
from runs.queries.knowing import has_read, settled_reading
from runs.queries.week_page.access import visible_week
from runs.queries.week_page.known import leads
from runs.rules.questions import REASON_MAX


@operation(leaves="review.known_case_added")
def add_known_case(
    *, actor: Actor, week_id: UUID, run_id: UUID, reason: str, now: datetime
) -> UUID:
    """Keep a run of a signed week as a known case. Locks the week.

    Raises NotFound, Forbidden for who has not read it, AlreadyDone, Conflict while its
    answers are not settled by two readers, Invalid without a reason.
    """
    week = week_of_assessor(actor=actor, week_id=week_id)
    words = reason.strip()
    if not words or len(words) > REASON_MAX:
        raise Invalid(
            {"reason": f"Say why it is a good case, in {REASON_MAX} characters."}
        )
    if week.state != ReviewWeek.State.SIGNED:
        raise Conflict(
            "week.open", "A run becomes a known case once its week is signed."
        )
    found = settled_reading(week, run_id)
    if found is None:
        raise Conflict(
            "known.not_settled",
            "A known case needs two readers who agree, or whose difference is settled.",
        )
    if not has_read(found, actor):
        raise Forbidden("Only who has read a run makes it a known case: they know it.")
    if KnownCase.objects.filter(run=run_id, withdrawn_at=None).exists():
        raise AlreadyDone("known.added", "This run is a known case already.")
    case = KnownCase.objects.create(
        workflow_id=week.workflow_id,
        run_id=run_id,
        sampled_id=found.sampled_id,
        answers=dict(found.counted),
        reason=words,
        marked_by_id=actor.id,
        marked_at=now,
    )
    _record("review.known_case_added", actor, case, week)
    return case.id


@operation(leaves="review.known_case_withdrawn")
def withdraw_known_case(
    *, actor: Actor, week_id: UUID, run_id: UUID, now: datetime
) -> None:
    """Use a known case no more; where it stands in a week already it stays one.

    For who added it, and who may edit the workflow and does not assess it. Locks the case.
    Raises NotFound.
    """
    week = visible_week(actor, week_id)
    case = (
        KnownCase.objects.select_for_update(no_key=True)
        .filter(sampled__week=week, run=run_id, withdrawn_at=None)
        .first()
    )
    if case is None or not (case.marked_by_id == actor.id or leads(actor, week)):
        raise NotFound("There is nothing here, or you may not see it.")
    case.withdrawn_by_id, case.withdrawn_at = actor.id, now
    case.save(update_fields=["withdrawn_by", "withdrawn_at"])
    _record("review.known_case_withdrawn", actor, case, week)


def _record(name: str, actor: Actor, case: KnownCase, week: ReviewWeek) -> None:
    record(
        name,
        actor=actor,
        subject=("known_case", case.id),
        workflow_id=week.workflow_id,
        workflow=week.workflow.name,
    )
