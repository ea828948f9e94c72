"""Teams as their page shows them: who is in each, what it reviews, and who may change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models.functions import Lower

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department, Team, TeamMember
from portal.accounts.queries import is_administrator
from registry.models import Reviewer
from registry.queries.reviewing import PersonRef, person_ref
from registry.queries.rights import in_force, nearest
from registry.rules.rights import Fallback
from registry.rules.rulebook import Level

TEAMS_SHOWN_MAX = 200


@dataclass(frozen=True)
class TeamShown:
    id: UUID
    name: str
    department: str
    members: tuple[PersonRef, ...]
    reviews: tuple[tuple[str, str], ...]
    may_change: bool


@dataclass(frozen=True)
class DepartmentShown:
    id: UUID
    name: str
    head: str
    may_change: bool


@dataclass(frozen=True)
class TeamsPage:
    teams: tuple[TeamShown, ...]
    departments: tuple[DepartmentShown, ...]
    may_administer: bool

    @property
    def may_add_to(self) -> tuple[DepartmentShown, ...]:
        return tuple(each for each in self.departments if each.may_change)


def teams_page(*, actor: Actor) -> TeamsPage:
    """Give every team by department and name. Seven queries, however many teams.

    Only those of the workflows it reviews are named that this person may see.
    """
    is_admin = is_administrator(actor)
    teams = list(
        Team.objects.select_related("department").order_by(
            Lower("department__name"), Lower("name"), "id"
        )[:TEAMS_SHOWN_MAX]
    )
    members = _members([each.id for each in teams])
    reviews = _reviews(actor, [each.id for each in teams])
    departments = tuple(
        Department.objects.select_related("head").order_by("name", "id")
    )
    shown = tuple(
        DepartmentShown(
            id=each.id,
            name=each.name,
            head=each.head.name if each.head and each.head.is_active else "",
            may_change=is_admin or each.head_id == actor.id,
        )
        for each in departments
    )
    rights = tuple(in_force().filter(kind="name_team_members"))

    def may_change(team: Team) -> bool:
        here = [
            right
            for right in rights
            if right.team_id == team.id
            or (right.team_id is None and right.department_id == team.department_id)
        ]
        named = nearest(here, Level.TEAM, Fallback.HEAD).people
        if named:
            return any(each.id == actor.id for each in named)
        heads = {each.id for each in departments if each.head_id == actor.id}
        return is_admin or team.department_id in heads

    return TeamsPage(
        teams=tuple(
            TeamShown(
                id=each.id,
                name=each.name,
                department=each.department.name,
                members=tuple(members.get(each.id, ())),
                reviews=tuple(reviews.get(each.id, ())),
                may_change=may_change(each),
            )
            for each in teams
        ),
        departments=shown,
        may_administer=is_admin,
    )


def _members(ids: list[UUID]) -> Mapping[UUID, list[PersonRef]]:
    found: dict[UUID, list[PersonRef]] = {}
    rows = TeamMember.objects.filter(team__in=ids, person__is_active=True)
    for row in rows.select_related("person").order_by(Lower("person__name"), "id"):
        found.setdefault(row.team_id, []).append(person_ref(row.person))
    return found


def _reviews(actor: Actor, ids: list[UUID]) -> Mapping[UUID, list[tuple[str, str]]]:
    found: dict[UUID, list[tuple[str, str]]] = {}
    rows = access.visible(
        Reviewer.objects.filter(team__in=ids, workflow__withdrawn_at=None),
        actor=actor,
        workflow_path="workflow_id",
    )
    for team_id, slug, name in rows.order_by("workflow__name").values_list(
        "team_id", "workflow__slug", "workflow__name"
    ):
        found.setdefault(team_id, []).append((slug, name))
    return found
