"""Teams: added, joined and left, by administrators and by the head of the department.

A team may review workflows, so who is in it decides there. Nobody puts themselves into a
team (decision 0013), and every workflow that follows is told in its own journal.
"""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet

from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person, Team, TeamMember
from portal.accounts.queries import must_administrate
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.ids import new_id
from portal.core.locks import lock_exclusive, workflow_scope
from registry.models import Workflow
from registry.operations.evidence import reviewers_changed
from registry.queries.rights import holders_of, holds
from registry.rules.rulebook import Level

NAME_LENGTH_MAX = 120
MEMBERS_MAX = 200
TEAMS_MAX = 1000


@operation(leaves="team.added")
def add_team(*, actor: Actor, name: str, department: Department, now: datetime) -> Team:
    """Add an empty team to a department. Raises AlreadyDone for a name that is there."""
    name = " ".join(name.split())
    must_look_after(actor, department)
    if not name or len(name) > NAME_LENGTH_MAX or "\x00" in name:
        raise Invalid({"name": f"Name the team, in at most {NAME_LENGTH_MAX} letters."})
    if Team.objects.filter(name__iexact=name, department=department).exists():
        raise AlreadyDone("team.same", f"{department.name} has a team {name} already.")
    if Team.objects.count() >= TEAMS_MAX:
        raise Conflict("teams.many", f"At most {TEAMS_MAX} teams are kept.")
    team_id = new_id()
    team = Team.objects.create(
        id=team_id,
        name=name,
        department=department,
        group=Group.objects.create(name=f"team:{team_id}"),
        created_at=now,
    )
    record(
        "team.added",
        actor=actor,
        subject=("team", team.id),
        team=name,
        department=department.name,
    )
    return team


@operation(leaves="team.joined")
def join_team(*, actor: Actor, team_id: UUID, person: Person, now: datetime) -> None:
    """Put somebody into a team: they see and decide what it reviews from now on.

    Raises Forbidden for oneself, whoever one is.
    """
    team = _locked(team_id)
    must_look_after(actor, team.department, team)
    if person.id == actor.id:
        raise Forbidden(
            "Nobody puts themselves into a team, because a team may decide. Ask somebody"
            f" else who looks after the teams of {team.department.name}.",
            code="team.yourself",
            who_can_help=who_looks_after(team.department, but=actor.id),
        )
    if not person.is_active:
        raise Invalid({"person": f"{person.name} is no longer active."})
    if team.members.count() >= MEMBERS_MAX:
        raise Conflict("team.many", f"At most {MEMBERS_MAX} people are in a team.")
    _, is_new = TeamMember.objects.get_or_create(
        team=team, person=person, defaults={"since": now}
    )
    if not is_new:
        raise AlreadyDone("team.same", f"{person.name} is in {team.name} already.")
    person.groups.add(team.group)
    record(
        "team.joined",
        actor=actor,
        subject=("team", team.id),
        team=team.name,
        person=person.name,
    )
    _tell(_reviewed_by(team), f"{person.name} joined {team.name}", actor, now)


@operation(leaves="team.left")
def leave_team(*, actor: Actor, team_id: UUID, person: Person, now: datetime) -> None:
    """Take somebody out of a team; waits for the rulings in flight where it reviews.

    One may leave a team oneself.
    """
    team = _locked(team_id)
    if person.id != actor.id:
        must_look_after(actor, team.department, team)
    workflows = list(_reviewed_by(team))
    for workflow in workflows:
        lock_exclusive(workflow_scope(workflow.lock_number))
    removed, _ = TeamMember.objects.filter(team=team, person=person).delete()
    if not removed:
        raise AlreadyDone("team.none", f"{person.name} is not in {team.name}.")
    person.groups.remove(team.group)
    record(
        "team.left",
        actor=actor,
        subject=("team", team.id),
        team=team.name,
        person=person.name,
    )
    _tell(workflows, f"{person.name} left {team.name}", actor, now)


@operation(leaves="department.head_named")
def name_head(*, actor: Actor, department: Department, person: Person) -> None:
    """Let a person look after a department's teams. Administrators only."""
    if not actor.is_system:
        must_administrate(actor)
    if not person.is_active:
        raise Invalid({"person": f"{person.name} is no longer active."})
    if department.head_id == person.id:
        raise AlreadyDone("head.same", f"{person.name} does so already.")
    department.head = person
    department.save(update_fields=("head",))
    record(
        "department.head_named",
        actor=actor,
        subject=("department", department.id),
        department=department.name,
        person=person.name,
    )


def must_look_after(
    actor: Actor, department: Department, team: Team | None = None
) -> None:
    """Raise Forbidden, naming who can help, for whoever does not name its members."""
    level = Level.DEPARTMENT if team is None else Level.TEAM
    place = {"department_id": department.id, "team_id": team.id if team else None}
    if holds(actor, "name_team_members", level, **place):
        return
    named = holders_of("name_team_members", level, **place)
    raise Forbidden(
        f"You do not look after the teams of {department.name}.",
        code="team.not_yours",
        who_can_help=named.words if named.people else who_looks_after(department),
    )


def who_looks_after(department: Department, *, but: UUID | None = None) -> str:
    """Name who else can change a department's teams. No query when its head is read."""
    head = department.head
    if head is not None and head.is_active and head.id != but:
        return f"{head.name}, who heads {department.name}, or an administrator"
    return "An administrator"


def _reviewed_by(team: Team) -> QuerySet[Workflow]:
    """Give the workflows that a team reviews, in the order of their locks."""
    return Workflow.everything.filter(Q(reviewers__team=team)).order_by("lock_number")


@step
def _tell(workflows, what: str, actor: Actor, now: datetime) -> None:
    for workflow in workflows:
        record(
            "workflow.reviewers_changed",
            actor=actor,
            subject=("workflow", workflow.id),
            workflow_id=workflow.id,
            workflow=workflow.name,
            what=what,
        )
        reviewers_changed(workflow_id=workflow.id, actor=actor, now=now)


def _locked(team_id: UUID) -> Team:
    team = (
        Team.objects.select_for_update(no_key=True, of=("self",))
        .select_related("department__head", "group")
        .filter(id=team_id)
        .first()
    )
    if team is None:
        raise NotFound("There is no such team.")
    return team
