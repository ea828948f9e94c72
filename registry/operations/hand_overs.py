"""Handing a role over: offered, accepted by who receives it, done on its day.

Until it is done the present holder stays, with everything that goes with the role.
"""

from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import SYSTEM, Actor
from portal.accounts.models import Person
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.locks import lock_exclusive, workflow_scope
from registry.models import HandOver, Workflow
from registry.models.duties import OPEN_STATES, HandOverState
from registry.models.workflow import Role
from registry.operations.guards import holder_of, person_id, who_can_help
from registry.operations.people import check_three_people, hold_role
from registry.operations.reviewing import gains_vote, own_vote_refused

NOTE_LENGTH_MAX = 500
DAYS_AHEAD_MAX = 366
DUE_MAX = 200


@operation(leaves="workflow.role_offered")
def offer_hand_over(
    *,
    actor: Actor,
    workflow_id: UUID,
    role: str,
    receiver: Person,
    starts_on: date | None,
    note: str,
    now: datetime,
) -> HandOver:
    """Offer a role to a named person; they accept before anything changes.

    The holder may, and for every role the business owner and administrators. Raises
    Conflict for a vacant role or one that is on its way already, Invalid field by field.
    """
    workflow = _workflow(actor, workflow_id)
    lock_exclusive(workflow_scope(workflow.lock_number))
    held = holder_of(workflow.id, role)
    _check_may_hand_over(actor, workflow, held.person_id if held else None)
    if held is None or held.person is None:
        raise Conflict("role.vacant", "Nobody holds this role; name somebody directly.")
    if receiver.id == actor.id and gains_vote(receiver.id, workflow, role):
        raise own_vote_refused(workflow.id)
    _check_terms(workflow, role, held.person, receiver, starts_on, note.strip(), now)
    if HandOver.objects.filter(
        workflow=workflow, role=role, state__in=OPEN_STATES
    ).exists():
        raise AlreadyDone("role.offered", "This role is being handed over already.")

    offered = HandOver.objects.create(
        workflow=workflow,
        role=role,
        giver=held.person,
        receiver=receiver,
        starts_on=starts_on,
        note=note.strip(),
        offered_by_id=person_id(actor),
        offered_at=now,
    )

    _record(
        "workflow.role_offered",
        actor,
        offered,
        when=f"from {starts_on:%d %B %Y}" if starts_on else "at once",
        note=offered.note,
    )
    tell(
        kind="role_offered",
        subject=("hand_over", offered.id),
        workflow_id=workflow.id,
        by=actor.name,
        by_id=actor.id,
        at=now,
    )
    return offered


@operation(leaves="workflow.role_accepted")
def accept_hand_over(*, actor: Actor, hand_over_id: UUID, now: datetime) -> bool:
    """Accept a role that was offered; says whether it is held from now on.

    Only who receives it accepts. Raises Conflict when the holder changed meanwhile.
    """
    offered = _locked(actor, hand_over_id)
    if actor.id != offered.receiver_id:
        raise Forbidden(
            f"Only {offered.receiver.name} accepts this role.",
            who_can_help=f"{offered.receiver.name} is asked to take it on.",
        )
    if offered.state != HandOverState.OFFERED:
        raise AlreadyDone("role.answered", "This was answered before.")
    offered.state = HandOverState.ACCEPTED
    offered.answered_at = now
    offered.save(update_fields=("state", "answered_at"))
    _record("workflow.role_accepted", actor, offered)
    is_due = offered.starts_on is None or offered.starts_on <= timezone.localdate(now)
    if is_due:
        _complete(offered, actor, now)
    return is_due


@operation(leaves=("workflow.role_declined", "workflow.role_offer_withdrawn"))
def end_hand_over_offer(
    *, actor: Actor, hand_over_id: UUID, note: str = "", now: datetime
) -> HandOver:
    """Decline a role that was offered, or take the offer back; the holder stays."""
    offered = _locked(actor, hand_over_id)
    is_receiver = actor.id == offered.receiver_id
    if not is_receiver:
        _check_may_hand_over(actor, offered.workflow, offered.giver_id)
    if offered.state not in OPEN_STATES:
        raise AlreadyDone("role.answered", "This was answered before.")
    offered.state = HandOverState.DECLINED if is_receiver else HandOverState.WITHDRAWN
    offered.ended_at = now
    offered.save(update_fields=("state", "ended_at"))
    name = "role_declined" if is_receiver else "role_offer_withdrawn"
    _record(f"workflow.{name}", actor, offered, note=note.strip()[:NOTE_LENGTH_MAX])
    return offered


def due_hand_overs(*, now: datetime, limit: int = DUE_MAX) -> list[UUID]:
    """Name the accepted hand-overs whose day has come. One query."""
    rows = HandOver.objects.filter(
        state=HandOverState.ACCEPTED, starts_on__lte=timezone.localdate(now)
    ).order_by("starts_on", "id")
    return list(rows.values_list("id", flat=True)[:limit])


@operation(leaves=("workflow.role_assigned", "workflow.role_offer_withdrawn"))
def complete_hand_over(*, hand_over_id: UUID, now: datetime) -> bool:
    """Hand an accepted role over on its day; says whether it changed hands.

    What no longer fits (a receiver who left, a holder who changed) ends, on record.
    """
    offered = _locked(SYSTEM, hand_over_id)
    if offered.state != HandOverState.ACCEPTED:
        raise AlreadyDone("role.answered", "This was done before.")
    why = _why_not(offered)
    if why:
        offered.state = HandOverState.WITHDRAWN
        offered.ended_at = now
        offered.save(update_fields=("state", "ended_at"))
        _record("workflow.role_offer_withdrawn", SYSTEM, offered, note=why)
        return False
    _complete(offered, SYSTEM, now)
    return True


@step
def _complete(offered: HandOver, actor: Actor, now: datetime) -> None:
    why = _why_not(offered)
    if why:
        raise Conflict("role.moved", why)
    offered.state = HandOverState.DONE
    offered.ended_at = now
    offered.save(update_fields=("state", "ended_at"))
    hold_role(
        workflow=offered.workflow,
        role=offered.role,
        person=offered.receiver,
        actor=actor,
        now=now,
        is_offered=True,
    )


def _why_not(offered: HandOver) -> str:
    held = holder_of(offered.workflow_id, offered.role)
    if held is None or held.person_id != offered.giver_id:
        return f"{offered.giver.name} no longer holds this role."
    if not offered.receiver.is_active:
        return f"{offered.receiver.name} is no longer active."
    try:
        check_three_people(offered.workflow, offered.role, offered.receiver)
    except Invalid as problem:
        return next(iter(problem.fields.values()))
    receiver_id = offered.receiver_id
    is_own = offered.offered_by_id == receiver_id
    if is_own and gains_vote(receiver_id, offered.workflow, offered.role):
        return (
            f"{offered.receiver.name} offered this to themselves, and it decides"
            " proposals: somebody else offers it."
        )
    return ""


def _workflow(actor: Actor, workflow_id: UUID) -> Workflow:
    workflow = Workflow.objects.filter(id=workflow_id).first()
    if workflow is None or not (
        actor.is_system or access.may(actor, access.VIEW, workflow_id)
    ):
        raise NotFound("There is nothing here, or you may not see it.")
    return workflow


def _locked(actor: Actor, hand_over_id: UUID) -> HandOver:
    """Lock a hand-over behind its workflow's lock; hidden from who is not part of it."""
    found = (
        HandOver.objects.filter(id=hand_over_id)
        .values_list("workflow__lock_number", "workflow_id", "receiver_id")
        .first()
    )
    if found is None or not (
        actor.is_system
        or actor.id == found[2]
        or access.may(actor, access.VIEW, found[1])
    ):
        raise NotFound("There is nothing here, or you may not see it.")
    lock_exclusive(workflow_scope(found[0]))
    return HandOver.objects.select_related("workflow", "giver", "receiver").get(
        id=hand_over_id
    )


def _check_may_hand_over(
    actor: Actor, workflow: Workflow, holder_id: UUID | None
) -> None:
    owner = holder_of(workflow.id, Role.BUSINESS_OWNER)
    is_owner = owner is not None and owner.person_id == actor.id
    if (
        actor.is_system
        or (holder_id is not None and actor.id == holder_id)
        or is_owner
        or access.holds_everywhere(actor, access.EDIT)
    ):
        return
    raise Forbidden(
        "Its holder hands a role over, or the business owner, or an administrator.",
        who_can_help=who_can_help(workflow.id, Role.BUSINESS_OWNER),
    )


def _check_terms(
    workflow: Workflow,
    role: str,
    giver: Person,
    receiver: Person,
    starts_on: date | None,
    note: str,
    now: datetime,
) -> None:
    if not receiver.is_active:
        raise Invalid({"receiver": f"{receiver.name} is no longer active."})
    if receiver.id == giver.id:
        raise Invalid({"receiver": f"{receiver.name} holds this role already."})
    if not note:
        raise Invalid({"note": "Say what the receiver should know."})
    if len(note) > NOTE_LENGTH_MAX:
        raise Invalid({"note": f"At most {NOTE_LENGTH_MAX} characters."})
    if starts_on is not None:
        days = (starts_on - timezone.localdate(now)).days
        if not 0 <= days <= DAYS_AHEAD_MAX:
            raise Invalid({"starts_on": "A day from today to a year from now."})
    try:
        check_three_people(workflow, role, receiver)
    except Invalid as problem:
        raise Invalid({"receiver": next(iter(problem.fields.values()))}) from problem


@step
def _record(name: str, actor: Actor, offered: HandOver, **facts: str) -> None:
    record(
        name,
        actor=actor,
        subject=("workflow", offered.workflow_id),
        workflow_id=offered.workflow_id,
        workflow=offered.workflow.name,
        role=Role(offered.role).label,
        person=offered.receiver.name,
        giver=offered.giver.name,
        **facts,
    )
