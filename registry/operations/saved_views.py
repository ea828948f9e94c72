"""Keeping a view of the registry list: save, rename, share, make it the default, remove."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.operations.kept_views import (
    begin_with_view,
    bring_back_view,
    call_view,
    keep_view,
    own_view,
    take_away_view,
)
from portal.audit.operation import operation, record
from portal.core.errors import Invalid
from registry.models import SavedView
from registry.queries.narrowing import filter_in


@operation(leaves="view.saved")
def save_view(
    *, actor: Actor, name: str, filters: Mapping[str, str], now: datetime
) -> UUID:
    """Keep what the list is narrowed to under a name. Raises Invalid or Conflict."""
    pairs = filter_in(filters).pairs()
    view = keep_view(SavedView, actor=actor, name=name, filters=pairs, now=now)
    _record("view.saved", actor, view)
    return view.id


@operation(leaves="view.changed")
def rename_view(*, actor: Actor, view_id: UUID, name: str, now: datetime) -> str:
    """Give a view another name. Raises NotFound, Invalid or Conflict."""
    del now
    view, former = call_view(SavedView, actor=actor, view_id=view_id, name=name)
    _record("view.changed", actor, view, what=f"it was called {former}")
    return view.name


@operation(leaves="view.changed")
def share_view(*, actor: Actor, view_id: UUID, is_shared: bool, now: datetime) -> None:
    """Share a view with its owner's department, or keep it to themselves again."""
    del now
    view = own_view(SavedView, actor=actor, view_id=view_id)
    if is_shared and view.owner.department_id is None:
        raise Invalid({"": "You belong to no department to share it with."})
    view.department_id = view.owner.department_id if is_shared else None
    view.save(update_fields=["department"])
    _record("view.changed", actor, view, what="shared" if is_shared else "kept private")


@operation(leaves="view.changed")
def set_default_view(
    *, actor: Actor, view_id: UUID, is_default: bool, now: datetime
) -> None:
    """Let the list begin with a view, instead of any other, or with everything again."""
    del now
    view = begin_with_view(
        SavedView, actor=actor, view_id=view_id, is_default=is_default
    )
    what = "the list begins with it" if is_default else "the list begins without it"
    _record("view.changed", actor, view, what=what)


@operation(leaves="view.removed")
def remove_view(*, actor: Actor, view_id: UUID, now: datetime) -> str:
    """Remove a view; `restore_view` takes that back. Gives its name. Raises NotFound."""
    view = take_away_view(SavedView, actor=actor, view_id=view_id, now=now)
    _record("view.removed", actor, view)
    return view.name


@operation(leaves="view.saved")
def restore_view(*, actor: Actor, view_id: UUID, now: datetime) -> str:
    """Take the removal of a view back. Raises NotFound, Conflict or AlreadyDone."""
    del now
    view = bring_back_view(SavedView, actor=actor, view_id=view_id)
    _record("view.saved", actor, view)
    return view.name


def _record(name: str, actor: Actor, view: SavedView, what: str = "") -> None:
    record(name, actor=actor, subject=("view", view.id), view=view.name, what=what)
