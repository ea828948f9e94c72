"""Who reviews a workflow: the names that stand on its page, and the people they make now."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models.functions import Lower

from portal.accounts.models import Department, Person, Team
from registry.models import Position, Reviewer, StandingReviewer, Workflow
from registry.models.workflow import Role

CHOICES_MAX = 500


@dataclass(frozen=True)
class PersonRef:
    """A person as records and pages name them."""

    id: UUID
    name: str
    email: str


@dataclass(frozen=True)
class ReviewedBy:
    """One name under which people review: a person, a team, a position or a role.

    `value` is how a form names it. Without people, nobody reviews by this name now.
    """

    kind: str
    value: str
    name: str
    people: tuple[PersonRef, ...]

    @property
    def is_person(self) -> bool:
        return self.kind == "person"


@dataclass(frozen=True)
class ReviewerChoices:
    """What else may be named, beside people: pairs of a form's value and words."""

    teams: tuple[tuple[str, str], ...]
    positions: tuple[tuple[str, str], ...]
    roles: tuple[tuple[str, str], ...]


def person_ref(person: Person) -> PersonRef:
    return PersonRef(id=person.id, name=person.name, email=person.email)


def reviewed_by(*, workflow_id: UUID) -> tuple[ReviewedBy, ...]:
    """Give each name with whom it makes now; people first, then teams. Two queries.

    A person who is deactivated is not given at all.
    """
    people: dict[UUID, list[PersonRef]] = {}
    standing = StandingReviewer.objects.filter(workflow_id=workflow_id)
    for each in standing.select_related("person").order_by(Lower("person__name")):
        people.setdefault(each.id, []).append(person_ref(each.person))
    rows = Reviewer.objects.filter(workflow_id=workflow_id).select_related(
        "person", "team__department", "position"
    )
    found = []
    for row in rows:
        if row.person is not None:
            if row.person.is_active:
                # Their training may have lapsed: they stand here and decide nothing.
                who = (person_ref(row.person),) if row.id in people else ()
                found.append(
                    ReviewedBy("person", f"{row.person_id}", row.person.name, who)
                )
            continue
        kind, value, name = _named(row)
        found.append(ReviewedBy(kind, value, name, tuple(people.get(row.id, ()))))
    kinds = ("person", "team", "position", "role")
    return tuple(
        sorted(found, key=lambda each: (kinds.index(each.kind), each.name.casefold()))
    )


def assigns_least_loaded(*, workflow_id: UUID) -> bool:
    """Say whether new proposals go to the reviewer with least to do. One query."""
    return Workflow.objects.filter(id=workflow_id, assigns_least_loaded=True).exists()


def reviewer_choices() -> ReviewerChoices:
    """Give the teams, positions and roles that may be named. Two queries."""
    teams = Team.objects.select_related("department").order_by(Lower("name"), "id")
    positions = Position.objects.select_related("department").order_by("name", "id")
    return ReviewerChoices(
        teams=tuple(
            (f"team:{row.id}", _within(row.name, row.department))
            for row in teams[:CHOICES_MAX]
        ),
        positions=tuple(
            (f"position:{row.id}", _within(row.name, row.department))
            for row in positions[:CHOICES_MAX]
        ),
        roles=tuple((f"role:{role.value}", f"The {role.label}") for role in Role),
    )


def _named(row: Reviewer) -> tuple[str, str, str]:
    if row.team is not None:
        return "team", f"team:{row.team_id}", row.team.name
    if row.position is not None:
        return "position", f"position:{row.position_id}", row.position.name
    return "role", f"role:{row.role}", f"The {Role(row.role).label.lower()}"


def _within(name: str, department: Department) -> str:
    return f"{name} ({department.name})"
