"""Keeping views of a list: the steps that the registry's and the inbox's operations share.

Each takes the table it works on; who sees a view, and what its filters mean, is the room's.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from portal.accounts.access import visible_or_404
from portal.accounts.actors import Actor
from portal.accounts.kept_views import KeptView
from portal.accounts.models import Person
from portal.audit.operation import step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid

VIEWS_MAX = 50
NAME_LENGTH_MAX = 60


@step
def keep_view[V: KeptView](
    table: type[V],
    *,
    actor: Actor,
    name: str,
    filters: Mapping[str, str],
    now: datetime,
) -> V:
    """Keep filters under a name. Raises Forbidden, Invalid or Conflict."""
    if not actor.is_person:
        raise Forbidden("Views belong to people.", code="view.people_only")
    name = _name(name)
    owner = Person.objects.select_for_update(no_key=True, of=("self",)).get(id=actor.id)
    kept = table._default_manager.filter(owner=owner, removed_at=None)
    if kept.count() >= VIEWS_MAX:
        raise Conflict(
            "view.too_many", f"You keep {VIEWS_MAX} views. Remove one first."
        )
    _must_be_free(kept, name)
    return table._default_manager.create(
        owner=owner, name=name, filters=dict(filters), created_at=now
    )


@step
def call_view[V: KeptView](
    table: type[V], *, actor: Actor, view_id: UUID, name: str
) -> tuple[V, str]:
    """Give an own view another name; says the former one. Raises Invalid or NotFound."""
    name = _name(name)
    view = own_view(table, actor=actor, view_id=view_id)
    kept = table._default_manager.filter(owner=actor.id, removed_at=None)
    _must_be_free(kept.exclude(id=view.id), name)
    former, view.name = view.name, name
    view.save(update_fields=["name"])
    return view, former


@step
def begin_with_view[V: KeptView](
    table: type[V], *, actor: Actor, view_id: UUID, is_default: bool
) -> V:
    """Let the list begin with a view, instead of any other, or no longer."""
    view = own_view(table, actor=actor, view_id=view_id)
    table._default_manager.filter(owner=actor.id, is_default=True).update(
        is_default=False
    )
    view.is_default = is_default
    view.save(update_fields=["is_default"])
    return view


@step
def take_away_view[V: KeptView](
    table: type[V], *, actor: Actor, view_id: UUID, now: datetime
) -> V:
    """Remove an own view; `bring_back_view` takes that back. Raises NotFound."""
    view = own_view(table, actor=actor, view_id=view_id)
    view.removed_at, view.is_default = now, False
    view.save(update_fields=["removed_at", "is_default"])
    return view


@step
def bring_back_view[V: KeptView](table: type[V], *, actor: Actor, view_id: UUID) -> V:
    """Take the removal of an own view back. Raises NotFound, Invalid or AlreadyDone."""
    view = own_view(table, actor=actor, view_id=view_id, is_removed=None)
    if view.removed_at is None:
        raise AlreadyDone("view.there", f"The view {view.name} is there.")
    kept = table._default_manager.filter(owner=actor.id, removed_at=None)
    _must_be_free(kept, view.name)
    view.removed_at = None
    view.save(update_fields=["removed_at"])
    return view


@step
def own_view[V: KeptView](
    table: type[V], *, actor: Actor, view_id: UUID, is_removed: bool | None = False
) -> V:
    """Lock a view of this person's, or raise NotFound: nobody changes another's."""
    rows = table._default_manager.filter(owner=actor.id).select_related("owner")
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
