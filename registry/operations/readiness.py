"""Assessing a department: opened, people asked, answered, submitted, closed.

What somebody has not submitted counts nowhere, and nobody sees what others submitted
before they have submitted themselves; so nobody answers by what the head answered.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from portal.accounts.operations.telling import close_for, tell, tell_settled
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from registry.models import ReadinessAnswer, ReadinessAssessment, ReadinessPart
from registry.models.readiness import NOTE_LENGTH_MAX
from registry.operations.guards import person_id
from registry.operations.readiness_guards import led_department, seen_department
from registry.operations.teams import who_looks_after
from registry.queries.readiness import closers_of, may_close, scores_of_assessments
from registry.rules.readiness import LEVELS, PILLARS_BY_KEY, QUESTIONS, VERSION
from registry.rules.readiness_scores import PEOPLE_MIN, missing_in, score_text

PEOPLE_MAX = 40


@operation(leaves="readiness.opened")
def open_assessment(
    *, actor: Actor, slug: str, people: Collection[Person], now: datetime
) -> ReadinessAssessment:
    """Open a department's assessment and ask people. Its head or an administrator.

    Raises Conflict while one is open, Invalid for fewer than two people.
    """
    department = led_department(actor, slug)
    if ReadinessAssessment.objects.filter(
        department=department, closed_at=None
    ).exists():
        raise Conflict(
            "readiness.open",
            f"An assessment of {department.name} is open already. Close it first.",
        )
    _check_people(people, len(people))
    if len(people) < PEOPLE_MIN:
        raise Invalid(
            {"people": f"Ask at least {PEOPLE_MIN} people: one view is no assessment."}
        )
    made = ReadinessAssessment.objects.create(
        department=department,
        catalogue_version=VERSION,
        question_count=len(QUESTIONS),
        opened_by_id=person_id(actor),
        opened_at=now,
    )
    for person in people:
        _ask(made, person, actor, now)
    record(
        "readiness.opened",
        actor=actor,
        subject=("readiness", made.id),
        department=department.name,
        people=", ".join(sorted(each.name for each in people)),
    )
    return made


@operation(leaves="readiness.asked")
def ask_person(*, actor: Actor, slug: str, person: Person, now: datetime) -> None:
    """Ask one more person for their answers, while the assessment is open."""
    department = led_department(actor, slug)
    whole = _open(department)
    _check_people([person], whole.parts.count() + 1)
    if whole.parts.filter(person=person).exists():
        raise AlreadyDone("readiness.asked", f"{person.name} was asked already.")
    _ask(whole, person, actor, now)
    record(
        "readiness.asked",
        actor=actor,
        subject=("readiness", whole.id),
        department=department.name,
        person=person.name,
    )


@operation(leaves="readiness.answers_kept")
def keep_answers(
    *,
    actor: Actor,
    slug: str,
    levels: Mapping[str, int],
    notes: Mapping[str, str],
    now: datetime,
) -> int:
    """Keep what somebody answered so far; says how many questions that makes.

    Questions not named stay as they are. Raises AlreadyDone once it is submitted.
    """
    part = _part(actor, slug)
    _check_answers(levels, notes)
    rows = [
        ReadinessAnswer(
            part=part,
            question=key,
            level=level,
            note=" ".join(notes.get(key, "").split()),
        )
        for key, level in levels.items()
    ]
    ReadinessAnswer.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=("part", "question"),
        update_fields=("level", "note"),
    )
    part.saved_at = now
    part.save(update_fields=("saved_at",))
    count = part.answers.count()
    record(
        "readiness.answers_kept",
        actor=actor,
        subject=("readiness", part.assessment_id),
        department=part.assessment.department.name,
        count=count,
        asked=part.assessment.question_count,
    )
    return count


@operation(leaves="readiness.submitted")
def submit_answers(*, actor: Actor, slug: str, now: datetime) -> None:
    """Submit one's answers, all of them, once. Raises Conflict naming what is missing."""
    part = _part(actor, slug)
    said = dict(part.answers.values_list("question", "level"))
    missing = missing_in(said)
    if missing:
        count = len(missing)
        raise Conflict(
            "readiness.half",
            f"{count} {'question has' if count == 1 else 'questions have'} no answer yet."
            f" The first is: {QUESTIONS[missing[0]].text}",
            missing=list(missing),
        )
    part.submitted_at = now
    part.save(update_fields=("submitted_at",))
    record(
        "readiness.submitted",
        actor=actor,
        subject=("readiness", part.assessment_id),
        department=part.assessment.department.name,
    )
    close_for(person_id=actor.id, subject=("readiness", part.assessment_id), now=now)
    _tell_when_whole(part.assessment, actor, now)


@operation(leaves="readiness.closed")
def close_assessment(
    *,
    actor: Actor,
    slug: str,
    left_out: Collection[UUID],
    reason: str,
    now: datetime,
) -> ReadinessAssessment:
    """Close it: what was submitted by now is the result. Only the department's head.

    `left_out` names everybody who has not submitted, and `reason` says why it is closed
    without them. Raises Conflict when others are missing than were named, or fewer than
    two people have submitted.
    """
    department = seen_department(actor, slug)
    if not may_close(actor, department):
        raise Forbidden(
            f"Only the head of {department.name} closes its assessment.",
            who_can_help=who_looks_after(department),
        )
    whole = _open(department)
    parts = list(whole.parts.select_related("person").order_by("person__name", "id"))
    missing = [each.person for each in parts if each.submitted_at is None]
    reason = " ".join(reason.split())
    _check_left_out(parts, missing, left_out, reason)

    whole.left_out = [each.name for each in missing]
    whole.left_out_reason = reason if missing else ""
    whole.closed_at, whole.closed_by_id = now, person_id(actor)
    whole.save()

    scores = scores_of_assessments([whole.id])[whole.id]
    weakest = PILLARS_BY_KEY[scores.weakest].label if scores.weakest else "none"
    record(
        "readiness.closed",
        actor=actor,
        subject=("readiness", whole.id),
        department=department.name,
        score=score_text(scores.lowest),
        weakest=weakest,
        left_out=", ".join(whole.left_out) or "nobody",
    )
    tell_settled(subject=("readiness", whole.id))
    return whole


def _check_left_out(
    parts: list[ReadinessPart],
    missing: list[Person],
    left_out: Collection[UUID],
    reason: str,
) -> None:
    if len(parts) - len(missing) < PEOPLE_MIN:
        raise Conflict(
            "readiness.few",
            f"Fewer than {PEOPLE_MIN} people have submitted their answers, and one view is"
            " no assessment.",
        )
    if set(left_out) != {each.id for each in missing}:
        names = ", ".join(each.name for each in missing) or "nobody"
        raise Conflict(
            "readiness.left_out",
            f"Say who is left out. Who has not submitted: {names}.",
        )
    if missing and not 1 <= len(reason) <= NOTE_LENGTH_MAX:
        raise Invalid(
            {
                "reason": "Say why it is closed without them, in at most"
                f" {NOTE_LENGTH_MAX} characters."
            }
        )


@step
def _ask(
    whole: ReadinessAssessment, person: Person, actor: Actor, now: datetime
) -> None:
    ReadinessPart.objects.create(
        assessment=whole, person=person, invited_by_id=person_id(actor), invited_at=now
    )
    tell(
        kind="readiness_asked",
        subject=("readiness", whole.id),
        at=now,
        href=reverse("readiness_department", args=[whole.department.slug]),
        people=(person.id,),
        by=actor.name,
        by_id=person_id(actor),
    )


@step
def _tell_when_whole(whole: ReadinessAssessment, actor: Actor, now: datetime) -> None:
    """Tell who closes it, and who called it, once nobody's answers are missing."""
    if whole.parts.filter(submitted_at=None).exists():
        return
    people = closers_of(whole.department)
    if whole.opened_by_id:
        people |= {whole.opened_by_id}
    tell(
        kind="readiness_whole",
        subject=("readiness", whole.id),
        at=now,
        href=reverse("readiness_department", args=[whole.department.slug]),
        people=people,
        by=actor.name,
        by_id=person_id(actor),
    )


@step
def _open(department: Department) -> ReadinessAssessment:
    whole = (
        ReadinessAssessment.objects.select_for_update(no_key=True, of=("self",))
        .select_related("department")
        .filter(department=department, closed_at=None)
        .first()
    )
    if whole is None:
        raise NotFound(f"No assessment of {department.name} is open.")
    return whole


@step
def _part(actor: Actor, slug: str) -> ReadinessPart:
    part = (
        # The assessment too, so that nobody answers while it is being closed.
        ReadinessPart.objects.select_for_update(no_key=True, of=("self", "assessment"))
        .select_related("assessment__department")
        .filter(
            assessment__department__slug=slug,
            assessment__closed_at=None,
            person=actor.id,
            person__is_active=True,
        )
        .first()
    )
    if part is None:
        raise NotFound("You are not asked how ready this department is just now.")
    if part.submitted_at is not None:
        raise AlreadyDone(
            "readiness.submitted",
            "You have submitted your answers; they stay as they are.",
        )
    return part


def _check_people(people: Collection[Person], count: int) -> None:
    if count > PEOPLE_MAX:
        raise Invalid({"people": f"Ask at most {PEOPLE_MAX} people."})
    for person in people:
        if not person.is_active:
            raise Invalid({"people": f"{person.name} is no longer active."})


def _check_answers(levels: Mapping[str, int], notes: Mapping[str, str]) -> None:
    if not levels:
        raise Invalid({"": "Choose a level first."})
    if not set(levels) <= set(QUESTIONS) or not set(levels.values()) <= set(LEVELS):
        raise Invalid({"": "This form is not one of ours. Open the page again."})
    for key, note in notes.items():
        if len(note) > NOTE_LENGTH_MAX:
            raise Invalid({f"note-{key}": f"At most {NOTE_LENGTH_MAX} characters."})
