"""The registry list: one page of the workflows that a person may see, narrowed and sorted."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, IntegerField, QuerySet, Value, When

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from portal.core.pagination import PAGE_SIZE, PAGE_SIZE_MAX, Page, keyset
from registry.models import OperatingModelVersion, RoleHolding, System, Workflow
from registry.models.version import VersionState
from registry.models.workflow import Role
from registry.queries.narrowing import STATES, Chip, ListFilter, chips_of, narrowed
from registry.queries.people import REQUIRED_ROLES, Choice
from registry.queries.workflows import state_of

COUNTED_MAX = 1_000
OWNERS_MAX = 300


@dataclass(frozen=True)
class WorkflowLine:
    """One line of the registry list."""

    id: UUID
    slug: str
    name: str
    purpose: str
    department: str
    owner: str | None
    vacant: tuple[str, ...]
    state: str
    state_word: str
    phase: int
    risk: str
    live_number: int | None
    open_number: int | None
    open_is_submitted: bool
    is_mine_to_write: bool
    may_pause: bool


@dataclass(frozen=True)
class WorkflowList:
    """One page of lines, how many there are, and what narrows them in words."""

    lines: tuple[WorkflowLine, ...]
    next_cursor: str | None
    previous_cursor: str | None
    count: str
    chips: tuple[Chip, ...]


@dataclass(frozen=True)
class Choices:
    """What the list can be narrowed by."""

    departments: tuple[Choice, ...]
    owners: tuple[Choice, ...]
    systems: tuple[Choice, ...]


def workflows_for(
    *, actor: Actor, asked: ListFilter, cursor: str | None = None
) -> WorkflowList:
    """Give one page of the list. At most eleven queries, whatever the number of workflows.

    Raises Malformed for a cursor that was not made here.
    """
    rows = narrowed(access.visible(Workflow.objects.all(), actor=actor), asked)
    page = _page(rows, asked, cursor)
    return WorkflowList(
        lines=_lines(page.items, actor),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
        count=counted(rows),
        chips=chips_of(asked),
    )


def all_lines(*, actor: Actor, asked: ListFilter) -> Iterator[WorkflowLine]:
    """Give every line of the list, page after page: rights are read anew for each.

    Seven queries for every two hundred lines. A change meanwhile may show in later ones.
    """
    cursor, is_first = None, True
    while cursor or is_first:
        rows = narrowed(access.visible(Workflow.objects.all(), actor=actor), asked)
        page = _page(rows, asked, cursor, size=PAGE_SIZE_MAX)
        yield from _lines(page.items, actor)
        cursor, is_first = page.next_cursor, False


def workflow_count(*, actor: Actor, asked: ListFilter) -> int:
    """Count the lines of the list exactly, for a file that is to be written."""
    rows = narrowed(access.visible(Workflow.objects.all(), actor=actor), asked)
    return rows.order_by().count()


def choices_for(*, actor: Actor) -> Choices:
    """Give what this person's list can be narrowed by. At most four queries."""
    owned = access.visible(
        RoleHolding.objects.filter(role=Role.BUSINESS_OWNER, person__isnull=False),
        actor=actor,
        workflow_path="workflow_id",
    )
    owners = Person.objects.filter(id__in=owned.values("person")).order_by("name", "id")
    return Choices(
        departments=tuple(
            Choice(*row)
            for row in Department.objects.order_by("name", "id").values_list(
                "slug", "name"
            )
        ),
        owners=tuple(
            Choice(str(identity), name)
            for identity, name in owners.values_list("id", "name")[:OWNERS_MAX]
        ),
        systems=systems_to_pick(),
    )


def systems_to_pick() -> tuple[Choice, ...]:
    """Give the systems by name, to narrow a list by. One query."""
    rows = System.objects.order_by("name", "id").values_list("slug", "name")
    return tuple(Choice(*row) for row in rows)


def counted(rows: QuerySet) -> str:
    """Count up to a thousand; more are said to be more. One query."""
    number = rows.order_by().values("id")[: COUNTED_MAX + 1].count()
    return f"{COUNTED_MAX:,}+" if number > COUNTED_MAX else f"{number:,}"


def _page(
    rows: QuerySet, asked: ListFilter, cursor: str | None, size: int = PAGE_SIZE
) -> Page[Workflow]:
    if "-risk_rank" in asked.order:
        rows = rows.annotate(
            risk_rank=Case(
                When(risk="high", then=Value(2)),
                When(risk="medium", then=Value(1)),
                default=Value(0),
                output_field=IntegerField(),
            )
        )
    rows = rows.select_related("department")
    return keyset(rows, order=asked.order, cursor=cursor, size=size)


def _lines(rows: tuple[Workflow, ...], actor: Actor) -> tuple[WorkflowLine, ...]:
    """Tell the page's rows; what is about each of them is read for these alone."""
    opened, live = _versions(rows)
    held = _held([row.id for row in rows])
    written = [key for key, (_, state) in opened.items() if state == VersionState.DRAFT]
    mine = set(
        access.visible(
            Workflow.objects.filter(id__in=written), actor=actor, permission=access.EDIT
        ).values_list("id", flat=True)
    )
    live_ids = [row.id for row in rows if row.live_version_id]
    pausable = set(
        access.visible(
            Workflow.objects.filter(id__in=live_ids),
            actor=actor,
            permission=access.PAUSE,
        ).values_list("id", flat=True)
    )
    return tuple(
        _line(
            row,
            opened.get(row.id),
            live.get(row.live_version_id),
            held.get(row.id, {}),
            is_mine=row.id in mine,
            may_pause=row.id in pausable,
        )
        for row in rows
    )


def _versions(
    rows: tuple[Workflow, ...],
) -> tuple[dict[UUID, tuple[int, str]], dict[UUID | None, int]]:
    opened = {
        workflow_id: (number, state)
        for workflow_id, number, state in OperatingModelVersion.objects.filter(
            workflow__in=[row.id for row in rows],
            state__in=(VersionState.DRAFT, VersionState.SUBMITTED),
        )
        .order_by("number")
        .values_list("workflow_id", "number", "state")
    }
    live = OperatingModelVersion.objects.filter(
        id__in=[row.live_version_id for row in rows if row.live_version_id]
    )
    return opened, dict(live.values_list("id", "number"))


def _held(ids: list[UUID]) -> dict[UUID, dict[str, str]]:
    held: dict[UUID, dict[str, str]] = {}
    rows = RoleHolding.objects.filter(workflow__in=ids, person__is_active=True)
    for workflow_id, role, name in rows.values_list(
        "workflow_id", "role", "person__name"
    ):
        held.setdefault(workflow_id, {})[role] = name
    return held


def _line(
    row: Workflow,
    opened: tuple[int, str] | None,
    live_number: int | None,
    roles: dict[str, str],
    *,
    is_mine: bool,
    may_pause: bool,
) -> WorkflowLine:
    number, open_state = opened or (None, None)
    state = state_of(row, open_state)
    return WorkflowLine(
        id=row.id,
        slug=row.slug,
        name=row.name,
        purpose=row.purpose,
        department=row.department.name,
        owner=roles.get(Role.BUSINESS_OWNER),
        vacant=tuple(role.label for role in REQUIRED_ROLES if role not in roles),
        state=state,
        state_word=dict(STATES)[state],
        phase=row.phase,
        risk=row.risk,
        live_number=live_number,
        open_number=number,
        open_is_submitted=open_state == VersionState.SUBMITTED,
        is_mine_to_write=is_mine,
        may_pause=may_pause,
    )
