"""The file form of the one page: a small TOML writer.

Deterministic: the same document gives the same bytes. What it writes, `tomllib` reads back exactly.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
}


def write(document: Mapping[str, Any]) -> str:
    """Return a document as TOML: plain values first, then tables, then lists of tables."""
    return "\n".join(_table(document, ())).strip("\n") + "\n"


def tidy(value: Any) -> Any:
    """Return a value without the keys that hold nothing, with plain dicts and lists."""
    if isinstance(value, Mapping):
        return {
            str(key): tidy(child) for key, child in value.items() if child is not None
        }
    if isinstance(value, (list, tuple)):
        return [tidy(child) for child in value if child is not None]
    return value


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    inner = [key for key, value in table.items() if isinstance(value, Mapping)]
    lists = [key for key, value in table.items() if _is_tables(value)]
    for key, value in table.items():
        if key not in inner and key not in lists:
            yield f"{_key(key)} = {_value(value)}"
    for key in inner:
        yield f"\n[{_path(path, key)}]"
        yield from _table(table[key], (*path, key))
    for key in lists:
        for row in table[key]:
            yield f"\n[[{_path(path, key)}]]"
            yield from _table(row, (*path, key))


def _is_tables(value: Any) -> bool:
    return (
        _is_list(value)
        and bool(value)
        and all(isinstance(row, Mapping) for row in value)
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _path(path: tuple[str, ...], key: str) -> str:
    return ".".join(map(_key, (*path, key)))


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _long_text(value) if "\n" in value else _text(value)
    if isinstance(value, Mapping):
        return (
            "{"
            + ", ".join(
                f"{_key(key)} = {_value(child)}" for key, child in value.items()
            )
            + "}"
        )
    if _is_list(value):
        return "[" + ", ".join(map(_in_line, value)) + "]"
    raise TypeError(
        f"A page holds text, whole numbers, lists and tables, not {type(value).__name__}."
    )


def _in_line(value: Any) -> str:
    return _text(value) if isinstance(value, str) else _value(value)


def _text(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _long_text(text: str) -> str:
    """Return a text of several lines as it would be written by hand."""
    lines = ("".join(map(_escaped, line)) for line in text.split("\n"))
    return '"""\n' + "\n".join(lines) + '"""'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if ord(character) < 0x20 or ord(character) == 0x7F:
        return f"\\u{ord(character):04x}"
    return character
