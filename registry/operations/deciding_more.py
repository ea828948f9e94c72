"""Deciding on what a team asked for: by whoever holds the right at its level.

What is approved makes its change in the same transaction: a waiver of one ceiling for
one cell until a day, or an approved system, AI model or tool. Nobody decides their own.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from portal.accounts.actors import SYSTEM, Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.locks import ENTERPRISE, lock_exclusive
from registry.models import (
    AiModel,
    CapabilityRequest,
    Ceiling,
    CeilingWaiver,
    System,
)
from registry.models.catalogue import CeilingAuthority
from registry.models.rights import RequestKind, RequestState
from registry.operations.catalogue import raise_epoch
from registry.operations.ceilings import place_of, scope_of
from registry.operations.guards import person_id
from registry.operations.more_steps import (
    end_request,
    found_request,
    locked_request,
    must_be_open,
    reason_of,
    record_request,
)
from registry.operations.tools import approve_again
from registry.queries.acceptable_use import must_have_acknowledged
from registry.queries.capability import right_of
from registry.queries.rights import must_hold
from registry.queries.tools import is_retired


@operation(leaves="request.approved")
def approve_request(
    *,
    actor: Actor,
    request_id: UUID,
    answer: str,
    days: int | None = None,
    amount_max: Decimal | None = None,
    under_review: bool = True,
    now: datetime,
) -> None:
    """Approve what was asked, or less of it, and make the change that it asks for.

    Days and amount may be lowered here and never raised: what nobody asked for is not
    given. Raises Conflict when the ceiling is no longer in force.
    """
    asked = _to_decide(actor, request_id, now)
    answer = reason_of(answer)
    if asked.kind == RequestKind.WAIVER:
        _waive(actor, asked, days, amount_max, under_review, now)
    else:
        _approve_in_catalogue(actor, asked, now)
    end_request(actor, asked, RequestState.APPROVED, answer, now)
    record_request("request.approved", actor, asked, answer=answer)


@operation(leaves="request.rejected")
def reject_request(
    *, actor: Actor, request_id: UUID, answer: str, now: datetime
) -> None:
    """Reject what was asked, with the reason that the team reads."""
    asked = _to_decide(actor, request_id, now)
    answer = reason_of(answer)
    end_request(actor, asked, RequestState.REJECTED, answer, now)
    record_request("request.rejected", actor, asked, answer=answer)


@operation(leaves="request.expired")
def expire_request(*, request_id: UUID, now: datetime) -> None:
    """Close a request that nobody decided in time: nothing changes."""
    asked = locked_request(request_id)
    must_be_open(asked)
    if asked.expires_at > now:
        raise AlreadyDone("request.not_due", "There is still time.")
    end_request(SYSTEM, asked, RequestState.EXPIRED, "", now)
    record_request("request.expired", SYSTEM, asked)


@operation(leaves="waiver.ended")
def end_waiver(*, actor: Actor, waiver_id: UUID, because: str, now: datetime) -> None:
    """Let a ceiling bind again before or when its time is over; grants become stale."""
    waiver = (
        CeilingWaiver.objects.select_related("ceiling__department", "workflow")
        .filter(id=waiver_id)
        .first()
    )
    if waiver is None:
        raise NotFound("There is no such waiver.")
    if actor.is_system:
        if waiver.until_at > now:
            raise AlreadyDone("waiver.not_due", "It is still given.")
    else:
        because = reason_of(because)[:300]
    ceiling = waiver.ceiling
    scope = scope_of(ceiling.department)
    # Twice: nobody else makes rulings wait, and who lost the right meanwhile ends nothing.
    must_hold(actor, "decide_request", ceiling.level, **place_of(ceiling))
    lock_exclusive(scope)
    must_hold(actor, "decide_request", ceiling.level, **place_of(ceiling))
    ended = CeilingWaiver.objects.filter(id=waiver_id, ended_at=None).update(
        ended_at=now, ended_by=person_id(actor), ended_because=because
    )
    if not ended:
        raise AlreadyDone("waiver.ended", "It is over already.")
    raise_epoch(scope)
    record(
        "waiver.ended",
        actor=actor,
        subject=("waiver", waiver.id),
        workflow_id=waiver.workflow_id,
        workflow=waiver.workflow.name,
        what=f"the ceiling “{waiver.ceiling.name}” binds again.",
        because=because,
    )


def due_requests(*, now: datetime) -> tuple[UUID, ...]:
    """Give the open requests whose time is over. One query."""
    rows = CapabilityRequest.objects.filter(
        state=RequestState.OPEN, expires_at__lte=now
    )
    return tuple(rows.order_by("expires_at").values_list("id", flat=True)[:200])


def due_waivers(*, now: datetime) -> tuple[UUID, ...]:
    """Give the waivers whose day has come. One query."""
    rows = CeilingWaiver.objects.filter(ended_at=None, until_at__lte=now)
    return tuple(rows.order_by("until_at").values_list("id", flat=True)[:200])


def _to_decide(actor: Actor, request_id: UUID, now: datetime) -> CapabilityRequest:
    # Asked first, so that nobody else makes rulings wait; what it asks never changes.
    _must_decide(actor, found_request(request_id))
    # Exclusive from the start: two who hold it shared and then both want more would
    # wait for each other.
    lock_exclusive(ENTERPRISE)
    must_have_acknowledged(actor)
    asked = locked_request(request_id)
    _must_decide(actor, asked)
    if actor.id == asked.asked_by_id:
        raise Forbidden(
            "Nobody decides what they asked for themselves.",
            code="request.own",
            who_can_help="Somebody else who holds this right can.",
        )
    must_be_open(asked)
    if asked.expires_at <= now:
        raise Conflict("request.late", "Its time is over. It can be asked again.")
    return asked


def _must_decide(actor: Actor, asked: CapabilityRequest) -> None:
    kind, place = right_of(asked)
    must_hold(actor, kind, asked.level, **place)


@step
def _waive(
    actor: Actor,
    asked: CapabilityRequest,
    days: int | None,
    amount_max: Decimal | None,
    under_review: bool,
    now: datetime,
) -> None:
    # Locked, so that whoever changes or lifts it at once also ends what is given here.
    rows = Ceiling.objects.select_for_update(no_key=True)
    ceiling = rows.filter(id__in=[asked.ceiling_id], is_active=True).first()
    if ceiling is None:
        raise Conflict("ceiling.lifted", "The ceiling is no longer in force.")
    given = days if days is not None else asked.days or 0
    if not 1 <= given <= (asked.days or 0):
        raise Invalid(
            {"days": f"At least one day, and at most the {asked.days} asked."}
        )
    limit = amount_max if amount_max is not None else asked.amount_max
    if asked.amount_max is not None and (limit is None or limit > asked.amount_max):
        raise Invalid({"amount_max": "Give at most the amount that was asked for."})
    if limit is not None and (limit < 0 or not (asked.currency or ceiling.currency)):
        raise Invalid({"amount_max": "Give an amount of at least zero."})
    if ceiling.authority == CeilingAuthority.REVIEW:
        # A person decides as it is; to waive it means that nobody needs to.
        under_review = False
    CeilingWaiver.objects.create(
        ceiling=ceiling,
        workflow=asked.workflow,
        request=asked,
        system=asked.system,
        verb=asked.verb,
        amount_max=limit,
        currency=(asked.currency or ceiling.currency) if limit is not None else "",
        under_review=under_review,
        starts_at=now,
        until_at=now + timedelta(days=given),
    )


@step
def _approve_in_catalogue(
    actor: Actor, asked: CapabilityRequest, now: datetime
) -> None:
    lock_exclusive(ENTERPRISE)
    if asked.kind == RequestKind.TOOL:
        if not is_retired(asked.system, asked.tool):
            raise Conflict("request.moot", "It is approved already.")
        approve_again(actor, asked.system, asked.tool, now=now)
        return
    is_system = asked.kind == RequestKind.SYSTEM
    row: System | AiModel | None = (
        System.objects.filter(slug=asked.system, is_approved=False).first()
        if is_system
        else AiModel.objects.filter(slug=asked.ai_model, is_approved=False).first()
    )
    if row is None:
        raise Conflict("request.moot", "It is approved already, or no longer there.")
    row.is_approved, row.retired_at, row.retired_reason = True, None, ""
    row.save(update_fields=("is_approved", "retired_at", "retired_reason"))
    raise_epoch(ENTERPRISE)
    # Its own history says it too, not only that of the workflow which asked.
    what = f"approved, because {asked.workflow.name} asked for it"
    if is_system:
        about = ("system", row.id)
        record(
            "catalogue.system_changed",
            actor=actor,
            subject=about,
            system=row.name,
            what=what,
        )
    else:
        about = ("ai_model", row.id)
        record(
            "catalogue.model_changed",
            actor=actor,
            subject=about,
            model=row.name,
            what=what,
        )
