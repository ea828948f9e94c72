"""Being away: planned by oneself, with a stand-in who agrees, and ended at any time.

A stand-in agrees first, because whoever decides answers for it and should know that they
are asked. Nothing is passed on: somebody who is away then is not asked to stand in.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from portal.accounts import access
from portal.accounts.actors import Actor, actor_for
from portal.accounts.models import Absence, Person
from portal.accounts.models.absences import LONGEST
from portal.accounts.operations.telling import tell
from portal.accounts.queries import is_administrator
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound

REASON_LENGTH_MAX = 500
OPEN_ABSENCES_MAX = 20


@operation(leaves="absence.planned")
def plan_absence(
    *,
    actor: Actor,
    stand_in: Person | None,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    workflows: Mapping[UUID, str],
    now: datetime,
) -> Absence:
    """Be away for a time, and ask somebody to stand in; it counts when they accept.

    `workflows` names those that the stand-in is asked for; none means all. Raises
    Invalid, field by field.
    """
    reason = reason.strip()
    starts_at = max(starts_at, now)
    _check_words(reason)
    _check_time(starts_at, ends_at)
    _lock_people(actor.id, stand_in.id if stand_in else actor.id)
    mine = _open_absences(actor.id, now)
    if mine.count() >= OPEN_ABSENCES_MAX:
        raise Conflict(
            "absence.many", f"At most {OPEN_ABSENCES_MAX} absences are planned at once."
        )
    if _same_time(mine, starts_at, ends_at, frozenset(workflows)).exists():
        raise Invalid({"starts": "You have planned an absence for this time already."})
    if stand_in is not None:
        _check_stand_in(actor, stand_in, starts_at, ends_at, workflows, now)
    absence = Absence.objects.create(
        person_id=actor.id,
        stand_in=stand_in,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        workflow_ids=sorted(workflows),
        created_at=now,
    )
    record(
        "absence.planned",
        actor=actor,
        subject=("absence", absence.id),
        starts=_day(starts_at),
        ends=_day(ends_at),
        stand_in=f", and asked {stand_in.name} to stand in" if stand_in else "",
        workflows=list(workflows.values()),
        reason=reason,
    )
    if stand_in is not None:
        _tell(absence, "stand_in_asked", stand_in.id, actor, now)
    return absence


@operation(leaves="absence.accepted")
def accept_absence(*, actor: Actor, absence_id: UUID, now: datetime) -> Absence:
    """Agree to stand in; from then on it counts. Only whoever was asked."""
    absence = _asked(actor, absence_id, now)
    away = _open_absences(actor.id, now).filter(
        starts_at__lt=absence.ends_at, ends_at__gt=absence.starts_at
    )
    if away.exists():
        raise Conflict(
            "absence.stand_in_away",
            "You are away for some of this time yourself, and what is lent to you is not"
            " passed on. End your own absence first, or decline.",
        )
    absence.accepted_at = now
    absence.save(update_fields=("accepted_at",))
    record(
        "absence.accepted",
        actor=actor,
        subject=("absence", absence.id),
        person=absence.person.name,
        ends=_day(absence.ends_at),
    )
    _tell(absence, "stand_in_answered", absence.person_id, actor, now, "accepted")
    return absence


@operation(leaves="absence.declined")
def decline_absence(*, actor: Actor, absence_id: UUID, now: datetime) -> Absence:
    """Decline to stand in; the absence stays, without anybody in that place."""
    absence = _asked(actor, absence_id, now)
    absence.declined_at = now
    absence.save(update_fields=("declined_at",))
    record(
        "absence.declined",
        actor=actor,
        subject=("absence", absence.id),
        person=absence.person.name,
    )
    _tell(absence, "stand_in_answered", absence.person_id, actor, now, "declined")
    return absence


@operation(leaves="absence.ended")
def end_absence(*, actor: Actor, absence_id: UUID, now: datetime) -> Absence:
    """End an absence at once: by who is away, who stands in, or an administrator."""
    absence = _locked(absence_id)
    is_theirs = actor.id in (absence.person_id, absence.stand_in_id)
    if not is_theirs and not is_administrator(actor):
        raise NotFound("There is no such absence.")
    if absence.ended_at is not None or absence.ends_at <= now:
        raise AlreadyDone("absence.ended", "This absence is over already.")
    absence.ended_at = now
    absence.save(update_fields=("ended_at",))
    record(
        "absence.ended",
        actor=actor,
        subject=("absence", absence.id),
        person=absence.person.name,
    )
    return absence


@step
def _tell(
    absence: Absence,
    kind: str,
    person_id: UUID,
    actor: Actor,
    now: datetime,
    outcome: str = "",
) -> None:
    tell(
        kind=kind,
        subject=("absence", absence.id),
        people=[person_id],
        by=actor.name,
        by_id=actor.id,
        outcome=outcome,
        at=now,
    )


def _check_words(reason: str) -> None:
    if not reason:
        raise Invalid({"reason": "Say why, in words that colleagues may read."})
    if len(reason) > REASON_LENGTH_MAX or "\x00" in reason:
        raise Invalid({"reason": f"At most {REASON_LENGTH_MAX} plain characters."})


def _check_time(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise Invalid(
            {"ends": "The last day is not before the first, nor in the past."}
        )
    if ends_at - starts_at > LONGEST:
        raise Invalid(
            {"ends": f"At most {LONGEST.days} days at a time; then it is planned anew."}
        )


@step
def _check_stand_in(
    actor: Actor,
    stand_in: Person,
    starts_at: datetime,
    ends_at: datetime,
    workflows: Mapping[UUID, str],
    now: datetime,
) -> None:
    if stand_in.id == actor.id:
        raise Invalid({"stand_in": "Somebody else stands in for you."})
    if not stand_in.is_active:
        raise Invalid({"stand_in": f"{stand_in.name} is no longer active."})
    theirs = _open_absences(stand_in.id, now)
    if theirs.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        raise Invalid(
            {
                "stand_in": f"{stand_in.name} is away for some of this time. Pick another."
            }
        )
    hidden = [
        name
        for workflow_id, name in workflows.items()
        if not access.may(actor_for(stand_in), access.VIEW, workflow_id)
    ]
    if hidden:
        raise Invalid(
            {
                "stand_in": f"{stand_in.name} may not see {', '.join(sorted(hidden)[:3])},"
                " and standing in does not change that. Pick another."
            }
        )


def _open_absences(person_id: UUID, now: datetime) -> QuerySet[Absence]:
    return Absence.objects.filter(person=person_id, ended_at=None, ends_at__gt=now)


def _same_time(
    rows: QuerySet[Absence],
    starts_at: datetime,
    ends_at: datetime,
    workflows: frozenset[UUID],
) -> QuerySet[Absence]:
    clashing = rows.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)
    if not workflows:
        return clashing
    return clashing.filter(
        Q(workflow_ids=[]) | Q(workflow_ids__overlap=sorted(workflows))
    )


@step
def _asked(actor: Actor, absence_id: UUID, now: datetime) -> Absence:
    """Lock an absence in which this person is asked to stand in and has not answered."""
    absence = _locked(absence_id)
    if absence.stand_in_id != actor.id:
        raise NotFound("There is no such absence.")
    if absence.ended_at is not None or absence.ends_at <= now:
        raise Conflict("absence.ended", "This absence is over already.")
    if absence.accepted_at is not None or absence.declined_at is not None:
        raise AlreadyDone("absence.answered", "You have answered this already.")
    return absence


@step
def _locked(absence_id: UUID) -> Absence:
    found = Absence.objects.filter(id=absence_id).values_list("person_id", "stand_in")
    ids = found.first()
    if ids is None:
        raise NotFound("There is no such absence.")
    _lock_people(*(each for each in ids if each is not None))
    return Absence.objects.select_related("person", "stand_in").get(id=absence_id)


@step
def _lock_people(*ids: UUID) -> None:
    """Take the rows of both, in one order: two who name each other meet here."""
    list(
        Person.objects.select_for_update(no_key=True)
        .filter(id__in=set(ids))
        .order_by("id")
        .values_list("id", flat=True)
    )


def _day(moment: datetime) -> str:
    return f"{moment:%-d %B %Y, %H:%M} UTC"
