"""Telling those who answer for workflows that something they use is approved no more."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell
from portal.audit.operation import step
from registry.models import AiModel, System, Workflow
from registry.models.workflow import Role
from registry.operations.guards import person_id
from registry.queries.approved import model_to_retire, system_to_retire
from registry.queries.people import role_holder_ids

_TOLD = (Role.BUSINESS_OWNER, Role.IT_OWNER, Role.AI_PRODUCT_OWNER)


@step
def tell_users_of(thing: System | AiModel, *, actor: Actor, now: datetime) -> None:
    """Tell the owners of each live workflow that uses it. Two queries a workflow.

    One notice for each workflow, however many of its roles somebody holds; whoever took
    the approval back is not told.
    """
    found = (
        system_to_retire(system_id=thing.id)
        if isinstance(thing, System)
        else model_to_retire(model_id=thing.id)
    )
    slugs = [slug for slug, _ in found.uses] if found else []
    tell_owners(_ids_of(slugs), thing.name, actor=actor, now=now)


@step
def tell_owners(
    workflow_ids: Iterable[UUID], name: str, *, actor: Actor, now: datetime
) -> None:
    """Tell the owners of workflows that what they use is approved no more."""
    for workflow_id in workflow_ids:
        people = role_holder_ids(workflow_id, *(role.value for role in _TOLD))
        if people:
            tell(
                kind="use_refused",
                subject=("workflow", workflow_id),
                workflow_id=workflow_id,
                people=people,
                by=name,
                by_id=person_id(actor),
                at=now,
            )


def _ids_of(slugs: Iterable[str]) -> tuple[UUID, ...]:
    rows = Workflow.objects.filter(slug__in=list(slugs)).order_by("name", "id")
    return tuple(rows.values_list("id", flat=True))
