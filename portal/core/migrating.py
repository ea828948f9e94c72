"""Migrates without rendering, for each operation, every model that is connected with its own.

After each operation Django makes anew the class of every model that the changed one leads to,
because any of them may refer to what changed. On an empty database that is forty thousand
classes, and takes ten times as long as everything that PostgreSQL has to do.

A model, a field, an index or a constraint more changes no table's name and no key, and more
than those no other model uses; nor does an index or a constraint less. So only the model's own
class is made anew. Code in a migration finds every class as Django gives it: before it runs all
are made from the state, which is Django's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.db.migrations.state import ProjectState

_SEEN_BY_NO_OTHER = (
    "add_model",
    "add_field",
    "add_index",
    "add_constraint",
    "remove_index",
    "remove_constraint",
)


@contextmanager
def rendering_little() -> Iterator[None]:
    """This will make no class anew that could not see what changed."""
    own = {name: getattr(ProjectState, name) for name in _SEEN_BY_NO_OTHER}
    try:
        for name, change in own.items():
            setattr(ProjectState, name, _leanly(change))
        yield
    finally:
        for name, change in own.items():
            setattr(ProjectState, name, change)


def _leanly(change: Callable[..., None]) -> Callable[..., None]:
    @wraps(change)
    def changed(state: Any, *args: Any, **more: Any) -> None:
        def itself(app_label: str, model_name: str, delay: bool = False) -> set[Any]:  # noqa: FBT001, FBT002 - Django's own
            # Some classes may now refer to an old one: Django makes all anew for code.
            state.is_delayed = True
            return {(app_label, model_name)}

        state._find_reload_model = itself  # noqa: SLF001
        try:
            change(state, *args, **more)
        finally:
            del state._find_reload_model  # noqa: SLF001

    return changed
