"""Many workflows in a few statements: rows, vacant roles, first drafts, rights, entries.

Registering one workflow and importing five thousand both come here, so what they leave
is the same.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import Any

from django.db.models import Max
from django.utils.text import slugify

from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from portal.audit.operation import record, step
from portal.core.errors import Conflict, Invalid
from portal.core.locks import Scope, lock_exclusive
from registry.models import OperatingModelVersion, RoleHolding, Workflow
from registry.models.workflow import Role
from registry.operations.guards import person_id
from registry.operations.reading import plain, readable
from registry.operations.rights import give_first_rights, open_to_departments
from registry.queries.people import SIGNING_ROLES
from registry.rules.document import empty_document

REGISTERING = Scope(9, 20)
SLUG_LENGTH_MAX = 60
NAME_LENGTH_MAX = 120
BATCH_SIZE = 250
_SUFFIX_ROOM = 6
# Addresses under /workflows/ that are pages of their own.
RESERVED_SLUGS = frozenset({"new", "import", "export", "who-may", "heat-map", "views"})


@dataclass(frozen=True)
class Seed:
    """A workflow to be: its checked page, and who holds which of its roles."""

    name: str
    department: Department
    page: Mapping[str, Any]
    roles: Mapping[str, Person] = field(default_factory=dict)
    slug: str = ""


def seed_of(
    *,
    name: str,
    department: Department,
    document: Mapping | None = None,
    roles: Mapping[str, Person] | None = None,
    slug: str = "",
) -> Seed:
    """Check what a workflow would begin with. Raises Invalid. No query."""
    name = name.strip()
    if not name or len(name) > NAME_LENGTH_MAX:
        raise Invalid({"name": f"Give a name of at most {NAME_LENGTH_MAX} characters."})
    if slug and (slugify(slug) != slug or len(slug) > SLUG_LENGTH_MAX):
        raise Invalid({"slug": "Use small letters, digits and hyphens."})
    _check_roles(roles or {})
    blank = empty_document(workflow="x", name=name, department=department.slug)
    page = plain(
        {
            **blank,
            **(document or {}),
            "workflow": slug or "x",
            "name": name,
            "department": department.slug,
        }
    )
    readable(page)
    return Seed(name, department, page, roles or {}, slug)


@step
def found_workflows(
    *,
    actor: Actor,
    seeds: Sequence[Seed],
    now: datetime,
    told: Callable[[int], None] | None = None,
) -> list[Workflow]:
    """Register every seed with a first draft, in a few statements for each 250.

    The departments may read them; whoever registers them may write the drafts. Raises
    Conflict for an address that is taken. `told` hears how many are done.
    """
    lock_exclusive(REGISTERING)
    slugs = _free_slugs(seeds)
    highest = Workflow.everything.aggregate(highest=Max("lock_number"))["highest"] or 0
    made: list[Workflow] = []
    for part in batched(zip(seeds, slugs, strict=True), BATCH_SIZE):
        first = highest + len(made) + 1
        made += _found_part(part, first, actor=actor, now=now)
        if told is not None:
            told(len(made))
    return made


def _found_part(
    part: Iterable[tuple[Seed, str]], first: int, *, actor: Actor, now: datetime
) -> list[Workflow]:
    maker = person_id(actor)
    seeds = [seed for seed, _ in part]
    workflows = Workflow.objects.bulk_create(
        Workflow(
            slug=slug,
            name=seed.name,
            purpose=seed.page["purpose"],
            department=seed.department,
            template=seed.page["template"],
            phase=seed.page["phase"],
            risk=seed.page["risk"],
            currency=seed.page["currency"],
            lock_number=number,
            created_by_id=maker,
            created_at=now,
        )
        for number, (seed, slug) in enumerate(part, start=first)
    )
    OperatingModelVersion.objects.bulk_create(
        OperatingModelVersion(
            workflow=workflow,
            number=1,
            document={**seed.page, "workflow": workflow.slug},
            created_by_id=maker,
            created_at=now,
            changed_by_id=maker,
            changed_at=now,
        )
        for workflow, seed in zip(workflows, seeds, strict=True)
    )
    RoleHolding.objects.bulk_create(
        RoleHolding(
            workflow=workflow, role=role, person=seed.roles.get(role), since=now
        )
        for workflow, seed in zip(workflows, seeds, strict=True)
        for role in Role
    )
    open_to_departments(workflows=workflows)
    give_first_rights(
        workflows=workflows,
        holders=[
            {role: person.id for role, person in seed.roles.items()} for seed in seeds
        ],
    )
    for workflow, seed in zip(workflows, seeds, strict=True):
        _record(workflow, seed, actor=actor)
    return workflows


def _record(workflow: Workflow, seed: Seed, *, actor: Actor) -> None:
    for role, person in seed.roles.items():
        record(
            "workflow.role_assigned",
            actor=actor,
            subject=("workflow", workflow.id),
            workflow_id=workflow.id,
            workflow=workflow.name,
            person=person.name,
            role=Role(role).label,
        )
    record(
        "workflow.registered",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        department=seed.department.name,
        template=seed.page["template"],
    )


def _check_roles(roles: Mapping[str, Person]) -> None:
    signing: dict[object, str] = {}
    for role, person in roles.items():
        if role not in Role.values:
            raise Invalid({"role": "There is no such role."})
        if not person.is_active:
            raise Invalid({role: f"{person.name} is no longer active."})
        if role not in SIGNING_ROLES:
            continue
        if person.id in signing:
            raise Invalid(
                {
                    role: f"{person.name} is the"
                    f" {Role(signing[person.id]).label.lower()} already;"
                    " three different people sign."
                }
            )
        signing[person.id] = role


def _free_slugs(seeds: Sequence[Seed]) -> list[str]:
    """Give each seed an address that nobody has; asked-for ones are given or refused."""
    taken = _taken([seed.slug or _stem(seed.name) for seed in seeds])
    found = []
    for seed in seeds:
        if seed.slug:
            if seed.slug in taken:
                raise Conflict(
                    "workflow.exists", f"There is a workflow {seed.slug} already."
                )
            free = seed.slug
        else:
            free = _next_free(_stem(seed.name), taken)
        taken.add(free)
        found.append(free)
    return found


def _taken(stems: Sequence[str]) -> set[str]:
    rows = Workflow.everything.values_list("slug", flat=True)
    if len(stems) == 1:
        rows = rows.filter(slug__regex=rf"^{re.escape(stems[0])}(-[0-9]+)?$")
    return {*rows, *RESERVED_SLUGS}


def _next_free(stem: str, taken: set[str]) -> str:
    if stem not in taken:
        return stem
    number = 2
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def _stem(name: str) -> str:
    stem = slugify(name)[: SLUG_LENGTH_MAX - _SUFFIX_ROOM].strip("-_")
    return stem or "workflow"
