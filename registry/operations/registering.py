"""Registering a workflow: its row, its vacant roles and the first draft of its page."""

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Max
from django.utils.text import slugify

from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from portal.audit.operation import operation, record, step
from portal.core.errors import Conflict, Invalid
from portal.core.locks import Scope, lock_exclusive
from registry.models import OperatingModelVersion, RoleHolding, Workflow
from registry.models.workflow import Role
from registry.operations.guards import person_id
from registry.operations.people import hold_role
from registry.operations.reading import plain, readable
from registry.operations.rights import open_to_department, sync_rights
from registry.rules.document import empty_document

REGISTERING = Scope(9, 20)
SLUG_LENGTH_MAX = 60
NAME_LENGTH_MAX = 120
_SUFFIX_ROOM = 4


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
    name = name.strip()
    if not name or len(name) > NAME_LENGTH_MAX:
        raise Invalid({"name": f"Give a name of at most {NAME_LENGTH_MAX} characters."})
    lock_exclusive(REGISTERING)
    slug = _free_slug(slug, name)

    page = _first_page(document, slug=slug, name=name, department=department.slug)
    workflow = Workflow.objects.create(
        slug=slug,
        name=name,
        purpose=page["purpose"],
        department=department,
        template=page["template"],
        phase=page["phase"],
        risk=page["risk"],
        currency=page["currency"],
        lock_number=_next_lock_number(),
        created_by_id=person_id(actor),
        created_at=now,
    )
    _first_draft(workflow, page, actor=actor, now=now)
    _people(workflow, roles or {}, actor=actor, now=now)

    record(
        "workflow.registered",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=name,
        department=department.name,
        template=page["template"],
    )
    return workflow


@step
def _people(
    workflow: Workflow, roles: Mapping[str, Person], *, actor: Actor, now
) -> None:
    RoleHolding.objects.bulk_create(
        RoleHolding(workflow=workflow, role=role, person=None, since=now)
        for role in Role
    )
    open_to_department(workflow=workflow)
    if actor.is_person:
        sync_rights(workflow_id=workflow.id, person_id=actor.id)
    for role, person in roles.items():
        hold_role(workflow=workflow, role=role, person=person, actor=actor, now=now)


def _first_draft(
    workflow: Workflow, page: Mapping, *, actor: Actor, now: datetime
) -> None:
    maker: UUID | None = person_id(actor)
    OperatingModelVersion.objects.create(
        workflow=workflow,
        number=1,
        document=page,
        created_by_id=maker,
        created_at=now,
        changed_by_id=maker,
        changed_at=now,
    )


def _first_page(
    document: Mapping | None, *, slug: str, name: str, department: str
) -> dict:
    blank = empty_document(workflow=slug, name=name, department=department)
    page = plain(
        {
            **blank,
            **(document or {}),
            "workflow": slug,
            "name": name,
            "department": department,
        }
    )
    readable(page)
    return page


def _next_lock_number() -> int:
    return (Workflow.objects.aggregate(highest=Max("lock_number"))["highest"] or 0) + 1


def _free_slug(slug: str, name: str) -> str:
    if slug:
        if slugify(slug) != slug or len(slug) > SLUG_LENGTH_MAX:
            raise Invalid({"slug": "Use small letters, digits and hyphens."})
        if Workflow.objects.filter(slug=slug).exists():
            raise Conflict("workflow.exists", f"There is a workflow {slug} already.")
        return slug
    stem = slugify(name)[: SLUG_LENGTH_MAX - _SUFFIX_ROOM].strip("-") or "workflow"
    pattern = rf"^{re.escape(stem)}(-[0-9]+)?$"
    taken = set(
        Workflow.objects.filter(slug__regex=pattern).values_list("slug", flat=True)
    )
    if stem not in taken:
        return stem
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(candidate for candidate in numbered if candidate not in taken)
