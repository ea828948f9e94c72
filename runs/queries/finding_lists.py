"""The findings across workflows: narrowed by the address, most urgent first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.pagination import keyset
from runs.models import Finding
from runs.queries.blind_findings import kind_of, marked, words_of

ORDER = ("due_on", "id")
CLOSED_ORDER = ("-closed_at", "-id")
WORKFLOWS_MAX = 200
USUAL_TIME = timedelta(days=7)
KINDS = Finding.Kind.choices
STATES = {
    "open": "Open",
    "late": "Late",
    "closed": "Closed",
    "all": "Open and closed",
}
WHOSE = {"": "Anybody's", "mine": "Mine", "found": "Found by me"}


@dataclass(frozen=True)
class FindingsAsked:
    """What the list is narrowed to; it stands whole in the address."""

    state: str = "open"
    whose: str = ""
    kind: str = ""
    workflow: str = ""

    def pairs(self) -> dict[str, str]:
        """Give what the address says: all that is not usual."""
        given = {
            "state": "" if self.state == "open" else self.state,
            "whose": self.whose,
            "kind": self.kind,
            "workflow": self.workflow,
        }
        return {name: value for name, value in given.items() if value}

    @property
    def is_usual(self) -> bool:
        return not self.pairs()


@dataclass(frozen=True)
class FindingLine:
    """One finding in the list."""

    id: UUID
    text: str
    kind: str
    workflow: str
    owner: str
    is_mine: bool
    due_on: date
    is_late: bool
    week_id: UUID
    week_starts_on: date
    closed_at: datetime | None
    closed_by: str


@dataclass(frozen=True)
class FindingList:
    rows: tuple[FindingLine, ...]
    next_cursor: str | None
    previous_cursor: str | None
    workflows: tuple[tuple[str, str], ...]


def asked_in(given: Mapping[str, str]) -> FindingsAsked:
    """Read an address; what it says wrongly is as if it said nothing."""
    state, whose, kind = (given.get(name, "") for name in ("state", "whose", "kind"))
    workflow = given.get("workflow", "")[:60]
    return FindingsAsked(
        state=state if state in STATES else "open",
        whose=whose if whose in WHOSE else "",
        kind=kind if kind in Finding.Kind.values else "",
        workflow=workflow if workflow.replace("-", "").isalnum() else "",
    )


def findings_for(
    *, actor: Actor, asked: FindingsAsked, cursor: str | None, now: datetime
) -> FindingList:
    """Give one page of the findings that this person may see. Four queries."""
    sight = access.sight(actor)
    seen = sight(Finding.objects.all(), "workflow_id")
    rows = _narrowed(
        marked(seen, actor.id), actor, asked, timezone.localtime(now).date()
    )
    page = keyset(
        rows.select_related("workflow", "owner", "week", "closed_by"),
        order=CLOSED_ORDER if asked.state == "closed" else ORDER,
        cursor=cursor,
    )
    today = timezone.localtime(now).date()
    workflows = (
        seen.order_by("workflow__name", "workflow__slug")
        .values_list("workflow__slug", "workflow__name")
        .distinct()
    )
    return FindingList(
        rows=tuple(_line(row, actor, today) for row in page.items),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
        workflows=tuple(workflows[:WORKFLOWS_MAX]),
    )


def _narrowed(
    rows: QuerySet[Finding], actor: Actor, asked: FindingsAsked, today: date
) -> QuerySet[Finding]:
    if asked.state in ("open", "late"):
        rows = rows.filter(closed_at=None)
    if asked.state == "late":
        rows = rows.filter(due_on__lt=today)
    if asked.state == "closed":
        rows = rows.filter(closed_at__isnull=False)
    if asked.whose == "mine":
        rows = rows.filter(owner=actor.id)
    if asked.whose == "found":
        rows = rows.filter(found_by=actor.id)
    if asked.kind:
        rows = rows.filter(kind=asked.kind, is_hidden=False)  # type: ignore[misc]
    if asked.workflow:
        rows = rows.filter(workflow__slug=asked.workflow)
    return rows


def _line(row: Finding, actor: Actor, today: date) -> FindingLine:
    return FindingLine(
        id=row.id,
        text=words_of(row),
        kind=kind_of(row),
        workflow=row.workflow.name,
        owner=row.owner.name,
        is_mine=row.owner_id == actor.id,
        due_on=row.due_on,
        is_late=row.closed_at is None and row.due_on < today,
        week_id=row.week_id,
        week_starts_on=row.week.starts_on,
        closed_at=row.closed_at,
        closed_by=row.closed_by.name if row.closed_by else "",
    )


def usual_due_day(now: datetime) -> str:
    """Give the day that a new finding is due unless another is chosen: a week from now."""
    return (timezone.localtime(now).date() + USUAL_TIME).isoformat()
