"""What the pages about training show: everybody's standing, one person's, the courses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Lower

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.core.clock import database_now
from portal.core.errors import NotFound
from registry.models import TrainingCompletion, TrainingCourse, TrainingRequirement
from registry.models.training import Duty, TrainingTier
from registry.queries.rights import holds
from registry.queries.training import (
    NAMED_REVIEWERS,
    done_by_person,
    lapsed_duties,
    needs_by_duty,
)
from registry.rules.rulebook import Level
from registry.rules.training import (
    Need,
    TrainingStanding,
    TrainingState,
    day_text,
    standing_of,
    valid_text,
)

PAGE_SIZE = 50
STATE_WORDS: Mapping[str, str] = {
    TrainingState.NOT_DONE: "Not done",
    TrainingState.LAPSED: "Lapsed",
    TrainingState.EXPIRING: "Ends within 30 days",
    TrainingState.CURRENT: "Current",
    TrainingState.NONE_REQUIRED: "None required",
}
_DUTIES = f"""
SELECT DISTINCT h.person_id, h.role FROM registry_roleholding h
  JOIN registry_workflow w ON w.id = h.workflow_id AND w.withdrawn_at IS NULL
 WHERE h.person_id IS NOT NULL
   AND (%(person)s::uuid IS NULL OR h.person_id = %(person)s::uuid)
 UNION
SELECT DISTINCT n.person_id, 'reviewer' FROM ({NAMED_REVIEWERS}) n
 WHERE %(person)s::uuid IS NULL OR n.person_id = %(person)s::uuid
"""  # noqa: S608 - fixed text


@dataclass(frozen=True)
class PersonLine:
    """One person in the list, with what they do and where their training stands."""

    id: UUID
    name: str
    email: str
    duties: tuple[str, ...]
    standing: TrainingStanding

    @property
    def state_word(self) -> str:
        return STATE_WORDS[self.standing.state]


@dataclass(frozen=True)
class TrainingList:
    """One page of the list, and how many people stand where."""

    people: tuple[PersonLine, ...]
    counts: Mapping[str, int]
    total: int
    page: int
    pages: int
    needs_anything: bool
    has_courses: bool


@dataclass(frozen=True)
class CompletionLine:
    id: UUID
    course: str
    tier: str
    completed: str
    counts: str
    is_over: bool
    note: str
    source: str
    recorded_by: str
    recorded_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str
    withdrawn_reason: str


@dataclass(frozen=True)
class DutyLine:
    """One duty of a person with where their training for it stands."""

    label: str
    standing: TrainingStanding


@dataclass(frozen=True)
class PersonTraining:
    """One person's training, whole."""

    id: UUID
    name: str
    is_me: bool
    may_record: bool
    duties: tuple[DutyLine, ...]
    completions: tuple[CompletionLine, ...]


@dataclass(frozen=True)
class CourseLine:
    id: UUID
    name: str
    tier: str
    about: str
    valid: str
    retired_at: datetime | None


@dataclass(frozen=True)
class DutyNeeds:
    """What one duty needs now, for the form that sets it."""

    duty: str
    label: str
    tiers: frozenset[str]
    course_ids: frozenset[UUID]
    words: tuple[str, ...]


@dataclass(frozen=True)
class CoursesPage:
    courses: tuple[CourseLine, ...]
    needs: tuple[DutyNeeds, ...]
    tiers: tuple[tuple[str, str], ...]
    may_keep: bool
    may_record: bool


def training_list(*, words: str = "", state: str = "", page: int = 1) -> TrainingList:
    """Give the active people by name with their standing. At most six queries.

    Everybody's standing is worked out, because the counts are over all of them.
    """
    needs, duties = needs_by_duty(), duties_held()
    rows = Person.objects.filter(is_active=True).order_by(Lower("name"), "id")
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(email__icontains=words))
    people = list(rows.values_list("id", "name", "email"))
    bound = [
        each for each, *_ in people if any(d in needs for d in duties.get(each, ()))
    ]
    done = done_by_person(bound) if bound else {}
    today = database_now().date()
    lines = [
        PersonLine(
            id=person,
            name=name,
            email=email,
            duties=tuple(Duty(each).label for each in duties.get(person, ())),
            standing=standing_of(
                _all_needs(duties.get(person, ()), needs), done.get(person, ()), today
            ),
        )
        for person, name, email in people
    ]
    counts = {each.value: 0 for each in TrainingState}
    for line in lines:
        counts[line.standing.state] += 1
    kept = [line for line in lines if not state or line.standing.state == state]
    pages = max(1, -(-len(kept) // PAGE_SIZE))
    page = min(max(1, page), pages)
    return TrainingList(
        people=tuple(kept[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]),
        counts=counts,
        total=len(lines),
        page=page,
        pages=pages,
        needs_anything=bool(needs),
        has_courses=TrainingCourse.objects.exists(),
    )


def person_of_completion(completion_id: UUID) -> UUID:
    """Say whose completion this is. One query. Raises NotFound."""
    found = TrainingCompletion.objects.filter(id=completion_id).values_list("person")
    for (person_id,) in found:
        return person_id
    raise NotFound("There is no such completion.")


def person_training(*, actor: Actor, person_id: UUID) -> PersonTraining:
    """Give one person's training to themselves and to who records it. Seven queries.

    Raises NotFound for anybody else.
    """
    is_me = actor.is_person and actor.id == person_id
    may_record = access.holds_everywhere(actor, access.PAUSE)
    person = Person.objects.filter(id=person_id).first()
    if person is None or not (is_me or may_record):
        raise NotFound("There is nothing here, or you may not see it.")
    needs = needs_by_duty()
    done = done_by_person([person_id]).get(person_id, [])
    today = database_now().date()
    rows = (
        TrainingCompletion.objects.filter(person_id=person_id)
        .select_related("course", "recorded_by", "withdrawn_by")
        .order_by("-completed_on", "-recorded_at")
    )
    return PersonTraining(
        id=person.id,
        name=person.name,
        is_me=is_me,
        may_record=may_record and not is_me,
        duties=tuple(
            DutyLine(Duty(each).label, standing_of(needs.get(each, ()), done, today))
            for each in duties_held(person_id).get(person_id, ())
        ),
        completions=tuple(_completion(row, today) for row in rows),
    )


def courses_page(*, actor: Actor) -> CoursesPage:
    """Give every course and what each duty needs. At most four queries."""
    courses = TrainingCourse.objects.order_by("retired_at", Lower("name"))
    set_for: dict[str, list[TrainingRequirement]] = {}
    for row in TrainingRequirement.objects.select_related("course").order_by(
        "tier", "course__name"
    ):
        set_for.setdefault(row.duty, []).append(row)
    return CoursesPage(
        courses=tuple(
            CourseLine(
                each.id,
                each.name,
                each.get_tier_display(),
                each.about,
                valid_text(each.months_valid),
                each.retired_at,
            )
            for each in courses
        ),
        needs=tuple(_needs(duty, set_for.get(duty.value, [])) for duty in Duty),
        tiers=tuple(TrainingTier.choices),
        may_keep=holds(actor, "require_training", Level.ENTERPRISE),
        may_record=access.holds_everywhere(actor, access.PAUSE),
    )


def courses_to_pick() -> tuple[tuple[str, str], ...]:
    """Give the courses that can be recorded, by name. One query."""
    rows = TrainingCourse.objects.filter(retired_at=None).order_by(Lower("name"))
    return tuple((str(row.id), row.name) for row in rows)


def people_to_train(*, actor: Actor) -> tuple[tuple[str, str], ...]:
    """Give the active people but oneself, by name. One query."""
    rows = Person.objects.filter(is_active=True).exclude(id=actor.id)
    found = rows.order_by(Lower("name"), "id").values_list("id", "name", "email")
    return tuple((str(person), f"{name} ({email})") for person, name, email in found)


def _needs(duty: Duty, rows: list[TrainingRequirement]) -> DutyNeeds:
    return DutyNeeds(
        duty=duty.value,
        label=duty.label,
        tiers=frozenset(row.tier for row in rows if row.tier),
        course_ids=frozenset(row.course_id for row in rows if row.course_id),
        words=tuple(
            row.course.name if row.course else f"Any {row.get_tier_display()} course"
            for row in rows
        ),
    )


def _completion(row: TrainingCompletion, today: date) -> CompletionLine:
    return CompletionLine(
        id=row.id,
        course=row.course.name,
        tier=row.course.get_tier_display(),
        completed=day_text(row.completed_on),
        counts=f"until {day_text(row.expires_on)}" if row.expires_on else "for ever",
        is_over=row.expires_on is not None and row.expires_on < today,
        note=row.note,
        source=row.source,
        recorded_by=row.recorded_by.name if row.recorded_by else "Countersign",
        recorded_at=row.recorded_at,
        withdrawn_at=row.withdrawn_at,
        withdrawn_by=row.withdrawn_by.name if row.withdrawn_by else "Countersign",
        withdrawn_reason=row.withdrawn_reason,
    )


def duties_held(person_id: UUID | None = None) -> dict[UUID, tuple[str, ...]]:
    """Give who does what for any workflow, in the order of the duties. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_DUTIES, {"person": person_id})
        found: dict[UUID, set[str]] = {}
        for person, duty in cursor.fetchall():
            found.setdefault(person, set()).add(duty)
    return {
        person: tuple(each for each in Duty.values if each in duties)
        for person, duties in found.items()
    }


def duties_lost(*, actor: Actor) -> tuple[str, ...]:
    """Name what this person does here and is not trained for today. Two queries."""
    held = duties_held(actor.id).get(actor.id, ()) if actor.is_person else ()
    lapsed = lapsed_duties(actor.id) if held else frozenset()
    return tuple(Duty(each).label.lower() for each in held if each in lapsed)


def _all_needs(
    duties: tuple[str, ...], needs: Mapping[str, tuple[Need, ...]]
) -> tuple[Need, ...]:
    return tuple(dict.fromkeys(need for each in duties for need in needs.get(each, ())))
