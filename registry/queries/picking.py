"""Picking people by name for the five roles, and the drafts somebody may go on with."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Lower

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.core.errors import NotFound
from registry.models import OperatingModelVersion, Workflow
from registry.models.version import VersionState
from registry.models.workflow import Position, Role
from registry.queries.people import (
    SIGNING_ROLES,
    PersonRef,
    RoleHolder,
    WorkflowPeople,
    people_of,
)
from registry.queries.progress import notes_of, progress_of

FOUND_MAX = 8
POSTS_MAX = 4
WORDS_MAX = 5
DRAFTS_MAX = 5

# What each role is asked for, in words of somebody who has never heard of it.
ASKED = {
    Role.BUSINESS_OWNER: (
        "Who answers for the outcome?",
        "The person who decides what success looks like and settles trade-offs. They sign, put it live and may pause it. A person, never “the business”.",
    ),
    Role.IT_OWNER: (
        "Who answers for the systems?",
        "The person in IT who knows the systems the agent works in, and who gives and takes its access. They sign.",
    ),
    Role.RISK_OWNER: (
        "Who judges what may go wrong?",
        "Somebody who is not measured by this workflow's success: risk, compliance or audit. They sign.",
    ),
    Role.AI_PRODUCT_OWNER: (
        "Who looks after the agent?",
        "The person who builds or buys the agent, answers questions about it and helps to write this page.",
    ),
    Role.ESCALATION_OWNER: (
        "Who takes the difficult cases?",
        "The person who decides what reviewers should not, and who starts a stopped run again.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class PersonFound:
    """Somebody who may take the role, or why they may not."""

    id: UUID
    name: str
    detail: str
    hindrance: str


@dataclass(frozen=True)
class PostFound:
    """A position that may hold the role: whoever fills it then has it."""

    id: UUID
    name: str
    detail: str


@dataclass(frozen=True)
class RoleQuestion:
    """One of the five roles as it is asked, with who was found for it."""

    held: RoleHolder
    question: str
    help: str
    position: int
    total: int
    previous: str | None
    following: str | None
    me: PersonFound | None
    found: tuple[PersonFound, ...]
    posts: tuple[PostFound, ...]
    has_more: bool
    search: str
    lines: tuple[RoleHolder, ...]


@dataclass(frozen=True)
class OpenDraft:
    """A first draft that somebody began and may go on with."""

    slug: str
    name: str
    settled: int
    total: int
    changed_at: datetime
    changed_by: str


def role_question(
    *, actor: Actor, workflow_id: UUID, department_id: UUID, role: str, search: str
) -> RoleQuestion:
    """Ask for one role and find people for it. Six queries. Raises NotFound for no such role."""
    if role not in Role.values:
        raise NotFound("There is no such role.")
    people = people_of(workflow_id=workflow_id)
    order = list(Role.values)
    at = order.index(role)
    search = search.strip()[:100]
    rows = list(_matching(search, department_id)[: FOUND_MAX + 1])
    me = Person.objects.filter(id=actor.id).select_related("department").first()
    question, helping = ASKED[Role(role)]
    return RoleQuestion(
        held=people.roles[at],
        question=question,
        help=helping,
        position=at + 1,
        total=len(order),
        previous=order[at - 1] if at else None,
        following=order[at + 1] if at + 1 < len(order) else None,
        me=_found(me, role, people) if me else None,
        found=tuple(_found(row, role, people) for row in rows[:FOUND_MAX]),
        posts=_posts(search),
        has_more=len(rows) > FOUND_MAX,
        search=search,
        lines=people.roles,
    )


def drafts_to_continue(*, actor: Actor) -> tuple[OpenDraft, ...]:
    """Give the first drafts this person registered or holds a role in, the latest first."""
    mine = access.visible(
        Workflow.objects.filter(
            Q(created_by_id=actor.id) | Q(roles__person_id=actor.id)
        ),
        actor=actor,
    )
    rows = (
        OperatingModelVersion.objects.filter(
            state=VersionState.DRAFT, based_on=None, workflow__in=mine.values("id")
        )
        .select_related("workflow", "changed_by")
        .order_by("-changed_at", "-id")[:DRAFTS_MAX]
    )
    found = []
    for row in rows:
        notes = notes_of(version_id=row.id)
        progress = progress_of(row.document, notes, is_first=True)
        found.append(
            OpenDraft(
                slug=row.workflow.slug,
                name=row.workflow.name,
                settled=progress.settled,
                total=progress.total,
                changed_at=row.changed_at,
                changed_by=row.changed_by.name if row.changed_by else "Countersign",
            )
        )
    return tuple(found)


def _matching(search: str, department_id: UUID):
    rows = Person.objects.filter(is_active=True).select_related("department")
    for word in search.split()[:WORDS_MAX]:
        begins = _begins(word)
        rows = rows.filter(
            Q(name__iregex=begins)
            | Q(email__istartswith=word)
            | Q(job_title__iregex=begins)
            | Q(department__name__iregex=begins)
        )
    if not search:
        rows = rows.filter(department_id=department_id)
    return rows.order_by(Lower("name"), "id")


def _posts(search: str) -> tuple[PostFound, ...]:
    if not search:
        return ()
    rows = Position.objects.select_related("holder", "department")
    for word in search.split()[:WORDS_MAX]:
        begins = _begins(word)
        rows = rows.filter(
            Q(name__iregex=begins)
            | Q(department__name__iregex=begins)
            | Q(holder__name__iregex=begins)
        )
    return tuple(
        PostFound(
            id=row.id,
            name=row.name,
            detail=f"Position, filled by {row.holder.name}"
            if row.holder and row.holder.is_active
            else "Position, vacant now",
        )
        for row in rows.order_by(Lower("name"), "id")[:POSTS_MAX]
    )


def _begins(word: str) -> str:
    # A word of the name begins like this: "it" finds IT operations and not the auditor.
    return rf"\m{re.escape(word)}"


def _found(person: Person, role: str, people: WorkflowPeople) -> PersonFound:
    detail = (person.job_title, person.department.name if person.department else "")
    return PersonFound(
        id=person.id,
        name=person.name,
        detail=", ".join(part for part in detail if part),
        hindrance=_hindrance(person, role, people),
    )


def _hindrance(person: Person, role: str, people: WorkflowPeople) -> str:
    if role not in SIGNING_ROLES:
        return ""
    for other in people.roles:
        holder: PersonRef | None = other.person
        if (
            other.role != role
            and other.role in SIGNING_ROLES
            and holder is not None
            and holder.id == person.id
        ):
            return f"signs as {other.label} already; three different people sign"
    return ""
