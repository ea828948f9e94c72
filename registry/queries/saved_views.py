"""The views of the registry list that a person keeps, and those shared with them."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from portal.accounts.access import visible_or_404
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from registry.models import SavedView
from registry.queries.narrowing import Chip, ListFilter, chips_of, filter_in

VIEWS_SHOWN_MAX = 100


@dataclass(frozen=True)
class ViewLine:
    """One kept view as menus show it; `owner` is named where it is somebody else's."""

    id: UUID
    name: str
    asked: ListFilter
    owner: str
    is_own: bool
    is_default: bool
    shared_with: str


@dataclass(frozen=True)
class ViewPage:
    """One own view, to be renamed, shared, made the default or removed."""

    line: ViewLine
    chips: tuple[Chip, ...]
    department: str


def views_for(*, actor: Actor) -> tuple[ViewLine, ...]:
    """Give a person's views and those shared with their department. One query."""
    if not actor.is_person:
        return ()
    rows = _seen_by(actor).select_related("owner", "department").order_by("name", "id")
    lines = [_line(row, actor) for row in rows[:VIEWS_SHOWN_MAX]]
    return tuple(sorted(lines, key=lambda line: not line.is_own))


def own_view(*, actor: Actor, view_id: UUID) -> ViewPage:
    """Give a view to its owner. At most four queries. Raises NotFound for others."""
    rows = SavedView.objects.filter(owner=actor.id, removed_at=None)
    row = visible_or_404(
        rows.select_related("owner__department", "department"), id=view_id
    )
    line = _line(row, actor)
    department = row.owner.department
    return ViewPage(line, chips_of(line.asked), department.name if department else "")


def default_view(*, actor: Actor) -> ViewLine | None:
    """Give the view that a person's list begins with, if any. One query."""
    rows = SavedView.objects.filter(owner=actor.id, removed_at=None, is_default=True)
    row = rows.select_related("owner", "department").first()
    return _line(row, actor) if row else None


def _seen_by(actor: Actor) -> QuerySet[SavedView]:
    home = Person.objects.filter(id=actor.id, is_active=True).values("department")
    return SavedView.objects.filter(removed_at=None).filter(
        Q(owner=actor.id) | Q(department__in=home)
    )


def _line(row: SavedView, actor: Actor) -> ViewLine:
    is_own = row.owner_id == actor.id
    return ViewLine(
        id=row.id,
        name=row.name,
        asked=filter_in(row.filters if isinstance(row.filters, dict) else {}),
        owner="" if is_own else row.owner.name,
        is_own=is_own,
        is_default=is_own and row.is_default,
        shared_with=row.department.name if row.department else "",
    )
