"""What readiness asks of one person: their own answers, and what they look after."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q

from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from registry.models import (
    ReadinessAnswer,
    ReadinessAssessment,
    ReadinessPart,
    ReadinessPriority,
)
from registry.queries.readiness import may_close
from registry.rules.readiness import PILLARS, QUESTIONS, Pillar, keys_of
from registry.rules.readiness_scores import missing_in

LINES_MAX = 12


@dataclass(frozen=True)
class AnswerLine:
    key: str
    text: str
    levels: tuple[tuple[int, str], ...]
    level: int | None
    note: str


@dataclass(frozen=True)
class AnswerPage:
    """One pillar of somebody's own part."""

    slug: str
    department: str
    pillar: Pillar
    lines: tuple[AnswerLine, ...]
    steps: tuple[tuple[str, str, int, int], ...]
    answered: int
    asked: int
    saved_at: datetime | None
    following: str
    former: str

    @property
    def is_whole(self) -> bool:
        return self.answered == self.asked


@dataclass(frozen=True)
class ReadinessAsked:
    """A department whose readiness somebody is asked about."""

    slug: str
    department: str
    answered: int
    asked: int


@dataclass(frozen=True)
class ReadinessWhole:
    """A department's assessment that nobody's answers are missing in, to be closed."""

    slug: str
    department: str
    people: int


@dataclass(frozen=True)
class PriorityDue:
    """A priority that somebody looks after."""

    slug: str
    department: str
    text: str
    due_on: date
    is_late: bool


def answer_page(*, actor: Actor, slug: str, pillar_key: str) -> AnswerPage:
    """Give one pillar of a person's own part. Two queries. Raises NotFound."""
    part = (
        ReadinessPart.objects.select_related("assessment__department")
        .filter(
            assessment__department__slug=slug,
            assessment__closed_at=None,
            person=actor.id,
            submitted_at=None,
        )
        .first()
    )
    places = {pillar.key: place for place, pillar in enumerate(PILLARS)}
    if part is None or pillar_key not in places:
        raise NotFound("You are not asked how ready this department is just now.")
    place = places[pillar_key]
    rows = ReadinessAnswer.objects.filter(part=part)
    said = {
        key: (level, note)
        for key, level, note in rows.values_list("question", "level", "note")
    }
    keys = [pillar.key for pillar in PILLARS]
    return AnswerPage(
        slug=slug,
        department=part.assessment.department.name,
        pillar=PILLARS[place],
        lines=tuple(_answer(key, said) for key in keys_of(PILLARS[place])),
        steps=tuple(
            (
                each.key,
                each.label,
                sum(key in said for key in keys_of(each)),
                len(each.questions),
            )
            for each in PILLARS
        ),
        answered=len(QUESTIONS) - len(missing_in(dict.fromkeys(said, 1))),
        asked=len(QUESTIONS),
        saved_at=part.saved_at,
        following=keys[place + 1] if place + 1 < len(keys) else "",
        former=keys[place - 1] if place else "",
    )


def _answer(key: str, said: dict[str, tuple[int, str]]) -> AnswerLine:
    level, note = said.get(key, (None, ""))
    question = QUESTIONS[key]
    return AnswerLine(
        key, question.text, tuple(enumerate(question.levels, start=1)), level, note
    )


def readiness_asked_of(*, actor: Actor) -> tuple[ReadinessAsked, ...]:
    """Give the assessments that wait for somebody's answers. One query."""
    rows = (
        ReadinessPart.objects.filter(
            person=actor.id, submitted_at=None, assessment__closed_at=None
        )
        .select_related("assessment__department")
        .annotate(answered=Count("answers"))
        .order_by("invited_at", "id")[:LINES_MAX]
    )
    return tuple(
        ReadinessAsked(
            row.assessment.department.slug,
            row.assessment.department.name,
            row.answered,
            row.assessment.question_count,
        )
        for row in rows
    )


def readiness_to_close(*, actor: Actor) -> tuple[ReadinessWhole, ...]:
    """Give the assessments that somebody can close now. One query, and few for each."""
    rows = (
        ReadinessAssessment.objects.filter(closed_at=None)
        .select_related("department__head")
        .annotate(
            people=Count("parts"),
            missing=Count("parts", filter=Q(parts__submitted_at=None)),
        )
        .filter(people__gt=0, missing=0)
        .order_by("opened_at", "id")[:LINES_MAX]
    )
    return tuple(
        ReadinessWhole(row.department.slug, row.department.name, row.people)
        for row in rows
        if may_close(actor, row.department)
    )


def priorities_due(*, actor: Actor, today: date) -> tuple[PriorityDue, ...]:
    """Give the open priorities that somebody looks after, most urgent first. One query."""
    rows = (
        ReadinessPriority.objects.filter(owner=actor.id, ended_at=None)
        .select_related("assessment__department")
        .order_by("due_on", "id")[:LINES_MAX]
    )
    return tuple(
        PriorityDue(
            row.assessment.department.slug,
            row.assessment.department.name,
            row.text,
            row.due_on,
            row.due_on < today,
        )
        for row in rows
    )
