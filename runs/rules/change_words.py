"""What was changed, in words: each change once, and of a list or a record what differs in it.

Values come as they are or as JSON text; both say the same thing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runs.rules.phrases import count, listed
from runs.rules.values import short

VALUE_MAX = 60
WHOLE_MAX = 400
NAMED_MAX = 4
_FIELDS_MAX = 6
_ENTRIES_MAX = 4

type Facts = Mapping[str, Any]


def change(facts: Facts) -> str:
    """Say one change: "refunded 0.00 → 40.00 (order 12, billing)"."""
    return _with_place(_what(facts, VALUE_MAX), facts)


def changes(told: Sequence[Facts]) -> tuple[str, str]:
    """Say changes in a line, each once, and whole where the line leaves something out.

    What shares a place says it once, at the end.
    """
    found = each_once(told)
    line = _joined(found[:NAMED_MAX], VALUE_MAX)
    more = len(found) - NAMED_MAX
    if more > 0:
        line += f" and {more} more"
    whole = _joined(found, WHOLE_MAX)
    return line, "" if whole == line else whole


def each_once(told: Iterable[Facts]) -> Sequence[Facts]:
    """Leave out what is told a second time; what was there before is kept from either."""
    found: list[dict[str, Any]] = []
    for facts in told:
        known = next((each for each in found if _is_same(each, facts)), None)
        if known is None:
            found.append(dict(facts))
            continue
        if _is_cut(known.get("after")):
            known.update(facts)
        for name, value in facts.items():
            known.setdefault(name, value)
    return found


def _is_same(one: Facts, other: Facts) -> bool:
    if (one.get("field"), _where(one)) != (other.get("field"), _where(other)):
        return False
    after, then = _value_of(one, "after"), _value_of(other, "after")
    return _is_cut(after) or _is_cut(then) or _plain(after) == _plain(then)


def _is_cut(value: object) -> bool:
    """Say whether this was a list or a record, too long to be kept whole."""
    return (
        isinstance(value, str)
        and _value_of({"": value}, "") is value
        and value[:1] in ("[", "{")
    )


def _plain(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, sort_keys=True, default=str)


def _joined(told: Sequence[Facts], limit: int) -> str:
    places = {_place(facts) for facts in told}
    if len(places) == 1:
        text = "; ".join(_what(facts, limit) for facts in told)
        return _with_place(text, told[0])
    return "; ".join(_with_place(_what(facts, limit), facts) for facts in told)


def _what(facts: Facts, limit: int) -> str:
    name = short(facts.get("field") or _where(facts) or "something", 80)
    if facts.get("field"):
        name = name.replace("_", " ")
    if "before" not in facts and "after" not in facts:
        return name
    return f"{name} {_from_to(facts, limit)}"


def _from_to(facts: Facts, limit: int) -> str:
    before, after = _value_of(facts, "before"), _value_of(facts, "after")
    is_both = isinstance(before, list | dict) and isinstance(after, list | dict)
    if is_both and type(before) is type(after):
        differing = _differing(before, after, limit)
        if differing:
            return f"changed: {differing}"
    return f"{said(before, limit)} → {said(after, limit)}"


def said(value: object, limit: int = VALUE_MAX) -> str:
    """Say a value without brackets and quotes."""
    if isinstance(value, Mapping):
        parts = [
            f"{str(key).replace('_', ' ')} {said(each, limit)}"
            for key, each in value.items()
        ]
        return _some(parts, _FIELDS_MAX, limit) or "nothing"
    if isinstance(value, list):
        parts = [said(each, limit) for each in value]
        if len(parts) > 1 and any(isinstance(each, dict) for each in value):
            return f"{count(len(parts), 'entry', 'entries')}"
        return _some(parts, _ENTRIES_MAX, limit) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return "nothing"
    if _is_cut(value):
        return "a record too long to show here"
    return short(str(value), limit)


def _differing(before: Any, after: Any, limit: int) -> str:
    """Say what is other, place by place; "" where nothing is."""
    if isinstance(before, dict):
        names = [*before, *(name for name in after if name not in before)]
        parts = [
            f"{str(name).replace('_', ' ')} {said(old, limit)} → {said(new, limit)}"
            for name in names
            if (old := before.get(name)) != (new := after.get(name))
        ]
        return _some(parts, _FIELDS_MAX, limit * 2)
    kept = next(
        (
            n
            for n, pair in enumerate(zip(before, after, strict=False))
            if pair[0] != pair[1]
        ),
        min(len(before), len(after)),
    )
    if kept == len(before) < len(after):
        return f"added {_entries(after[kept:], limit)}"
    if kept == len(after) < len(before):
        return f"removed {_entries(before[kept:], limit)}"
    if len(before) != len(after):
        return f"{count(len(before), 'entry', 'entries')} → {count(len(after), 'entry', 'entries')}"
    parts = [
        f"entry {number}: {_one(old, new, limit)}"
        for number, (old, new) in enumerate(zip(before, after, strict=True), start=1)
        if old != new
    ]
    return _some(parts, _ENTRIES_MAX, limit * 4)


def _one(old: Any, new: Any, limit: int) -> str:
    if isinstance(old, dict) and isinstance(new, dict):
        return _differing(old, new, limit)
    return f"{said(old, limit)} → {said(new, limit)}"


def _entries(values: list[Any], limit: int) -> str:
    parts = [
        f"({said(each, limit)})" if isinstance(each, dict) else said(each, limit)
        for each in values
    ]
    return _some(parts, _ENTRIES_MAX, limit * 4)


def _some(parts: Sequence[str], most: int, limit: int) -> str:
    return short(
        listed(parts[:most], len(parts) - most)
        if len(parts) > most
        else ", ".join(parts),
        max(limit, VALUE_MAX) * 2,
    )


def _value_of(facts: Facts, name: str) -> Any:
    """Give a value; a list or a record that came as JSON text is read."""
    value = facts.get(name)
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _where(facts: Facts) -> str:
    where = facts.get("resource")
    if isinstance(where, Mapping):
        return " ".join(str(part) for part in where.values())
    return str(where or "")


def _place(facts: Facts) -> str:
    parts = (facts.get("field") and _where(facts), facts.get("system"))
    return ", ".join(short(part, 60) for part in parts if part)


def _with_place(text: str, facts: Facts) -> str:
    place = _place(facts)
    return f"{text} ({place})" if place else text
