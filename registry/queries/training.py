"""Whether a person is trained for a duty today, as the database itself says it."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Func

from portal.core.clock import database_now
from registry.models import TrainingCompletion, TrainingRequirement
from registry.models.training import MONTHS_VALID_MAX, Duty, TrainingTier
from registry.rules.training import Done, Need, TrainingStanding, standing_of

REVIEWER = Duty.REVIEWER.value
DUTIES, TIERS = Duty.choices, TrainingTier.choices
MONTHS_MAX = MONTHS_VALID_MAX
_LAPSED = (
    "SELECT duty FROM unnest(%s::text[]) duty WHERE NOT registry_is_trained(%s, duty)"
)
# Who is named as a reviewer, trained or not; who counts is `registry_standing_reviewer`.
NAMED_REVIEWERS = """
SELECT workflow_id, person_id FROM registry_reviewer WHERE person_id IS NOT NULL
 UNION
SELECT r.workflow_id, m.person_id
  FROM registry_reviewer r JOIN accounts_teammember m ON m.team_id = r.team_id
 UNION
SELECT r.workflow_id, q.holder_id
  FROM registry_reviewer r JOIN registry_position q ON q.id = r.position_id
 WHERE q.holder_id IS NOT NULL
 UNION
SELECT r.workflow_id, h.person_id
  FROM registry_reviewer r
  JOIN registry_roleholding h ON h.workflow_id = r.workflow_id AND h.role = r.role
 WHERE r.role <> '' AND h.person_id IS NOT NULL
"""
_REVIEWERS_OF = (
    f"SELECT person_id FROM ({NAMED_REVIEWERS}) named WHERE workflow_id = %s"  # noqa: S608 - fixed text
)
_UNTRAINED_SIGNERS = """
SELECT h.workflow_id, h.role FROM registry_roleholding h
  JOIN registry_operatingmodelversion v
    ON v.workflow_id = h.workflow_id AND v.state = 'SUBMITTED'
 WHERE h.person_id IS NOT NULL
   AND (%(people)s::uuid[] IS NULL OR h.person_id = ANY(%(people)s::uuid[]))
   AND NOT registry_is_trained(h.person_id, h.role)
"""


def reviewers_named(*, workflow_id: UUID) -> frozenset[UUID]:
    """Give everybody who is named as a reviewer, by whatever name. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_REVIEWERS_OF, [workflow_id])
        return frozenset(person for (person,) in cursor.fetchall())


def untrained_signers(
    *, person_ids: Sequence[UUID] | None = None
) -> frozenset[tuple[UUID, str]]:
    """Name the roles, of workflows with a packet up for signature, whose holder is not trained.

    Each is the workflow and the role; of these people only, if they are named. One query.
    """
    people = None if person_ids is None else list(person_ids)
    with connection.cursor() as cursor:
        cursor.execute(_UNTRAINED_SIGNERS, {"people": people})
        return frozenset(cursor.fetchall())


class IsTrained(Func):
    """`IsTrained("person", "duty")` inside a queryset: the same function once more."""

    function = "registry_is_trained"
    output_field = BooleanField()


def lapsed_duties(person_id: UUID) -> frozenset[str]:
    """Give the duties that this person is not trained for today. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_LAPSED, [list(Duty.values), person_id])
        return frozenset(duty for (duty,) in cursor.fetchall())


def is_trained(*, person_id: UUID, duty: str) -> bool:
    """Say whether this person may do this duty today, as far as training goes. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT registry_is_trained(%s, %s)", [person_id, duty])
        return cursor.fetchone()[0]


def training_by(
    pairs: Collection[tuple[UUID, str]],
) -> dict[tuple[UUID, str], TrainingStanding]:
    """Say where each person stands for each duty named with them, in words. Three queries.

    One query when nothing is required.
    """
    needs = needs_by_duty()
    wanted = {person for person, duty in pairs if needs.get(duty)}
    done = done_by_person(wanted) if wanted else {}
    today = database_now().date() if wanted else date.min
    return {
        (person, duty): standing_of(needs.get(duty, ()), done.get(person, ()), today)
        for person, duty in pairs
    }


def needs_by_duty() -> dict[str, tuple[Need, ...]]:
    """Give what each duty needs, those that need something only. One query."""
    found: dict[str, list[Need]] = {}
    rows = TrainingRequirement.objects.select_related("course").order_by(
        "tier", "course__name"
    )
    for row in rows:
        need = (
            Need(row.course.name, course_id=row.course_id)
            if row.course
            else Need(row.get_tier_display(), tier=row.tier)
        )
        found.setdefault(row.duty, []).append(need)
    return {duty: tuple(needs) for duty, needs in found.items()}


def done_by_person(people: Collection[UUID]) -> dict[UUID, list[Done]]:
    """Give what each of these people has done that was not withdrawn. One query."""
    found: dict[UUID, list[Done]] = {}
    rows = TrainingCompletion.objects.filter(
        person_id__in=people, withdrawn_at=None
    ).values_list("person_id", "course_id", "course__tier", "expires_on")
    for person, course, tier, expires_on in rows:
        found.setdefault(person, []).append(Done(course, tier, expires_on))
    return found
