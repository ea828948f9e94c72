"""Places inside an action's arguments: how they are written, read and replaced.

A path is `payment.amount` or `passengers[0].name`; keys that hold a dot or a bracket are
quoted as JSON strings, so that no two places share a path.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

LEAVES_MAX = 500
type Step = str | int


@dataclass(frozen=True)
class Leaf:
    """One value that holds no others; an empty object or list is one too."""

    steps: tuple[Step, ...]
    value: object

    @property
    def path(self) -> str:
        return written(self.steps)


def written(steps: tuple[Step, ...]) -> str:
    """Write a place as people read it."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = step if _is_plain(step) else json.dumps(step, ensure_ascii=False)
            text += f".{name}" if text else name
    return text


def leaves(value: object, steps: tuple[Step, ...] = ()) -> Iterator[Leaf]:
    """Give every leaf in reading order."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*steps, str(key)))
    elif isinstance(value, list | tuple) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*steps, index))
    else:
        yield Leaf(steps, value)


def replaced(value: object, steps: tuple[Step, ...], new: object) -> object:
    """Give a copy of `value` with the place of `steps` set to `new`."""
    if not steps:
        return new
    first, rest = steps[0], steps[1:]
    if isinstance(value, Mapping):
        return {
            key: replaced(inner, rest, new) if key == first else inner
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            replaced(inner, rest, new) if index == first else inner
            for index, inner in enumerate(value)
        ]
    raise LookupError(written(steps))


def json_text(value: object) -> str:
    """Write JSON with numbers as they were: a Decimal stays a number, key order stays."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("not a finite number")
        return str(value)
    if isinstance(value, int | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        inner = (
            f"{json_text(str(key))}:{json_text(item)}" for key, item in value.items()
        )
        return "{" + ",".join(inner) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(json_text(item) for item in value) + "]"
    raise TypeError(type(value).__name__)


def _is_plain(key: str) -> bool:
    return bool(key) and not any(sign in key for sign in '.[]"\\ ')
