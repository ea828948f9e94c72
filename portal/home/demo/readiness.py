"""How ready departments are: customer care twice, IT half answered, marketing to be closed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from portal.accounts.actors import SYSTEM
from portal.core.clock import in_history
from portal.home.demo.company import Company
from registry.operations.readiness import (
    close_assessment,
    keep_answers,
    open_assessment,
    submit_answers,
)
from registry.operations.readiness_gate import set_gate
from registry.operations.readiness_priorities import choose_priority, end_priority
from registry.operations.teams import name_head
from registry.rules.readiness import QUESTIONS

CARE, IT, MARKETING = "customer-care", "it-operations", "marketing"
# What everybody sees alike, pillar by pillar; a person stands above or below it.
_BEFORE = {
    "strategy": 3,
    "governance": 2,
    "data": 2,
    "technology": 3,
    "people": 2,
    "process": 2,
}
_NOW = {
    "strategy": 4,
    "governance": 4,
    "data": 3,
    "technology": 4,
    "people": 3,
    "process": 3,
}
_IT = {
    "strategy": 3,
    "governance": 3,
    "data": 3,
    "technology": 4,
    "people": 2,
    "process": 3,
}
_OWN: Mapping[str, Mapping[str, int]] = {
    "maya": {"people.time": 4, "people.trust": 5, "data.quality": 4, "governance.owners": 5},
    "dana": {"people.time": 2, "people.trust": 3, "data.quality": 2, "process.described": 4},
    "tom": {"people.time": 1, "people.voice": 4, "data.quality": 2, "strategy.money": 3},
    "erik": {"process.hand_over": 4, "people.skills": 4, "data.conflicts": 2},
    "priya": {"technology.logs": 5, "data.access": 4, "process.baseline": 2},
}  # fmt: skip
_WHY = {
    ("tom", "people.time"): "On Mondays I decide after my shift.",
    ("dana", "data.quality"): "Delivery days are a day old when we read them.",
    ("maya", "people.trust"): "The desk asked for the voice workflow itself.",
}


def assess_departments(company: Company, *, now: datetime) -> None:
    """Close customer care twice with its priorities, leave IT half answered, set the gate."""
    care = ("maya", "dana", "tom", "erik", "priya")
    first = now - timedelta(days=38)
    with in_history(first):
        _round(company, CARE, care, _BEFORE, first)
        _first_priorities(company, first)
    with in_history(now - timedelta(days=2, hours=2)):
        _round(company, CARE, care, _NOW, now - timedelta(days=4))
    choose_priority(
        actor=company.actor("maya"),
        slug=CARE,
        question="people.time",
        text="Set two hours a day aside for deciding, and share Mondays out",
        owner=company.people["erik"],
        due_on=now.date() + timedelta(days=40),
        now=now,
    )
    _half_a_round(company, now)
    _a_round_to_close(company, now)
    set_gate(
        actor=SYSTEM,
        is_on=True,
        minimum=Decimal("2.5"),
        valid_days=180,
        reason="Agreed in the first quarterly review: nothing new goes live unprepared.",
        now=now - timedelta(days=3),
    )


def _round(
    company: Company,
    slug: str,
    names: tuple[str, ...],
    levels: Mapping[str, int],
    at: datetime,
) -> None:
    people = [company.people[name] for name in names]
    open_assessment(actor=company.actor("maya"), slug=slug, people=people, now=at)
    for name in names:
        _answer(company, slug, name, levels, at)
        submit_answers(actor=company.actor(name), slug=slug, now=at)
    close_assessment(
        actor=company.actor("maya"), slug=slug, left_out=(), reason="", now=at
    )


def _answer(
    company: Company,
    slug: str,
    name: str,
    levels: Mapping[str, int],
    at: datetime,
    *,
    count: int = len(QUESTIONS),
) -> None:
    own = _OWN.get(name, {})
    keys = list(QUESTIONS)[:count]
    keep_answers(
        actor=company.actor(name),
        slug=slug,
        levels={key: own.get(key, levels[key.partition(".")[0]]) for key in keys},
        notes={key: _WHY.get((name, key), "") for key in keys},
        now=at,
    )


def _first_priorities(company: Company, at: datetime) -> None:
    """Two of them: one was done in time, the other is overdue."""
    chosen = (
        ("governance.verbs", "Write what the refund agent may do, verb by verb", "maya", 14),
        ("process.baseline", "Put on record how long a refund took before", "priya", 30),
    )  # fmt: skip
    made = [
        choose_priority(
            actor=company.actor("maya"),
            slug=CARE,
            question=question,
            text=text,
            owner=company.people[owner],
            due_on=at.date() + timedelta(days=days),
            now=at,
        )
        for question, text, owner, days in chosen
    ]
    end_priority(
        actor=company.actor("maya"),
        slug=CARE,
        priority_id=made[0].id,
        how="DONE",
        words="Version 1 of refund management is signed by three people.",
        now=at + timedelta(days=9),
    )


def _half_a_round(company: Company, now: datetime) -> None:
    """IT is asked: one has submitted, one is half-way, two have not begun."""
    at = now - timedelta(days=1)
    name_head(
        actor=SYSTEM, department=company.departments[IT], person=company.people["aiko"]
    )
    names = ("aiko", "ilan", "jonas", "samir")
    people = [company.people[name] for name in names]
    open_assessment(actor=company.actor("aiko"), slug=IT, people=people, now=at)
    _answer(company, IT, "ilan", _IT, at)
    submit_answers(actor=company.actor("ilan"), slug=IT, now=at)
    _answer(company, IT, "jonas", _IT, at, count=13)


def _a_round_to_close(company: Company, now: datetime) -> None:
    """Everybody asked in marketing has submitted; its head is told, and has not closed it."""
    at = now - timedelta(hours=3)
    name_head(
        actor=SYSTEM,
        department=company.departments[MARKETING],
        person=company.people["greta"],
    )
    people = [company.people[name] for name in ("greta", "paul")]
    greta = company.actor("greta")
    open_assessment(actor=greta, slug=MARKETING, people=people, now=at)
    for name in ("greta", "paul"):
        _answer(company, MARKETING, name, _IT, at)
        submit_answers(actor=company.actor(name), slug=MARKETING, now=at)
