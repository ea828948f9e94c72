"""Keeping a filter of the inbox: save, rename, let the inbox begin with it, remove."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from approvals.models import InboxFilter
from approvals.queries.narrowing import asked_in
from portal.accounts.actors import Actor
from portal.accounts.operations.kept_views import (
    begin_with_view,
    bring_back_view,
    call_view,
    keep_view,
    take_away_view,
)
from portal.audit.operation import operation, record


@operation(leaves="inbox.filter_saved")
def save_filter(
    *, actor: Actor, name: str, filters: Mapping[str, str], now: datetime
) -> UUID:
    """Keep what the inbox is narrowed to under a name. Raises Invalid or Conflict."""
    pairs = asked_in(filters).pairs()
    kept = keep_view(InboxFilter, actor=actor, name=name, filters=pairs, now=now)
    _record("inbox.filter_saved", actor, kept)
    return kept.id


@operation(leaves="inbox.filter_changed")
def rename_filter(*, actor: Actor, filter_id: UUID, name: str, now: datetime) -> str:
    """Give a filter another name. Raises NotFound or Invalid."""
    del now
    kept, former = call_view(InboxFilter, actor=actor, view_id=filter_id, name=name)
    _record("inbox.filter_changed", actor, kept, what=f"it was called {former}")
    return kept.name


@operation(leaves="inbox.filter_changed")
def set_default_filter(
    *, actor: Actor, filter_id: UUID, is_default: bool, now: datetime
) -> str:
    """Let the inbox begin with a filter, instead of any other, or with everything."""
    del now
    kept = begin_with_view(
        InboxFilter, actor=actor, view_id=filter_id, is_default=is_default
    )
    what = "the inbox begins with it" if is_default else "the inbox begins without it"
    _record("inbox.filter_changed", actor, kept, what=what)
    return kept.name


@operation(leaves="inbox.filter_removed")
def remove_filter(*, actor: Actor, filter_id: UUID, now: datetime) -> str:
    """Remove a filter; `restore_filter` takes that back. Gives its name."""
    kept = take_away_view(InboxFilter, actor=actor, view_id=filter_id, now=now)
    _record("inbox.filter_removed", actor, kept)
    return kept.name


@operation(leaves="inbox.filter_saved")
def restore_filter(*, actor: Actor, filter_id: UUID, now: datetime) -> str:
    """Take the removal of a filter back. Raises NotFound, Invalid or AlreadyDone."""
    del now
    kept = bring_back_view(InboxFilter, actor=actor, view_id=filter_id)
    _record("inbox.filter_saved", actor, kept)
    return kept.name


def _record(name: str, actor: Actor, kept: InboxFilter, what: str = "") -> None:
    record(name, actor=actor, subject=("view", kept.id), view=kept.name, what=what)
