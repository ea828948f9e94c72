"""What an expert expression may use, and what the compiler's complaints mean in plain words."""

import difflib
import re
from dataclasses import dataclass

_PLACE = re.compile(r"<input>:(\d+):(\d+): (.*)")
_UNKNOWN = re.compile(r"undeclared reference to '([^']+)'")
_MISMATCH = re.compile(
    r"found no matching overload for '([^']+)' applied to '\(?(.*?)\)?'$"
)
_MISSING = re.compile(r"missing '(.)'")
_EXTRA = re.compile(r"extraneous input '([^']+)'")
_TYPES = {
    "double": "a number with decimals",
    "int": "a whole number",
    "uint": "a whole number",
    "string": "a text",
    "bool": "true or false",
    "bytes": "bytes",
    "null": "nothing",
    "dyn": "anything",
    "timestamp": "a time",
    "duration": "a duration",
}


@dataclass(frozen=True)
class Name:
    """One name that an expression may use."""

    name: str
    what: str
    example: str


NAMES: tuple[Name, ...] = (
    Name("verb", "what is asked", "verb == 'refund'"),
    Name("system", "where", "system == 'billing'"),
    Name("resource_type", "the kind of thing", "resource_type == 'order'"),
    Name("resource_id", "its id", "resource_id.startsWith('VIP-')"),
    Name("args", "the action's own fields", "args.items.size() > 3"),
    Name("before", "the fields before", "before.status == 'closed'"),
    Name("after", "the fields after", "after.owner != before.owner"),
    Name("amount", "the amount, a number with decimals", "amount > 100.0"),
    Name("currency", "its currency", "currency != 'EUR'"),
    Name("confidence", "from 0.0 to 1.0; 0.0 when not told", "confidence < 0.8"),
    Name("risk", "what the agent says: low, medium, high", "risk == 'high'"),
    Name("category", "the kind of case", "category in ['late', 'damaged']"),
    Name("signals", "what the agent signals", "'vip' in signals"),
    Name("checks", "each check's status by name", "checks['order exists'] != 'pass'"),
    Name("evidence_count", "pieces of evidence", "evidence_count < 2"),
    Name("title", "the agent's headline", "title.matches('(?i)urgent')"),
)


def complaint(raw: str, source: str) -> str:
    """Say in words what the compiler found, and where."""
    found = _PLACE.search(raw)
    if found is None:
        return "This cannot be read as an expression."
    line, column, said = int(found[1]), int(found[2]), found[3]
    said = said.split(" [INVALID_ARGUMENT]")[0]
    return f"{_place(source, line, column)}: {_in_words(said, source, line, column)}"


def type_complaint(type_name: str) -> str:
    """Say that an expression gives something else than true or false."""
    given = _TYPES.get(type_name.lower(), "something else")
    return (
        f"It gives {given}; a rule needs true or false. Compare it with something, "
        "such as amount > 100.0."
    )


def _place(source: str, line: int, column: int) -> str:
    lines = source.splitlines() or [""]
    where = f"character {column}"
    return where.capitalize() if len(lines) == 1 else f"Line {line}, {where}"


def _in_words(said: str, source: str, line: int, column: int) -> str:
    unknown = _UNKNOWN.search(said)
    if unknown and _at(source, line, column) == "(":
        return f"there is no function “{unknown[1]}”."
    if unknown:
        return _unknown_name(unknown[1])
    mismatch = _MISMATCH.search(said)
    if mismatch:
        return _mismatch(*mismatch.groups())
    missing = _MISSING.search(said)
    if missing:
        return f"a “{missing[1]}” is missing."
    extra = _EXTRA.search(said)
    if extra:
        return f"“{extra[1]}” is too much here; join two conditions with && or ||."
    if "input '<EOF>'" in said:
        return "it ends too early; something is missing after the last sign."
    if _at(source, line, column) == "=":
        return "write == to compare; a single = means nothing here."
    before = source.splitlines()[line - 1][column - 1 : column + 11].strip()
    return f"it cannot be read from “{before}” on." if before else "it cannot be read."


def _at(source: str, line: int, column: int) -> str:
    lines = source.splitlines()
    return lines[line - 1][column - 1 : column] if line <= len(lines) else ""


def _unknown_name(name: str) -> str:
    first = name.split(".")[0]
    known = [each.name for each in NAMES]
    near = difflib.get_close_matches(first, known, n=1, cutoff=0.6)
    if near and near[0] != first:
        return f"there is no name “{first}”. Did you mean “{near[0]}”?"
    return (
        f"there is no name “{name}”. The list beside the field says which there are;"
        " the action's own fields start with args."
    )


def _mismatch(operator: str, types: str) -> str:
    sign = operator.replace("_", "").replace("@", "").strip("[]") or operator
    parts = [_TYPES.get(part.strip(), "a value") for part in types.split(",")]
    said = " and ".join(parts)
    hint = ""
    if "double" in types and "int" in types:
        hint = " Write whole numbers with a point, such as 100.0."
    return f"“{sign}” does not go with {said}.{hint}"
