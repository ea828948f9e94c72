"""Values of spans as plain JSON: bounded in length, depth and number, fit for a database.

What is too long, too deep or binary is said so in its place, so that a cut value is never
mistaken for the whole.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

TEXT_MAX = 262_144
DEPTH_MAX = 12
ITEMS_MAX = 1_000
ATTRIBUTES_MAX = 512
ATTRIBUTES_TEXT_MAX = 1_048_576
KEY_MAX = 200
TOO_DEEP = "[nested too deeply]"
_NUL = "\x00"
_REPLACED = "\ufffd"


def clean(text: str, limit: int = TEXT_MAX) -> str:
    """Give a text that every column can hold: no NUL, no half surrogates, not too long."""
    if len(text) > limit:
        left = f"… [{len(text) - limit:,} characters more]"
        text = text[:limit] + left
    if _NUL in text:
        text = text.replace(_NUL, _REPLACED)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text


def plain(value: object, *, depth: int = 0, limit: int = TEXT_MAX) -> Any:
    """Give a JSON value of whatever a sender put there."""
    if isinstance(value, str):
        return clean(value, limit)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)[:40]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes | bytearray):
        return binary(len(value))
    if isinstance(value, Mapping | list | tuple):
        return _nested(value, depth, limit)
    return clean(str(value), limit)


def _nested(value: Any, depth: int, limit: int) -> Any:
    if depth >= DEPTH_MAX:
        return TOO_DEEP
    if isinstance(value, Mapping):
        pairs = list(value.items())[:ITEMS_MAX]
        return {
            clean(str(key), KEY_MAX): plain(item, depth=depth + 1, limit=limit)
            for key, item in pairs
        }
    return [plain(item, depth=depth + 1, limit=limit) for item in value[:ITEMS_MAX]]


def binary(length: int) -> str:
    """Say that bytes stood here."""
    return f"[binary, {length:,} bytes]"


def attributes(pairs: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """Give the attributes of a span: so many, and so much text together."""
    found: dict[str, Any] = {}
    left = ATTRIBUTES_TEXT_MAX
    for key, value in pairs:
        if len(found) >= ATTRIBUTES_MAX:
            break
        taken = plain(value, limit=max(0, min(TEXT_MAX, left)))
        left -= weight(taken)
        found[clean(key, KEY_MAX)] = taken
    return found


def weight(value: object) -> int:
    """Count the characters of a plain value, roughly."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(key) + weight(item) for key, item in value.items())
    if isinstance(value, list):
        return sum(weight(item) for item in value)
    return 8


def at_most(value: Any, limit: int) -> Any:
    """Give a plain value of at most about so many characters; what is cut is said."""
    if weight(value) <= limit:
        return value
    if isinstance(value, str):
        return clean(value, limit)
    if isinstance(value, Mapping):
        return _part_of(value, limit)
    if isinstance(value, list):
        kept: list[Any] = []
        left = limit
        for item in value:
            if left <= 0:
                kept.append(f"[{len(value) - len(kept):,} more]")
                break
            kept.append(at_most(item, left))
            left -= weight(kept[-1])
        return kept
    return value


def _part_of(value: Mapping[str, Any], limit: int) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    left = limit
    for key, item in value.items():
        if left <= 0:
            kept["…"] = f"[{len(value) - len(kept):,} more]"
            break
        kept[key] = at_most(item, left)
        left -= len(key) + weight(kept[key])
    return kept
