"""Who else may pause: people named beside the holders of roles, who may by default."""

from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from registry.models import Pauser, Workflow
from registry.models.workflow import Role
from registry.operations.guards import holder_of, who_can_help, workflow_for
from registry.operations.rights import sync_rights

PAUSERS_MAX = 50


@operation(leaves="workflow.pauser_added")
def add_pauser(
    *, actor: Actor, workflow_id: UUID, person: Person, now: datetime
) -> None:
    """Let a person pause and resume this workflow. Its business owner decides that."""
    workflow = _for_owner(actor, workflow_id)
    if not person.is_active:
        raise Invalid({"person": f"{person.name} is no longer active."})
    if workflow.pausers.count() >= PAUSERS_MAX:
        raise Conflict("pausers.many", f"At most {PAUSERS_MAX} people.")
    _, is_new = Pauser.objects.get_or_create(
        workflow=workflow, person=person, defaults={"since": now}
    )
    if not is_new:
        raise AlreadyDone("pauser.same", f"{person.name} may pause it already.")
    sync_rights(workflow_id=workflow.id, person_id=person.id)
    record(
        "workflow.pauser_added",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        person=person.name,
    )


@operation(leaves="workflow.pauser_removed")
def remove_pauser(
    *, actor: Actor, workflow_id: UUID, person: Person, now: datetime
) -> None:
    """Take the right to pause from a person who was named for it."""
    workflow = _for_owner(actor, workflow_id)
    removed, _ = Pauser.objects.filter(workflow=workflow, person=person).delete()
    if not removed:
        raise AlreadyDone("pauser.none", f"{person.name} was not named for it.")
    sync_rights(workflow_id=workflow.id, person_id=person.id)
    record(
        "workflow.pauser_removed",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        person=person.name,
    )


def _for_owner(actor: Actor, workflow_id: UUID) -> Workflow:
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    owner = holder_of(workflow.id, Role.BUSINESS_OWNER)
    is_owner = owner is not None and owner.person_id == actor.id
    if actor.is_system or is_owner or access.holds_everywhere(actor, access.EDIT):
        return workflow
    raise Forbidden(
        f"The business owner of {workflow.name} says who else may pause it.",
        who_can_help=who_can_help(workflow.id, Role.BUSINESS_OWNER),
    )
