"""Who may change what, asked inside the operation that changes it.

An outsider is told that there is nothing; an insider without the right is told who
can help. The portal itself (commands, the demo) may do what its caller may.
"""

from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.errors import Forbidden, NotFound
from registry.models import RoleHolding, Workflow
from registry.models.workflow import Role
from registry.queries.standing_people import training_of
from registry.queries.training import is_trained
from registry.rules.training import label_within

_DEEDS = {
    access.EDIT: "change this workflow's rulebook",
    access.PAUSE: "pause or resume this workflow",
}


def person_id(actor: Actor) -> UUID | None:
    """Give the id for a column that names a person; the portal itself is nobody."""
    return actor.id if actor.is_person else None


def workflow_for(actor: Actor, workflow_id: UUID, permission: str) -> Workflow:
    """Give the workflow to somebody who may do this to it. At most five queries.

    Raises NotFound for an outsider and Forbidden for an insider without the right.
    """
    workflow = Workflow.objects.filter(id=workflow_id).first()
    if workflow is None:
        raise NotFound("There is nothing here, or you may not see it.")
    if actor.is_system or access.may(actor, permission, workflow_id):
        return workflow
    if not access.may(actor, access.VIEW, workflow_id):
        raise NotFound("There is nothing here, or you may not see it.")
    raise Forbidden(
        f"You may read {workflow.name}, but you may not {_DEEDS[permission]}.",
        who_can_help=who_can_help(workflow_id, Role.BUSINESS_OWNER),
    )


def holder_of(workflow_id: UUID, role: str) -> RoleHolding | None:
    """Give the role's holding when an active person holds it. One query."""
    return (
        RoleHolding.objects.filter(
            workflow_id=workflow_id, role=role, person__is_active=True
        )
        .select_related("person")
        .first()
    )


def must_hold(actor: Actor, workflow: Workflow, role: str, deed: str) -> None:
    """Raise Forbidden unless this person holds the role now. One query.

    Nobody else does it for them: not an administrator, not the portal itself.
    """
    held = holder_of(workflow.id, role)
    if held is not None and actor.is_person and held.person_id == actor.id:
        return
    label = Role(role).label.lower()
    if not access.may(actor, access.VIEW, workflow.id):
        raise NotFound("There is nothing here, or you may not see it.")
    raise Forbidden(
        f"Only the {label} of {workflow.name} may {deed}.",
        who_can_help=who_can_help(workflow.id, role),
    )


def must_be_trained(actor: Actor, workflow: Workflow, role: str, deed: str) -> None:
    """Raise Forbidden unless this holder of the role is trained for it today.

    One query, and four more for the words.
    """
    if is_trained(person_id=actor.id, duty=role):
        return
    label = label_within(Role(role).label)
    raise Forbidden(
        f"Your training as {label} is not current, so you cannot {deed} for"
        f" {workflow.name}: {training_of(person_id=actor.id, duty=role).text}.",
        code="training.lapsed",
        who_can_help="Do the course; an administrator or the risk team then records it"
        " under Training. Or hand the role to somebody who is trained.",
    )


def who_can_help(workflow_id: UUID, role: str) -> str:
    """Write the sentence that names who can help. One query."""
    held = holder_of(workflow_id, role)
    label = Role(role).label.lower()
    if held is None or held.person is None:
        return f"The role of {label} is vacant; an administrator can fill it."
    return f"{held.person.name} is the {label} and can help."
