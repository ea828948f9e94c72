"""Courses, what a duty needs, and who has done which course.

What takes a right away (a requirement set, a completion withdrawn) waits for the rulings
in flight. A packet up for signature is asked anew when somebody who holds one of its
roles is trained for it no longer, or at last.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.audit.operation import operation, record, step
from portal.core.clock import database_now
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.locks import ENTERPRISE, lock_exclusive
from registry.models import TrainingCompletion, TrainingCourse, TrainingRequirement
from registry.models.training import MONTHS_VALID_MAX, Duty, TrainingTier
from registry.operations.enterprise import lock_enterprise_for
from registry.operations.evidence import training_changed
from registry.operations.guards import person_id
from registry.operations.training_withdrawn import tell_of_withdrawal
from registry.queries.rights import must_hold
from registry.queries.training import lapsed_duties, untrained_signers
from registry.rules.rulebook import Level
from registry.rules.training import day_text, expiry_of, valid_text

COURSES_MAX = 500
EARLIEST = date(1990, 1, 1)
TEXT_LENGTH_MAX = 300


@operation(leaves="training.course_added")
def add_course(
    *,
    actor: Actor,
    name: str,
    tier: str,
    months_valid: int | None,
    about: str = "",
    now: datetime,
) -> TrainingCourse:
    """Add a course. Without `months_valid` it is done once and for ever."""
    must_keep_courses(actor)
    name, about = " ".join(name.split()), about.strip()
    _check_course(name, tier, months_valid, about)
    if TrainingCourse.objects.count() >= COURSES_MAX:
        raise Conflict("courses.many", f"At most {COURSES_MAX} courses are kept.")
    try:
        course = TrainingCourse.objects.create(
            name=name,
            tier=tier,
            about=about,
            months_valid=months_valid,
            created_at=now,
        )
    except IntegrityError as error:
        raise Conflict("course.exists", f"There is a course {name} already.") from error
    record(
        "training.course_added",
        actor=actor,
        subject=("training_course", course.id),
        course=name,
        tier=course.get_tier_display(),
        valid=valid_text(months_valid),
    )
    return course


@operation(leaves="training.course_retired")
def retire_course(*, actor: Actor, course_id: UUID, now: datetime) -> TrainingCourse:
    """Offer a course no longer. What was done counts on until it lapses.

    Raises Conflict while a duty needs it, or needs its tier and nothing else is left there.
    """
    must_keep_courses(actor)
    course = (
        TrainingCourse.objects.select_for_update(no_key=True)
        .filter(id=course_id)
        .first()
    )
    if course is None:
        raise NotFound("There is no such course.")
    if course.retired_at is not None:
        raise AlreadyDone("course.retired", f"{course.name} is retired already.")
    _check_not_needed(course)
    course.retired_at = now
    course.save(update_fields=("retired_at",))
    record(
        "training.course_retired",
        actor=actor,
        subject=("training_course", course.id),
        course=course.name,
    )
    return course


@operation(leaves="training.requirements_set")
def set_requirements(
    *,
    actor: Actor,
    duty: str,
    tiers: Sequence[str],
    course_ids: Sequence[UUID],
    now: datetime,
) -> None:
    """Say all that a duty needs from now on; nothing at all means none required."""
    must_keep_courses(actor)
    if duty not in Duty.values:
        raise Invalid({"duty": "There is no such duty."})
    if not set(tiers) <= set(TrainingTier.values):
        raise Invalid({"tiers": "There is no such tier."})
    lock_enterprise_for(actor, "require_training")
    courses = list(
        TrainingCourse.objects.select_for_update(no_key=True)
        .filter(id__in=course_ids, retired_at=None)
        .order_by("name")
    )
    if len(courses) != len(set(course_ids)):
        raise Invalid({"courses": "One of these courses is retired. Choose again."})
    for tier in tiers:
        _check_offered(tier)
    kept = TrainingRequirement.objects.filter(duty=duty)
    now_needed = {(tier, None) for tier in tiers} | {("", each.id) for each in courses}
    if now_needed == set(kept.values_list("tier", "course_id")):
        raise AlreadyDone("requirements.same", "That is what is required already.")
    before = untrained_signers()
    kept.delete()
    TrainingRequirement.objects.bulk_create(
        TrainingRequirement(
            duty=duty,
            tier=tier,
            course_id=course,
            since=now,
            set_by_id=person_id(actor),
        )
        for tier, course in sorted(now_needed, key=str)
    )
    said = [TrainingTier(tier).label for tier in sorted(set(tiers))]
    said += [course.name for course in courses]
    record(
        "training.requirements_set",
        actor=actor,
        subject=("training_duty", duty),
        duty=Duty(duty).label,
        what=", ".join(said) or "nothing",
    )
    ask_packets_anew(before, actor=actor, now=now)


@operation(leaves="training.completion_recorded")
def record_completion(
    *,
    actor: Actor,
    person_id: UUID,
    course_id: UUID,
    completed_on: date,
    note: str = "",
    now: datetime,
) -> TrainingCompletion:
    """Write down that somebody did a course. Nobody writes down their own.

    Raises AlreadyDone for the same course on the same day.
    """
    must_record(actor)
    person = Person.objects.filter(id=person_id, is_active=True).first()
    if person is None:
        raise Invalid({"person": "Choose somebody who is active."})
    course = TrainingCourse.objects.filter(id=course_id).first()
    if course is None:
        raise Invalid({"course": "Choose a course."})
    note = note.strip()
    wrong = wrong_day(course, completed_on, database_now().date())
    if person.id == actor.id:
        raise Invalid({"person": "Somebody else records your own training."})
    if wrong:
        raise Invalid({"completed_on": wrong})
    if len(note) > TEXT_LENGTH_MAX:
        raise Invalid({"note": f"At most {TEXT_LENGTH_MAX} characters."})
    before = untrained_signers(person_ids=[person.id])
    made = new_completion(person.id, course, completed_on, actor, now)
    made.note = note
    try:
        made.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyDone(
            "completion.same",
            f"{course.name} on {day_text(completed_on)} is recorded for"
            f" {person.name} already.",
        ) from error
    record(
        "training.completion_recorded",
        actor=actor,
        subject=("person", person.id),
        person=person.name,
        course=course.name,
        day=day_text(completed_on),
        until=until_text(made.expires_on),
    )
    ask_packets_anew(before, person_ids=[person.id], actor=actor, now=now)
    return made


@operation(leaves="training.completion_withdrawn")
def withdraw_completion(
    *, actor: Actor, completion_id: UUID, reason: str, now: datetime
) -> TrainingCompletion:
    """Say that a completion was recorded wrongly. It stays on record and counts no longer."""
    must_record(actor)
    reason = " ".join(reason.split())
    if not reason or len(reason) > TEXT_LENGTH_MAX:
        raise Invalid({"reason": f"Say why, in at most {TEXT_LENGTH_MAX} characters."})
    lock_exclusive(ENTERPRISE)
    must_record(actor)
    made = (
        TrainingCompletion.objects.select_for_update(no_key=True, of=("self",))
        .select_related("person", "course")
        .filter(id=completion_id)
        .first()
    )
    if made is None:
        raise NotFound("There is no such completion.")
    if made.withdrawn_at is not None:
        raise AlreadyDone("completion.withdrawn", "This was withdrawn before.")
    before = untrained_signers(person_ids=[made.person_id])
    lapsed_before = lapsed_duties(made.person_id)
    made.withdrawn_at, made.withdrawn_reason = now, reason
    made.withdrawn_by_id = person_id(actor)
    made.save(update_fields=("withdrawn_at", "withdrawn_by", "withdrawn_reason"))
    record(
        "training.completion_withdrawn",
        actor=actor,
        subject=("person", made.person_id),
        person=made.person.name,
        course=made.course.name,
        day=day_text(made.completed_on),
        reason=reason,
    )
    ask_packets_anew(before, person_ids=[made.person_id], actor=actor, now=now)
    tell_of_withdrawal(actor=actor, made=made, lapsed_before=lapsed_before, now=now)
    return made


def must_keep_courses(actor: Actor) -> None:
    """Raise Forbidden for whoever does not say which courses there are and who needs them."""
    must_hold(actor, "require_training", Level.ENTERPRISE)


def must_record(actor: Actor) -> None:
    """Raise Forbidden for anybody but administrators and the risk team."""
    if actor.is_system or access.holds_everywhere(actor, access.PAUSE):
        return
    raise Forbidden(
        "Only administrators and the risk team keep the training of other people.",
        who_can_help="Ask an administrator of Countersign or the risk team.",
    )


def new_completion(
    person: UUID, course: TrainingCourse, day: date, actor: Actor, now: datetime
) -> TrainingCompletion:
    """Make a completion that is not saved yet, with its last day."""
    return TrainingCompletion(
        person_id=person,
        course=course,
        completed_on=day,
        expires_on=expiry_of(day, course.months_valid),
        recorded_by_id=person_id(actor),
        recorded_at=now,
    )


def wrong_day(course: TrainingCourse, day: date, today: date) -> str:
    """Say what is wrong with the day of a completion, or nothing."""
    if day > today:
        return "This day is still to come. Record it once it is done."
    if day < EARLIEST:
        return f"This is before {EARLIEST.year}. Is the year right?"
    if course.retired_at is not None and day > course.retired_at.date():
        return (
            f"{course.name} was retired on {day_text(course.retired_at.date())}."
            " Choose the course that took its place."
        )
    return ""


@step
def ask_packets_anew(
    before: frozenset[tuple[UUID, str]],
    *,
    person_ids: Sequence[UUID] | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Withdraw the signatures on open packets whose people are trained otherwise now."""
    changed = before ^ untrained_signers(person_ids=person_ids)
    for workflow_id in sorted({workflow for workflow, _ in changed}):
        training_changed(workflow_id=workflow_id, actor=actor, now=now)


def until_text(day: date | None) -> str:
    """Write until when a completion counts."""
    return f"until {day_text(day)}" if day else "for ever"


def _check_course(name: str, tier: str, months: int | None, about: str) -> None:
    wrong: dict[str, str] = {}
    if not 1 <= len(name) <= 120:
        wrong["name"] = "Give the course a name of at most 120 characters."
    if tier not in TrainingTier.values:
        wrong["tier"] = "Choose universal, role-specific or leadership."
    if months is not None and not 1 <= months <= MONTHS_VALID_MAX:
        wrong["months_valid"] = f"Between 1 and {MONTHS_VALID_MAX} months, or empty."
    if len(about) > TEXT_LENGTH_MAX:
        wrong["about"] = f"At most {TEXT_LENGTH_MAX} characters."
    if wrong:
        raise Invalid(wrong)


def _check_offered(tier: str) -> None:
    if not TrainingCourse.objects.filter(tier=tier, retired_at=None).exists():
        raise Invalid(
            {
                "tiers": f"There is no {TrainingTier(tier).label.lower()} course to do."
                " Add one first."
            }
        )


def _check_not_needed(course: TrainingCourse) -> None:
    needed = TrainingRequirement.objects.filter(course=course)
    others = TrainingCourse.objects.filter(tier=course.tier, retired_at=None).exclude(
        id=course.id
    )
    if not others.exists():
        needed = needed | TrainingRequirement.objects.filter(tier=course.tier)
    duties = sorted({each.get_duty_display() for each in needed})
    if duties:
        raise Conflict(
            "course.needed",
            f"{course.name} is needed for: {', '.join(duties)}. Say first what they need"
            " instead.",
        )
