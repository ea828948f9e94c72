"""A department assessed in tests: everybody chooses one level throughout, or their own."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from portal.accounts.actors import SYSTEM
from registry.models import ReadinessAssessment
from registry.operations.readiness import (
    close_assessment,
    keep_answers,
    open_assessment,
    submit_answers,
)
from registry.operations.readiness_priorities import choose_priority
from registry.operations.teams import name_head
from registry.rules.readiness import QUESTIONS
from tests.people import Company

type Levels = int | Mapping[str, int]


def begin(
    people: Company, names: tuple[str, ...], *, now: datetime, key: str = "care"
) -> ReadinessAssessment:
    """Open an assessment and ask these people."""
    return open_assessment(
        actor=SYSTEM,
        slug=people.departments[key].slug,
        people=[people.people[name] for name in names],
        now=now,
    )


def answer(
    people: Company, name: str, levels: Levels, *, now: datetime, key: str = "care"
) -> None:
    """Answer every question, those not named with level 3, and submit."""
    chosen = dict.fromkeys(QUESTIONS, levels if isinstance(levels, int) else 3)
    if not isinstance(levels, int):
        chosen |= dict(levels)
    slug = people.departments[key].slug
    keep_answers(actor=people.actor(name), slug=slug, levels=chosen, notes={}, now=now)
    submit_answers(actor=people.actor(name), slug=slug, now=now)


def assess(
    people: Company, said: Mapping[str, Levels], *, now: datetime, key: str = "care"
) -> ReadinessAssessment:
    """Open, answer and close an assessment."""
    begin(people, tuple(said), now=now, key=key)
    for name, levels in said.items():
        answer(people, name, levels, now=now, key=key)
    return close_assessment(
        actor=SYSTEM,
        slug=people.departments[key].slug,
        left_out=(),
        reason="",
        now=now,
    )


def assessed_twice(people: Company, *, now: datetime) -> dict[str, Any]:
    """Close one assessment of customer care, give a priority, and ask its head again."""
    care = people.departments["care"]
    name_head(actor=SYSTEM, department=care, person=people.maya)
    closed = assess(people, {"maya": 2, "dana": 4}, now=now - timedelta(days=40))
    begin(people, ("maya", "tom"), now=now)
    choose_priority(
        actor=SYSTEM,
        slug=care.slug,
        question="data.quality",
        text="Give each finding of weak data an owner",
        owner=people.maya,
        due_on=now.date() + timedelta(days=30),
        now=now,
    )
    return {"department": care.slug, "pillar": "strategy", "assessment_id": closed.id}
