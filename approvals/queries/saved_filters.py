"""The filters of the inbox that a person keeps."""

from dataclasses import dataclass
from uuid import UUID

from approvals.models import InboxFilter
from approvals.queries.narrowing import InboxAsked, asked_in
from portal.accounts.access import visible_or_404
from portal.accounts.actors import Actor


@dataclass(frozen=True)
class FilterLine:
    """One kept filter, applied anew with the rights of its owner."""

    id: UUID
    name: str
    asked: InboxAsked
    is_default: bool


def filters_of(*, actor: Actor) -> tuple[FilterLine, ...]:
    """Give a person's filters by name. One query."""
    rows = InboxFilter.objects.filter(owner=actor.id, removed_at=None)
    return tuple(_line(row) for row in rows.order_by("name", "id"))


def own_filter(*, actor: Actor, filter_id: UUID) -> FilterLine:
    """Give a filter to its owner, or raise NotFound. One query."""
    rows = InboxFilter.objects.filter(owner=actor.id, removed_at=None)
    return _line(visible_or_404(rows, id=filter_id))


def default_filter(*, actor: Actor) -> FilterLine | None:
    """Give the filter that a person's inbox begins with, if any. One query."""
    rows = InboxFilter.objects.filter(owner=actor.id, removed_at=None, is_default=True)
    row = rows.first()
    return _line(row) if row else None


def _line(row: InboxFilter) -> FilterLine:
    said = row.filters if isinstance(row.filters, dict) else {}
    return FilterLine(
        id=row.id, name=row.name, asked=asked_in(said), is_default=row.is_default
    )
