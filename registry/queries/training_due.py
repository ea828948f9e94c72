"""Whom to remind of training: whose ends soon, and whose has lapsed, each once."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from portal.accounts.models import Person
from portal.core.clock import database_now
from registry.models import RoleHolding, TrainingReminder
from registry.queries.training import (
    NAMED_REVIEWERS,
    done_by_person,
    needs_by_duty,
)
from registry.queries.training_pages import duties_held
from registry.rules.training import reminder_due, standing_of

_REVIEWED_BY = (
    f"SELECT named.workflow_id FROM ({NAMED_REVIEWERS}) named"  # noqa: S608 - fixed text
    " JOIN registry_workflow w ON w.id = named.workflow_id"
    " WHERE named.person_id = %s AND w.live_version_id IS NOT NULL"
)


@dataclass(frozen=True)
class DueReminder:
    """One reminder that nobody has had: who, of which duty, and the last day it counts."""

    person_id: UUID
    duty: str
    stage: str
    until: date


def due_reminders() -> list[DueReminder]:
    """Give every reminder that is due and was not told. Six queries, two without needs."""
    needs = needs_by_duty()
    held = {
        person: [duty for duty in duties if duty in needs]
        for person, duties in duties_held().items()
    }
    active = Person.objects.filter(is_active=True, id__in=held)
    people = set(active.values_list("id", flat=True)) if needs else set()
    done = done_by_person(people) if people else {}
    today = database_now().date()
    found = [
        DueReminder(person, duty, stage, standing.until)
        for person in sorted(people)
        for duty in held[person]
        if (standing := standing_of(needs[duty], done.get(person, ()), today))
        and (stage := reminder_due(standing, today))
        and standing.until
    ]
    told = set(
        TrainingReminder.objects.filter(
            person__in={each.person_id for each in found}
        ).values_list("person_id", "duty", "stage", "until")
    )
    return [
        each
        for each in found
        if (each.person_id, each.duty, each.stage, each.until) not in told
    ]


def workflows_reviewed_by(person_id: UUID) -> frozenset[UUID]:
    """Give the live workflows that name this person as a reviewer, by whatever name."""
    with connection.cursor() as cursor:
        cursor.execute(_REVIEWED_BY, [person_id])
        return frozenset(workflow for (workflow,) in cursor.fetchall())


def workflows_held_by(person_id: UUID, role: str) -> dict[UUID, frozenset[UUID]]:
    """Give the live workflows that stand still without this holder, and who else to tell."""
    mine = RoleHolding.objects.filter(
        person=person_id, role=role, workflow__live_version__isnull=False
    ).values_list("workflow_id", flat=True)
    found: dict[UUID, set[UUID]] = {each: set() for each in mine}
    others = RoleHolding.objects.filter(
        workflow__in=found, person__is_active=True
    ).exclude(person=person_id)
    for workflow_id, other in others.values_list("workflow_id", "person_id"):
        found[workflow_id].add(other)
    return {key: frozenset(people) for key, people in found.items()}
