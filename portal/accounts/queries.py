"""Who works here: the people, departments and rights that pages show.

Administration of accounts is held through the group of administrators; what the group
may do in workflows is the registry's to say, and deciding is never among it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q
from django.db.models.functions import Lower

from portal.accounts.actors import SYSTEM, Actor
from portal.accounts.models import Agent, Department, Person
from portal.accounts.operations.people import ADMINISTRATORS, AUDITORS, RISK_TEAM
from portal.core.errors import Forbidden, NotFound
from portal.core.pagination import Page, keyset

HELPERS_NAMED_MAX = 3
TEAMS = (ADMINISTRATORS, RISK_TEAM, AUDITORS)
TEAM_MEANINGS = {
    ADMINISTRATORS: "Looks after people, agents and keys; sees and may pause every workflow.",
    RISK_TEAM: "Sees every workflow, signs for risk and runs the weekly review.",
    AUDITORS: "Reads every workflow and the whole journal, and changes nothing.",
}
NAMES_MATCHED_MAX = 200


@dataclass(frozen=True)
class PersonRow:
    """One person, as the list and their own page show them."""

    id: UUID
    name: str
    email: str
    job_title: str
    department: str
    teams: tuple[str, ...]
    is_active: bool
    last_seen_at: datetime | None


@dataclass(frozen=True)
class DepartmentRow:
    id: UUID
    slug: str
    name: str
    people: int
    agents: int


def is_administrator(actor: Actor) -> bool:
    """Say whether a person may change accounts. One query."""
    if not actor.is_person:
        return False
    return (
        Person.objects.filter(id=actor.id, is_active=True)
        .filter(Q(is_superuser=True) | Q(groups__name=ADMINISTRATORS))
        .exists()
    )


def administrator_ids() -> frozenset[UUID]:
    """Give the active people who administrate. One query."""
    rows = Person.objects.filter(is_active=True).filter(
        Q(is_superuser=True) | Q(groups__name=ADMINISTRATORS)
    )
    return frozenset(rows.order_by().values_list("id", flat=True))


def must_administrate(actor: Actor) -> None:
    """Raise Forbidden, naming who can help, unless the actor is an administrator."""
    if not is_administrator(actor):
        raise Forbidden(
            "Only administrators look after people, departments and agents. "
            f"{administrators_sentence()}",
            code="administrators_only",
        )


def administrators_sentence() -> str:
    """Name the administrators one can ask. One query."""
    names = list(
        Person.objects.filter(is_active=True)
        .filter(Q(is_superuser=True) | Q(groups__name=ADMINISTRATORS))
        .order_by(Lower("name"), "id")
        .distinct()
        .values_list("name", flat=True)[:HELPERS_NAMED_MAX]
    )
    if not names:
        return "There is no administrator yet: `manage.py createsuperuser` makes one."
    return f"{' or '.join(names)} can help."


def people_for(
    *, actor: Actor, text: str = "", cursor: str | None = None, only_active: bool = True
) -> Page[PersonRow]:
    """Give one page of people by name. Two queries."""
    rows = Person.objects.annotate(name_lower=Lower("name")).select_related(
        "department"
    )
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(email__icontains=text))
    if only_active:
        rows = rows.filter(is_active=True)
    rows = rows.prefetch_related("groups") if actor.is_person else rows.none()
    page = keyset(rows, order=("name_lower", "id"), cursor=cursor)
    return Page(
        tuple(_row(person) for person in page.items),
        page.next_cursor,
        page.previous_cursor,
    )


def person_of(*, actor: Actor, person_id: UUID) -> PersonRow:
    """Give one person. Raises NotFound."""
    found = (
        Person.objects.filter(id=person_id)
        .select_related("department")
        .prefetch_related("groups")
        .first()
    )
    if found is None or not actor.is_person:
        raise NotFound("There is nobody here.")
    return _row(found)


def departments_for(*, actor: Actor) -> tuple[DepartmentRow, ...]:
    """Give every department with how many people and agents it has. One query."""
    if not actor.is_person:
        return ()
    rows = Department.objects.annotate(
        people_count=Count("people", filter=Q(people__is_active=True), distinct=True),
        agents_count=Count("agents", filter=Q(agents__is_active=True), distinct=True),
    ).order_by("name", "id")
    return tuple(
        DepartmentRow(row.id, row.slug, row.name, row.people_count, row.agents_count)
        for row in rows
    )


def actors_named(text: str) -> tuple[UUID, ...]:
    """Find who could be meant by a name: people, agents, or the portal. Two queries."""
    people = Person.objects.filter(name__icontains=text).values_list("id", flat=True)
    agents = Agent.objects.filter(name__icontains=text).values_list("id", flat=True)
    found = [*people[:NAMES_MATCHED_MAX], *agents[:NAMES_MATCHED_MAX]]
    if text.casefold() in SYSTEM.name.casefold():
        found.append(SYSTEM.id)
    return tuple(found)


def _row(person: Person) -> PersonRow:
    names = {group.name for group in person.groups.all()}
    teams = [team for team in TEAMS if team in names]
    if person.is_superuser and ADMINISTRATORS not in teams:
        teams.insert(0, ADMINISTRATORS)
    return PersonRow(
        id=person.id,
        name=person.name,
        email=person.email,
        job_title=person.job_title,
        department=person.department.name if person.department else "",
        teams=tuple(teams),
        is_active=person.is_active,
        last_seen_at=person.last_login,
    )
