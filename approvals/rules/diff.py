"""What changes: before and after side by side, place by place."""

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
