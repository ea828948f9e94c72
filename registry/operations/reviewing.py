"""Who decides a workflow's proposals: named as a person, a team, a position or a role.

What takes somebody away waits for the rulings in flight. On a live workflow nobody gives
a vote to themselves: somebody else who may change it does (decision 0013).
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from guardian.models import GroupObjectPermission

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Person, Team
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from portal.core.locks import lock_exclusive, workflow_scope
from registry.models import Position, Reviewer, Workflow
from registry.models.workflow import Role
from registry.operations.evidence import reviewers_changed
from registry.operations.guards import who_can_help, workflow_for
from registry.operations.rights import sync_rights
from registry.queries.training import reviewers_named

REVIEWERS_MAX = 200
_TEAM_RIGHTS = (access.VIEW, access.DECIDE)


@operation(leaves="workflow.reviewer_added")
def add_reviewer(
    *,
    actor: Actor,
    workflow_id: UUID,
    now: datetime,
    person: Person | None = None,
    team: Team | None = None,
    position: Position | None = None,
    role: str = "",
) -> None:
    """Let a person, a team, a position or a role decide this workflow's proposals.

    Exactly one of the four. Raises Forbidden for whoever would so give themselves a vote
    on a live workflow.
    """
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    if person is not None and not person.is_active:
        raise Invalid({"person": f"{person.name} is no longer active."})
    if role and role not in Role.values:
        raise Invalid({"person": "There is no such role."})
    if workflow.reviewers.count() >= REVIEWERS_MAX:
        raise Conflict("reviewers.many", f"At most {REVIEWERS_MAX} reviewers.")
    name = _name_of(person, team, position, role)
    had_a_vote = has_vote(actor, [workflow.id])
    row, is_new = Reviewer.objects.get_or_create(
        workflow=workflow,
        person=person,
        team=team,
        position=position,
        role=role,
        defaults={"since": now},
    )
    if not is_new:
        raise AlreadyDone("reviewer.same", f"{name} reviews it already.")
    if workflow.live_version_id and not had_a_vote:
        refuse_own_vote(actor, [workflow.id])
    _open_to(row)
    record(
        "workflow.reviewer_added",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        person=name,
    )
    reviewers_changed(workflow_id=workflow.id, actor=actor, now=now)


@operation(leaves="workflow.reviewer_removed")
def remove_reviewer(
    *,
    actor: Actor,
    workflow_id: UUID,
    now: datetime,
    person: Person | None = None,
    team: Team | None = None,
    position: Position | None = None,
    role: str = "",
) -> None:
    """Take one off the reviewers; what they decided stays theirs."""
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    lock_exclusive(workflow_scope(workflow.lock_number))
    name = _name_of(person, team, position, role)
    row = Reviewer.objects.filter(
        workflow=workflow, person=person, team=team, position=position, role=role
    ).first()
    if row is None:
        raise AlreadyDone("reviewer.none", f"{name} is not a reviewer.")
    row.delete()
    _close_to(row)
    record(
        "workflow.reviewer_removed",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        person=name,
    )
    reviewers_changed(workflow_id=workflow.id, actor=actor, now=now)


@operation(leaves="workflow.assigning_changed")
def set_assigning(*, actor: Actor, workflow_id: UUID, is_least_loaded: bool) -> None:
    """Say whether a new proposal goes to the reviewer who has least to do."""
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    if workflow.assigns_least_loaded == is_least_loaded:
        raise AlreadyDone("assigning.same", "It is so already.")
    workflow.assigns_least_loaded = is_least_loaded
    workflow.save(update_fields=("assigns_least_loaded",))
    record(
        "workflow.assigning_changed",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        what="go to the reviewer with least to do"
        if is_least_loaded
        else "wait for whoever takes them",
    )


def has_vote(actor: Actor, workflow_ids: Collection[UUID]) -> bool:
    """Say whether this person is named as a reviewer of one of these. A query each.

    Trained or not: a course recorded later must not make good a vote given to oneself.
    """
    return any(actor.id in reviewers_named(workflow_id=each) for each in workflow_ids)


def gains_vote(person_id: UUID, workflow: Workflow, role: str) -> bool:
    """Say whether holding a role would make somebody a reviewer of a live workflow.

    Not whoever reviews it by another name already. At most three queries.
    """
    return (
        workflow.live_version_id is not None
        and workflow.reviewers.filter(role=role).exists()
        and person_id not in reviewers_named(workflow_id=workflow.id)
    )


def own_vote_refused(workflow_id: UUID) -> Forbidden:
    """Give the refusal of a vote given to oneself, with who can help. One query."""
    return Forbidden(
        "This would let you decide its proposals, and on a live workflow nobody gives"
        " that to themselves. Ask somebody else who may change it.",
        code="reviewer.yourself",
        who_can_help=who_can_help(workflow_id, Role.BUSINESS_OWNER),
    )


def refuse_own_vote(actor: Actor, workflow_ids: Collection[UUID]) -> None:
    """Raise Forbidden when this change has made the actor a reviewer. A query each.

    The caller's transaction then leaves nothing behind.
    """
    if actor.is_system:
        return
    for workflow_id in workflow_ids:
        if has_vote(actor, [workflow_id]):
            raise own_vote_refused(workflow_id)


@step
def _open_to(row: Reviewer) -> None:
    """Let whoever a row names see the workflow, for as long as it names them."""
    if row.team is not None:
        content_type = ContentType.objects.get_for_model(Workflow)
        GroupObjectPermission.objects.bulk_create(
            (
                GroupObjectPermission(
                    group_id=row.team.group_id,
                    permission=permission,
                    content_type=content_type,
                    object_pk=str(row.workflow_id),
                )
                for permission in Permission.objects.filter(
                    content_type=content_type, codename__in=_TEAM_RIGHTS
                )
            ),
            ignore_conflicts=True,
        )
        return
    _sync_named(row)


@step
def _close_to(row: Reviewer) -> None:
    if row.team is not None:
        GroupObjectPermission.objects.filter(
            group_id=row.team.group_id, object_pk=str(row.workflow_id)
        ).delete()
        return
    _sync_named(row)


def _sync_named(row: Reviewer) -> None:
    named = row.person_id
    if row.position is not None:
        named = row.position.holder_id
    elif row.role:
        held = row.workflow.roles.filter(role=row.role).first()
        named = held.person_id if held else None
    if named is not None:
        sync_rights(workflow_id=row.workflow_id, person_id=named)


def _name_of(
    person: Person | None, team: Team | None, position: Position | None, role: str
) -> str:
    names = [
        *([person.name] if person else ()),
        *([f"the team {team.name}"] if team else ()),
        *([f"whoever is {position.name}"] if position else ()),
        *([f"the {Role(role).label.lower()}"] if role else ()),
    ]
    if len(names) != 1:
        raise Invalid({"person": "Pick one person, team, position or role."})
    return names[0]


def votes_in(actor: Actor, position: Position) -> frozenset[UUID]:
    """Say which workflows that a position reviews this person reviews now. A query each."""
    rows = Workflow.everything.filter(reviewers__position=position)
    ids = rows.values_list("id", flat=True)
    return frozenset(each for each in ids if has_vote(actor, [each]))


@step
def position_changed(
    position: Position,
    *,
    former_id: UUID | None,
    actor: Actor,
    now: datetime,
    voted_in: Collection[UUID] = (),
) -> None:
    """Let whoever fills a position from now on review what it reviews, and no other.

    Waits for the rulings in flight. Raises Forbidden for a vote given to oneself where
    one had none; `voted_in` names where the actor had one before.
    """
    followed = list(
        Workflow.everything.filter(reviewers__position=position).order_by("lock_number")
    )
    is_own = actor.is_person and position.holder_id == actor.id
    if is_own:
        live = {each.id for each in followed if each.live_version_id}
        refuse_own_vote(actor, live.difference(voted_in))
    for workflow in followed:
        lock_exclusive(workflow_scope(workflow.lock_number))
        for person_id in {former_id, position.holder_id}:
            if person_id is not None:
                sync_rights(workflow_id=workflow.id, person_id=person_id)
        reviewers_changed(workflow_id=workflow.id, actor=actor, now=now)
