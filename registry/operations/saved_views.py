"""Keeping a view of the registry list: save, rename, share, make it the default, remove."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from portal.accounts.access import visible_or_404
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from registry.models import SavedView
from registry.queries.narrowing import filter_in

VIEWS_MAX = 50
NAME_LENGTH_MAX = 60


@operation(leaves="view.saved")
def save_view(
    *, actor: Actor, name: str, filters: Mapping[str, str], now: datetime
) -> UUID:
    """Keep what the list is narrowed to under a name. Raises Invalid or Conflict."""
    if not actor.is_person:
        raise Forbidden("Views belong to people.", code="view.people_only")
    name = _name(name)
    owner = Person.objects.select_for_update(no_key=True, of=("self",)).get(id=actor.id)
    kept = SavedView.objects.filter(owner=owner, removed_at=None)
    if kept.count() >= VIEWS_MAX:
        raise Conflict(
            "view.too_many", f"You keep {VIEWS_MAX} views. Remove one first."
        )
    _must_be_free(kept, name)
    view = SavedView.objects.create(
        owner=owner, name=name, filters=filter_in(filters).pairs(), created_at=now
    )
    _record("view.saved", actor, view)
    return view.id


@operation(leaves="view.changed")
def rename_view(*, actor: Actor, view_id: UUID, name: str, now: datetime) -> str:
    """Give a view another name. Raises NotFound, Invalid or Conflict."""
    del now
    name = _name(name)
    view = _own(actor, view_id)
    kept = SavedView.objects.filter(owner=actor.id, removed_at=None)
    _must_be_free(kept.exclude(id=view.id), name)
    former, view.name = view.name, name
    view.save(update_fields=["name"])
    _record("view.changed", actor, view, what=f"it was called {former}")
    return name


@operation(leaves="view.changed")
def share_view(*, actor: Actor, view_id: UUID, is_shared: bool, now: datetime) -> None:
    """Share a view with its owner's department, or keep it to themselves again."""
    del now
    view = _own(actor, view_id)
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
    view = _own(actor, view_id)
    SavedView.objects.filter(owner=actor.id, is_default=True).update(is_default=False)
    view.is_default = is_default
    view.save(update_fields=["is_default"])
    what = "the list begins with it" if is_default else "the list begins without it"
    _record("view.changed", actor, view, what=what)


@operation(leaves="view.removed")
def remove_view(*, actor: Actor, view_id: UUID, now: datetime) -> str:
    """Remove a view; `restore_view` takes that back. Gives its name. Raises NotFound."""
    view = _own(actor, view_id)
    view.removed_at, view.is_default = now, False
    view.save(update_fields=["removed_at", "is_default"])
    _record("view.removed", actor, view)
    return view.name


@operation(leaves="view.saved")
def restore_view(*, actor: Actor, view_id: UUID, now: datetime) -> str:
    """Take the removal of a view back. Raises NotFound, Conflict or AlreadyDone."""
    del now
    view = _own(actor, view_id, is_removed=None)
    if view.removed_at is None:
        raise AlreadyDone("view.there", f"The view {view.name} is there.")
    _must_be_free(SavedView.objects.filter(owner=actor.id, removed_at=None), view.name)
    view.removed_at = None
    view.save(update_fields=["removed_at"])
    _record("view.saved", actor, view)
    return view.name


def _own(actor: Actor, view_id: UUID, *, is_removed: bool | None = False) -> SavedView:
    rows = SavedView.objects.filter(owner=actor.id).select_related("owner")
    if is_removed is not None:
        rows = rows.filter(removed_at__isnull=not is_removed)
    return visible_or_404(rows.select_for_update(no_key=True, of=("self",)), id=view_id)


def _name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > NAME_LENGTH_MAX:
        text = f"Give the view a name of at most {NAME_LENGTH_MAX} characters."
        raise Invalid({"name": text})
    return name


def _must_be_free(kept, name: str) -> None:
    if kept.filter(name=name).exists():
        raise Invalid({"name": f"You have a view called {name} already."})


def _record(name: str, actor: Actor, view: SavedView, what: str = "") -> None:
    record(name, actor=actor, subject=("view", view.id), view=view.name, what=what)
