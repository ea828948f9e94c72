"""Telling those who answer for workflows that something they use is approved no more."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell, tell_of_workflows
from portal.audit.operation import step
from registry.models import AgentAssignment, AiModel, System, Workflow
from registry.models.workflow import Role
from registry.operations.guards import person_id
from registry.queries.approved import model_to_retire, system_to_retire
from registry.queries.people import role_holders_by_workflow

_TOLD = (Role.BUSINESS_OWNER, Role.IT_OWNER, Role.AI_PRODUCT_OWNER)

type Owners = Mapping[UUID, Collection[UUID]]


def owners_using(thing: System | AiModel) -> Owners:
    """Give the owners of each live workflow that uses it. Four queries, for a lock's front."""
    found = (
        system_to_retire(system_id=thing.id)
        if isinstance(thing, System)
        else model_to_retire(model_id=thing.id)
    )
    slugs = [slug for slug, _ in found.uses] if found else []
    rows = Workflow.objects.filter(slug__in=slugs).order_by("name", "id")
    return owners_of(rows.values_list("id", flat=True))


def owners_of(workflow_ids: Collection[UUID]) -> Owners:
    """Give who is told of each of these workflows, in their order. One query."""
    held = role_holders_by_workflow(workflow_ids, *(role.value for role in _TOLD))
    return {each: held[each] for each in workflow_ids if each in held}


def owners_left_out(slug: str, name: str, *, is_approved: bool) -> Mapping[str, Owners]:
    """Give by AI model the owners of live workflows that a list begun with this one shuts out.

    Nothing where a list is kept already. Two queries, and one more for each model.
    """
    if AiModel.objects.exists():
        return {}
    on_it = Q(agent__model_name__iexact=slug) | Q(agent__model_name__iexact=name)
    serving = AgentAssignment.objects.exclude(
        Q(workflow__live_version=None) | Q(agent__model_name="")
    )
    found: dict[str, list[UUID]] = {}
    for model, workflow_id in (
        (serving.exclude(on_it) if is_approved else serving)
        .order_by("agent__model_name", "workflow__name", "workflow_id")
        .values_list("agent__model_name", "workflow_id")
        .distinct()
    ):
        found.setdefault(model, []).append(workflow_id)
    return {model: owners_of(ids) for model, ids in found.items()}


@step
def tell_who_owns(thing: System | AiModel, *, actor: Actor, now: datetime) -> None:
    """Tell whoever owns a system or an AI model that it is approved no more. No query."""
    if thing.owner_id is None:
        return
    is_model = isinstance(thing, AiModel)
    tell(
        kind="owned_refused",
        subject=("ai_model" if is_model else "system", thing.id),
        at=now,
        href=reverse("models" if is_model else "systems"),
        people=(thing.owner_id,),
        by=actor.name,
        by_id=person_id(actor),
    )


@step
def tell_owners(owners: Owners, name: str, *, actor: Actor, now: datetime) -> None:
    """Tell the owners of workflows that what they use is approved no more. One query.

    One notice for each workflow, however many of its roles somebody holds; whoever took
    the approval back is not told.
    """
    tell_of_workflows(
        kind="use_refused", people=owners, by=name, by_id=person_id(actor), at=now
    )
