"""Where each value of a TOML text stands: the line of every table, row and key.

It reads a text that `tomllib` has accepted, so it needs to know strings, comments and
brackets, and nothing else of the language.
"""

import json
import re
from collections.abc import Mapping

_PART = r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'"""
_DOTTED = rf"(?:{_PART})(?:[ \t]*\.[ \t]*(?:{_PART}))*"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]\]?")
_KEY = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_EACH = re.compile(_PART)
# What a value is made of, longest first; anything else is skipped letter by letter.
_PIECE = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?!")|'
    r"'''.*?'''(?!')|"
    r'"(?:[^"\\\n]|\\.)*"|'
    r"'[^'\n]*'|"
    r"#[^\n]*|"
    r"[\[\]{}\n]",
    re.DOTALL,
)


def lines_of(text: str) -> dict[str, int]:
    """Return the line on which each table, row and key of a text starts."""
    text = text.replace("\r\n", "\n")
    places: dict[str, int] = {}
    rows: dict[str, int] = {}
    table, at, line = "", 0, 1
    while at < len(text):
        header, key = _HEADER.match(text, at), _KEY.match(text, at)
        place, start = "", at
        if header:
            table = place = _numbered(_named(header[2]), header[1] == "[[", rows)
            start = header.end()
        elif key:
            place = ".".join([*filter(None, [table]), *_named(key[1])])
            start = key.end()
        if place:
            places.setdefault(place, line)
        end, inner = _statement(text, start)
        row_line, seen = line, at
        for number, row_at in enumerate(inner if key else ()):
            # From row to row: from the start each time, a long list would take minutes.
            row_line, seen = row_line + text.count("\n", seen, row_at), row_at
            places.setdefault(f"{place}[{number}]", row_line)
        line += text.count("\n", at, end)
        at = end
    return places


def _statement(text: str, at: int) -> tuple[int, list[int]]:
    """Return where a statement ends, and where the tables begin that its list holds."""
    depth = 0
    rows: list[int] = []
    for piece in _PIECE.finditer(text, at):
        found = piece[0]
        if found == "\n" and depth == 0:
            return piece.end(), rows
        if found in ("[", "{"):
            if depth == 1 and found == "{":
                rows.append(piece.start())
            depth += 1
        elif found in ("]", "}"):
            depth -= 1
    return len(text), rows


def _named(dotted: str) -> list[str]:
    return [_unquoted(part) for part in _EACH.findall(dotted)]


def _unquoted(part: str) -> str:
    if part.startswith("'"):
        return part[1:-1]
    if part.startswith('"'):
        try:
            return str(json.loads(part))
        except ValueError:
            return part[1:-1]
    return part


def _numbered(names: list[str], is_row: bool, rows: dict[str, int]) -> str:
    """Return a header's path with the number of the row that it is in."""
    head, *rest = names
    if is_row and not rest:
        rows[head] = rows.get(head, -1) + 1
    numbered = f"{head}[{rows[head]}]" if head in rows else head
    place = ".".join((numbered, *rest))
    if is_row and rest:
        # A list of tables within a row counts anew in each row.
        rows[place] = rows.get(place, -1) + 1
        return f"{place}[{rows[place]}]"
    return place


def line_of(path: str, places: Mapping[str, int]) -> int | None:
    """Return the line of a path, or of the nearest table around it."""
    while path:
        if path in places:
            return places[path]
        cut = max(path.rfind("."), path.rfind("["))
        path = path[:cut] if cut > 0 else ""
    return None
