"""Keeping a view of the runs list: save, rename, let the list begin with it, remove."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.operations.kept_views import (
    begin_with_view,
    bring_back_view,
    call_view,
    keep_view,
    take_away_view,
)
from portal.audit.operation import operation, record
from runs.models import RunView
from runs.queries.narrowing import asked_in


@operation(leaves="run.view_saved")
def save_run_view(
    *, actor: Actor, name: str, filters: Mapping[str, str], now: datetime
) -> UUID:
    """Keep what the list is narrowed to under a name. Raises Invalid or Conflict."""
    pairs = asked_in(filters).pairs()
    kept = keep_view(RunView, actor=actor, name=name, filters=pairs, now=now)
    _record("run.view_saved", actor, kept)
    return kept.id


@operation(leaves="run.view_changed")
def rename_run_view(*, actor: Actor, view_id: UUID, name: str, now: datetime) -> str:
    """Give a view another name. Raises NotFound or Invalid."""
    del now
    kept, former = call_view(RunView, actor=actor, view_id=view_id, name=name)
    _record("run.view_changed", actor, kept, what=f"it was called {former}")
    return kept.name


@operation(leaves="run.view_changed")
def begin_runs_with(
    *, actor: Actor, view_id: UUID, is_default: bool, now: datetime
) -> str:
    """Let the list begin with a view, instead of any other, or with every run."""
    del now
    kept = begin_with_view(RunView, actor=actor, view_id=view_id, is_default=is_default)
    what = "the list begins with it" if is_default else "the list begins without it"
    _record("run.view_changed", actor, kept, what=what)
    return kept.name


@operation(leaves="run.view_removed")
def remove_run_view(*, actor: Actor, view_id: UUID, now: datetime) -> str:
    """Remove a view; `restore_run_view` takes that back. Gives its name."""
    kept = take_away_view(RunView, actor=actor, view_id=view_id, now=now)
    _record("run.view_removed", actor, kept)
    return kept.name


@operation(leaves="run.view_saved")
def restore_run_view(*, actor: Actor, view_id: UUID, now: datetime) -> str:
    """Take the removal of a view back. Raises NotFound, Invalid or AlreadyDone."""
    del now
    kept = bring_back_view(RunView, actor=actor, view_id=view_id)
    _record("run.view_saved", actor, kept)
    return kept.name


def _record(name: str, actor: Actor, kept: RunView, what: str = "") -> None:
    record(name, actor=actor, subject=("view", kept.id), view=kept.name, what=what)
