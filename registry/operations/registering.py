"""Registering a workflow: its row, its roles and the first draft of its page."""

from collections.abc import Mapping
from datetime import datetime

from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from portal.audit.operation import operation
from registry.models import Workflow
from registry.operations.founding import found_workflows, seed_of


@operation(leaves="workflow.registered")
def register_workflow(
    *,
    actor: Actor,
    name: str,
    department: Department,
    slug: str = "",
    document: Mapping | None = None,
    roles: Mapping[str, Person] | None = None,
    now: datetime,
) -> Workflow:
    """Register a workflow with a first draft: blank, or from a template's document.

    The department may read it; whoever registers it may write the draft. Raises Invalid
    for an empty name, Conflict for a slug that is taken.
    """
    seed = seed_of(
        name=name, department=department, document=document, roles=roles, slug=slug
    )
    return found_workflows(actor=actor, seeds=[seed], now=now)[0]
