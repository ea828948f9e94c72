"""What changes: before and after side by side, place by place."""

from collections.abc import Mapping
from dataclasses import dataclass

from approvals.rules.paths import LEAVES_MAX, json_text, leaves


@dataclass(frozen=True)
class Change:
    """One place whose value differs; None on a side means that it was not there."""

    path: str
    before: str | None
    after: str | None


def shown(value: object) -> str:
    """Write one value for a person: text bare, everything else as JSON."""
    return value if isinstance(value, str) else json_text(value)


def changes_between(before: object, after: object) -> tuple[Change, ...]:
    """Return every place that differs, in reading order of `before`, then what is new."""
    old = {leaf.path: leaf.value for leaf in leaves(before)}
    new = {leaf.path: leaf.value for leaf in leaves(after)}
    old.pop("", None)
    new.pop("", None)
    found = []
    for path in [*old, *(path for path in new if path not in old)][:LEAVES_MAX]:
        is_same = (
            path in old and path in new and json_text(old[path]) == json_text(new[path])
        )
        if not is_same:
            found.append(
                Change(
                    path=path,
                    before=shown(old[path]) if path in old else None,
                    after=shown(new[path]) if path in new else None,
                )
            )
    return tuple(found)


def changes_set(before: object, after: object) -> tuple[Change, ...]:
    """Return what the state to come sets; a field that it does not name stays as it is.

    Only an explicit null says that a field is removed.
    """
    return changes_between(_named_in(before, after), after)


def _named_in(before: object, after: object) -> object:
    if not isinstance(after, Mapping):
        return before if after is not None else {}
    if not isinstance(before, Mapping):
        return before
    return {
        name: _named_in(value, after[name]) if after[name] is not None else value
        for name, value in before.items()
        if name in after
    }
