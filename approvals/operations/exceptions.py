"""Settling exceptions: a held run goes on, or is stopped for good, by a decision on record.

The end of the hold, its disposition and the journal are written together or not at all.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from approvals.models import ExceptionDisposition, ExceptionNote
from approvals.models.excepting import Disposition
from approvals.queries.access import seats_for, who_decides
from approvals.queries.exception_case import OWNER, custom_of_hold, why_not
from approvals.rules.consistency import (
    REASON_WORDS,
    REASONS,
    Custom,
    differs,
    hold_signature,
    sentence_of,
)
from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell, tell_settled
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.ids import new_id
from registry.queries.rulebooks import RulebookInForce, standing_facts
from runs.operations.holding import let_run_go_on, stop_run_for_good, take_hold
from runs.operations.moments import lock_run
from runs.queries.holds import HoldCase, hold_seen_by, unsettled_of_run

TEXT_MAX = 500
NOTES_MAX = 200


@operation(leaves="exception.settled")
def settle_hold(
    *,
    actor: Actor,
    hold_id: UUID,
    disposition: str,
    reason_code: str,
    text: str,
    now: datetime,
) -> Disposition:
    """Let a held run go on or stop it for good; every hold on it is settled alike.

    Raises NotFound, Forbidden, Conflict with who and when for what is settled, Invalid
    without a reason, or without a code where it differs from those before it.
    """
    hold = _seen(actor, hold_id)
    wanted = _wanted(disposition, reason_code, text)
    lock_run(run_id=hold.run_id)
    facts = standing_facts(hold.workflow_id, agent_id=hold.agent_id)
    waiting = unsettled_of_run(run_id=hold.run_id)
    if all(hold_id != each[0] for each in waiting):
        raise _settled_before(hold_id)
    acting_for = _require_may(actor, hold, facts, resumes=wanted == "RESUMED")
    end = let_run_go_on if wanted == Disposition.RESUMED else stop_run_for_good
    signed = {id_: hold_signature(hold.workflow_id, rule) for id_, rule, _ in waiting}
    customs = {id_: custom_of_hold(signature) for id_, signature in signed.items()}
    unusual = _unusual(customs, wanted, reason_code)
    said = (REASON_WORDS.get(reason_code, ""), text.strip())
    reason = ". ".join(part for part in said if part)
    ExceptionDisposition.objects.bulk_create(
        ExceptionDisposition(
            id=new_id(),
            hold_id=id_,
            run_id=hold.run_id,
            workflow_id=hold.workflow_id,
            signature=signed[id_],
            sentence=sentence,
            disposition=wanted,
            reason_code=reason_code,
            text=text.strip(),
            differs_from_precedents=unusual[id_],
            precedents=customs[id_].total,
            disposed_by_id=actor.id,
            acting_for_id=acting_for,
            disposed_at=now,
        )
        for id_, _, sentence in waiting
    )
    end(run_id=hold.run_id, reason=reason, actor=actor, now=now)
    for id_, _, _ in waiting:
        tell_settled(subject=("hold", id_), workflow_id=hold.workflow_id)
    _record_settled(actor, hold, wanted, reason, customs[hold_id], unusual[hold_id])
    return wanted


def _unusual(
    customs: Mapping[UUID, Custom], wanted: Disposition, reason_code: str
) -> dict[UUID, bool]:
    """Say for which holds this differs from before; Invalid when no code says why."""
    passes = wanted == Disposition.RESUMED
    found = {id_: differs(each, passes=passes) for id_, each in customs.items()}
    if any(found.values()) and not reason_code:
        told = next(customs[id_] for id_, is_unusual in found.items() if is_unusual)
        raise Invalid(
            {"reason_code": f"{sentence_of(told)} Say which reason is different here."}
        )
    return found


@operation(leaves="exception.taken")
def take_exception(*, actor: Actor, hold_id: UUID, now: datetime) -> None:
    """Take a hold on as one's own to look into; others may still settle it."""
    hold = _seen(actor, hold_id)
    facts = standing_facts(hold.workflow_id, agent_id=hold.agent_id)
    _require_seat(actor, facts)
    if hold.taken_by_id == actor.id:
        raise AlreadyDone("exception.taken", "You have taken this on.")
    if not take_hold(hold_id=hold_id, actor=actor, now=now):
        raise _settled_before(hold_id)
    _keep_note(hold, ExceptionNote.Kind.TAKEN, actor, "", now)
    if hold.taken_by_id:
        tell(
            kind="exception",
            subject=("hold", hold.id),
            people=[hold.taken_by_id],
            workflow_id=hold.workflow_id,
            by=actor.name,
            by_id=actor.id,
            at=now,
        )


@operation(leaves="exception.commented")
def comment_on_exception(
    *, actor: Actor, hold_id: UUID, text: str, now: datetime
) -> None:
    """Say something to colleagues about a hold; whoever sees it may."""
    hold = _seen(actor, hold_id)
    said = text.strip()
    if not said or len(said) > TEXT_MAX:
        raise Invalid({"text": f"Write something, in at most {TEXT_MAX} characters."})
    _keep_note(hold, ExceptionNote.Kind.COMMENTED, actor, said, now)


@step
def _keep_note(
    hold: HoldCase, kind: str, actor: Actor, text: str, now: datetime
) -> None:
    if ExceptionNote.objects.filter(hold_id=hold.id).count() >= NOTES_MAX:
        raise Conflict(
            "exception.notes_many", f"At most {NOTES_MAX} notes are kept on one."
        )
    ExceptionNote.objects.create(
        hold_id=hold.id, kind=kind, person_id=actor.id, text=text, noted_at=now
    )
    record(
        "exception.taken"
        if kind == ExceptionNote.Kind.TAKEN
        else "exception.commented",
        actor=actor,
        subject=("run", hold.run_id),
        workflow_id=hold.workflow_id,
        hold=str(hold.id),
        sentence=hold.sentence,
    )


@step
def _record_settled(
    actor: Actor,
    hold: HoldCase,
    wanted: Disposition,
    reason: str,
    custom: Custom,
    is_unusual: bool,
) -> None:
    record(
        "exception.settled",
        actor=actor,
        subject=("run", hold.run_id),
        workflow_id=hold.workflow_id,
        hold=str(hold.id),
        disposition=wanted.label,
        sentence=hold.sentence.rstrip("."),
        reason=reason,
        consistency=sentence_of(custom),
        differs=is_unusual,
    )


def _seen(actor: Actor, hold_id: UUID) -> HoldCase:
    hold = hold_seen_by(actor, hold_id)
    if hold is None:
        raise NotFound("There is nothing here, or you may not see it.")
    return hold


def _wanted(disposition: str, reason_code: str, text: str) -> Disposition:
    wrong = {}
    if disposition not in Disposition.values:
        raise Invalid({"disposition": "Choose what becomes of the run."})
    if reason_code and reason_code not in dict(REASONS[disposition]):
        wrong["reason_code"] = "Choose one of the reasons for this."
    if len(text) > TEXT_MAX:
        wrong["text"] = f"Say it in at most {TEXT_MAX} characters."
    if not reason_code and not text.strip():
        wrong["text"] = "Say why, by a reason or in your own words."
    if wrong:
        raise Invalid(wrong)
    return Disposition(disposition)


def _require_may(
    actor: Actor, hold: HoldCase, facts: RulebookInForce, *, resumes: bool
) -> UUID | None:
    """Raise Forbidden for who may not; say in whose place this person settles it."""
    seats = _require_seat(actor, facts)
    objection = why_not(actor, hold=hold, facts=facts, seats=seats, resumes=resumes)
    if objection:
        raise Forbidden(objection, who_can_help=who_decides(facts, OWNER))
    absent = seats.absent_of(actor.id)
    return absent[0].absent_id if absent else None


def _require_seat(actor: Actor, facts: RulebookInForce):  # type: ignore[no-untyped-def]
    seats = seats_for(facts, OWNER)
    if not actor.is_person or actor.id not in seats.people:
        raise Forbidden(
            "Only the escalation owner of the workflow settles its exceptions.",
            code="decision.not_yours",
            who_can_help=who_decides(facts, OWNER),
        )
    return seats


def _settled_before(hold_id: UUID) -> Conflict:
    row = (
        ExceptionDisposition.objects.filter(hold_id=hold_id)
        .select_related("disposed_by")
        .first()
    )
    if row is None:
        return Conflict("exception.settled", "This exception is settled.")
    return Conflict(
        "exception.settled",
        f"{row.disposed_by.name} settled this first: {Disposition(row.disposition).label}.",
        who=row.disposed_by.name,
        at=row.disposed_at,
        resolution=row.disposition.lower(),
    )
