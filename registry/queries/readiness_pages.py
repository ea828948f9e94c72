"""What the pages about readiness show: all departments, and one of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower

from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from portal.accounts.queries import is_administrator
from portal.core.errors import NotFound
from registry.models import (
    ReadinessAssessment,
    ReadinessPart,
    ReadinessPriority,
)
from registry.queries.readiness import (
    Gate,
    Readiness,
    closed_of,
    departments_read_by,
    gate_now,
    may_close,
    may_lead,
    readiness_of,
    readiness_of_all,
)
from registry.queries.readiness_done import steps_done
from registry.queries.readiness_results import Result, result_of
from registry.rules.readiness import (
    PLACES,
    QUESTIONS,
    pillar_of,
)
from registry.rules.readiness_scores import (
    PRIORITY_DAYS,
    Scores,
    score_text,
    suggested,
)

EARLIER_SHOWN_MAX = 12
ENDED_SHOWN_MAX = 12


@dataclass(frozen=True)
class DepartmentLine:
    """One department in the list."""

    slug: str
    name: str
    head: str
    readiness: Readiness
    lowest: str
    submitted: int
    asked: int
    open_priorities: int
    overdue: int
    is_asked_of_me: bool


@dataclass(frozen=True)
class ReadinessList:
    lines: tuple[DepartmentLine, ...]
    gate: Gate
    may_set_gate: bool


@dataclass(frozen=True)
class PartLine:
    """How far one person has come; never what they said."""

    person_id: UUID
    name: str
    answered: int
    asked: int
    submitted_at: datetime | None
    is_me: bool

    @property
    def is_done(self) -> bool:
        return self.submitted_at is not None


@dataclass(frozen=True)
class OpenAssessment:
    """The assessment that is open. `result` is there for whoever has submitted."""

    id: UUID
    opened_at: datetime
    opened_by: str
    parts: tuple[PartLine, ...]
    mine: PartLine | None
    result: Result | None

    @property
    def missing(self) -> tuple[PartLine, ...]:
        return tuple(each for each in self.parts if not each.is_done)

    @property
    def submitted(self) -> int:
        return len(self.parts) - len(self.missing)


@dataclass(frozen=True)
class PriorityLine:
    id: UUID
    question: str
    pillar: str
    text: str
    owner: str
    due_on: date
    is_overdue: bool
    place: str
    place_label: str
    is_mine: bool
    ended_at: datetime | None
    ended_how: str
    ended_words: str
    ended_by: str


@dataclass(frozen=True)
class Suggestion:
    """What the portal would do first, because of which answer."""

    question: str
    asked: str
    pillar: str
    pillar_score: str
    score: str
    text: str
    place: str
    place_label: str


@dataclass(frozen=True)
class DepartmentPage:
    slug: str
    name: str
    head: str
    is_led: bool
    may_close: bool
    readiness: Readiness
    open: OpenAssessment | None
    last: Result | None
    earlier: tuple[tuple[UUID, datetime], ...]
    priorities: tuple[PriorityLine, ...]
    ended: tuple[PriorityLine, ...]
    suggestions: tuple[Suggestion, ...]
    due_usual: date
    due_first: date
    due_last: date


def readiness_list(*, actor: Actor, now: datetime) -> ReadinessList:
    """Give the departments whose readiness somebody may read. Ten queries at most."""
    rows = list(departments_read_by(actor).order_by(Lower("name"), "id"))
    ids = [each.id for each in rows]
    readiness = readiness_of_all(Department.objects.filter(id__in=ids), now=now)
    parts = {
        row[0]: row[1:]
        for row in ReadinessPart.objects.filter(
            assessment__department__in=ids, assessment__closed_at=None
        )
        .order_by()
        .values_list("assessment__department")
        .annotate(
            asked=Count("id"),
            submitted=Count("id", filter=Q(submitted_at__isnull=False)),
            mine=Count("id", filter=Q(person=actor.id, submitted_at=None)),
        )
    }
    open_ones = {
        row[0]: row[1:]
        for row in ReadinessPriority.objects.filter(
            assessment__department__in=ids, ended_at=None
        )
        .order_by()
        .values_list("assessment__department")
        .annotate(
            waiting=Count("id"), late=Count("id", filter=Q(due_on__lt=now.date()))
        )
    }
    lines = []
    for each in rows:
        asked, submitted, mine = parts.get(each.id, (0, 0, 0))
        waiting, overdue = open_ones.get(each.id, (0, 0))
        lines.append(
            DepartmentLine(
                slug=each.slug,
                name=each.name,
                head=_head(each),
                readiness=readiness[each.id],
                lowest=score_text(readiness[each.id].lowest),
                submitted=submitted,
                asked=asked,
                open_priorities=waiting,
                overdue=overdue,
                is_asked_of_me=mine > 0,
            )
        )
    return ReadinessList(tuple(lines), gate_now(), is_administrator(actor))


def department_page(*, actor: Actor, slug: str, now: datetime) -> DepartmentPage:
    """Give one department's readiness, whole. About thirty queries. Raises NotFound."""
    department = _department(actor, slug)
    closed = list(
        closed_of(department.id).select_related("closed_by")[:EARLIER_SHOWN_MAX]
    )
    last = result_of(closed[0], closed[1] if closed[1:] else None) if closed else None
    is_led = may_lead(actor, department)
    priorities = [
        _priority(row, actor, now.date())
        for row in _priorities(department)
        .filter(ended_at=None)
        .select_related("owner", "ended_by")
        .order_by("due_on", "id")
    ]
    ended = (
        _priorities(department)
        .filter(ended_at__isnull=False)
        .select_related("owner", "ended_by")
        .order_by("-ended_at", "-id")[:ENDED_SHOWN_MAX]
    )
    taken = [each.question for each in priorities]
    today = now.date()
    return DepartmentPage(
        slug=department.slug,
        name=department.name,
        head=_head(department),
        is_led=is_led,
        may_close=may_close(actor, department),
        readiness=readiness_of(department_id=department.id, now=now),
        open=_open(actor, department),
        last=last,
        earlier=tuple(
            (each.id, each.closed_at) for each in closed[1:] if each.closed_at
        ),
        priorities=tuple(priorities),
        ended=tuple(_priority(row, actor, today) for row in ended),
        suggestions=_suggestions(last.scores, taken, steps_done(department))
        if last and is_led
        else (),
        due_usual=today + timedelta(days=PRIORITY_DAYS // 2),
        due_first=today + timedelta(days=1),
        due_last=today + timedelta(days=PRIORITY_DAYS),
    )


def closed_result(
    *, actor: Actor, slug: str, assessment_id: UUID
) -> tuple[str, Result]:
    """Give a closed assessment beside the one before it. Raises NotFound."""
    department = _department(actor, slug)
    rows = closed_of(department.id).select_related("closed_by")
    whole = rows.filter(id=assessment_id).first()
    if whole is None:
        raise NotFound("There is no such assessment.")
    before = rows.filter(closed_at__lt=whole.closed_at).first()
    return department.name, result_of(whole, before)


def _open(actor: Actor, department: Department) -> OpenAssessment | None:
    whole = (
        ReadinessAssessment.objects.filter(department=department, closed_at=None)
        .select_related("opened_by")
        .first()
    )
    if whole is None:
        return None
    rows = (
        whole.parts.select_related("person")
        .annotate(answered=Count("answers"))
        .order_by("person__name", "id")
    )
    parts = tuple(
        PartLine(
            row.person_id,
            row.person.name,
            row.answered,
            whole.question_count,
            row.submitted_at,
            is_me=row.person_id == actor.id,
        )
        for row in rows
    )
    mine = next((each for each in parts if each.is_me), None)
    return OpenAssessment(
        id=whole.id,
        opened_at=whole.opened_at,
        opened_by=whole.opened_by.name if whole.opened_by else "Countersign",
        parts=parts,
        mine=mine,
        # Nobody answers by what others answered.
        result=result_of(whole) if mine is not None and mine.is_done else None,
    )


def _suggestions(
    scores: Scores, taken: list[str], done: Collection[str]
) -> tuple[Suggestion, ...]:
    return tuple(
        Suggestion(
            question=key,
            asked=QUESTIONS[key].text,
            pillar=pillar_of(key).label,
            pillar_score=score_text(scores.pillars[pillar_of(key).key]),
            score=score_text(scores.questions[key].score),
            text=step,
            place=QUESTIONS[key].place,
            place_label=PLACES[QUESTIONS[key].place],
        )
        for key, step in suggested(scores, taken=taken, done=done)
    )


def _priority(row: ReadinessPriority, actor: Actor, today: date) -> PriorityLine:
    question = QUESTIONS[row.question]
    return PriorityLine(
        id=row.id,
        question=row.question,
        pillar=pillar_of(row.question).label,
        text=row.text,
        owner=row.owner.name,
        due_on=row.due_on,
        is_overdue=row.ended_at is None and row.due_on < today,
        place=question.place,
        place_label=PLACES[question.place],
        is_mine=row.owner_id == actor.id,
        ended_at=row.ended_at,
        ended_how=row.get_ended_how_display(),
        ended_words=row.ended_words,
        ended_by=row.ended_by.name if row.ended_by else "Countersign",
    )


def _priorities(department: Department) -> QuerySet[ReadinessPriority]:
    return ReadinessPriority.objects.filter(assessment__department=department)


def _department(actor: Actor, slug: str) -> Department:
    department = departments_read_by(actor).filter(slug=slug).first()
    if department is None:
        raise NotFound("There is nothing here, or you may not see it.")
    return department


def _head(department: Department) -> str:
    head: Person | None = department.head
    return head.name if head is not None and head.is_active else ""
