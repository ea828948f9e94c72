"""A change log as a table: what its columns mean, and a row as the event it comes to.

The id of an event is made from what stands in its row, so that a log that is imported
twice, or in two overlapping parts, counts once.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any

from registry.rules.inventory_columns import words_of
from runs.rules.shapes import Rejected, shape

LEFT_OUT = "left_out"
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        LEFT_OUT: "Leave out",
        "at": "When it was changed",
        "resource": "What was changed (order 1182)",
        "resource_type": "What kind of thing (order)",
        "field": "Which field",
        "before": "Value before",
        "after": "Value after",
        "verb": "Verb (refund)",
        "system": "System",
        "grant": "Id of the grant",
        "run": "Run",
        "workflow": "Workflow",
        "number": "Number of the entry",
    }
)
NEEDED = ("at", "resource")
ORDERS: Mapping[str, str] = MappingProxyType(
    {"": "Find out", "dmy": "Day before month", "mdy": "Month before day"}
)
_SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "at": (
            *("at", "time", "timestamp", "changed at", "date time", "datetime", "when"),
            *("created at", "modified at", "date", "event time", "zeitpunkt", "datum"),
        ),
        "resource": (
            *("resource", "record", "object", "record id", "resource id", "object id"),
            *("order", "order id", "account", "entity", "entity id", "datensatz"),
        ),
        "resource_type": ("resource type", "record type", "object type", "entity type"),
        "field": ("field", "field name", "attribute", "property", "column", "feld"),
        "before": ("before", "old value", "old", "from", "previous value", "alt"),
        "after": ("after", "new value", "new", "to", "value", "amount", "neu"),
        "verb": ("verb", "action", "operation", "change type"),
        "system": ("system", "application", "source system"),
        "grant": ("grant", "grant id", "countersign grant", "authorisation"),
        "run": ("run", "run id", "case", "case id"),
        "workflow": ("workflow", "process"),
        "number": ("number", "id", "entry", "log id", "sequence", "change id", "key"),
    }
)
_EPOCH = re.compile(r"\d{10}(\d{3})?")
_NUMERIC = re.compile(
    r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})[ T]+(\d{1,2}):(\d\d)(?::(\d\d))?"
    r"(?:[.,]\d+)?\s*([AaPp][Mm])?"
)


def suggest(columns: Sequence[str]) -> dict[int, str]:
    """Say what each column probably means, by its name; each meaning is given once."""
    scores = []
    for index, heading in enumerate(columns):
        words = words_of(heading)
        for meaning, names in _SYNONYMS.items():
            if words in names:
                scores.append((1 - names.index(words) / 100, -index, meaning))
            elif any(set(name.split()) <= set(words.split()) for name in names):
                scores.append((0.5, -index, meaning))
    chosen: dict[int, str] = {}
    for _, minus, meaning in sorted(scores, reverse=True):
        if -minus not in chosen and meaning not in chosen.values():
            chosen[-minus] = meaning
    return {index: chosen.get(index, LEFT_OUT) for index in range(len(columns))}


def problems_of(mapping: Mapping[int, str], columns: int) -> dict[str, str]:
    """Say what is wrong with a mapping, by the field it is chosen in."""
    problems: dict[str, str] = {}
    seen: set[str] = set()
    for index, meaning in sorted(mapping.items()):
        if meaning not in MEANINGS or not 0 <= index < columns:
            problems[f"column_{index}"] = "Choose one of the meanings."
        elif meaning != LEFT_OUT and meaning in seen:
            problems[f"column_{index}"] = (
                f"Two columns are taken for “{MEANINGS[meaning]}”; choose one of them."
            )
        seen.add(meaning)
    missing = [MEANINGS[name] for name in NEEDED if name not in seen]
    if missing:
        problems[""] = f"Say which column holds: {' and '.join(missing)}."
    return problems


def order_of(texts: Iterable[str]) -> str:
    """Find out whether days or months come first, from a value that leaves no doubt."""
    for text in texts:
        found = _NUMERIC.match(text.strip())
        if found and len(found[1]) <= 2:
            if int(found[1]) > 12:
                return "dmy"
            if int(found[2]) > 12:
                return "mdy"
    return ""


def time_of(text: str, *, zone: tzinfo, order: str) -> datetime | str:
    """Read a time of a log, or say why it cannot be read."""
    text = text.strip()
    if _EPOCH.fullmatch(text):
        seconds = int(text) / (1000 if len(text) == 13 else 1)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    try:
        found = datetime.fromisoformat(text)
        if ":" not in text:
            return f"“{text[:40]}” is a day without a time of day."
        return found if found.tzinfo else found.replace(tzinfo=zone)
    except ValueError:
        return _numeric(text, zone, order)


def _numeric(text: str, zone: tzinfo, order: str) -> datetime | str:
    found = _NUMERIC.fullmatch(text)
    if found is None:
        return f"“{text[:40]}” is no time with a day that can be read."
    first, second, third = (int(found[at]) for at in (1, 2, 3))
    if len(found[1]) == 4:
        year, month, day = first, second, third
    elif "." in text[:6] or order == "dmy":
        year, month, day = third, second, first
    elif order == "mdy":
        year, month, day = third, first, second
    else:
        return (
            f"“{text[:40]}” can be read two ways; say whether day or month comes first."
        )
    hour = int(found[4])
    if found[7]:
        hour = hour % 12 + (12 if found[7].lower() == "pm" else 0)
    try:
        return datetime(
            year, month, day, hour, int(found[5]), int(found[6] or 0), tzinfo=zone
        )
    except ValueError:
        return f"There is no such time as “{text[:40]}”."


def event_of_row(
    said: Mapping[str, str],
    *,
    system: str,
    zone: tzinfo,
    order: str,
    now: datetime,
) -> dict[str, Any] | str:
    """Read one row as the event that the system would have posted, or say what is wrong."""
    at = time_of(said.get("at", ""), zone=zone, order=order)
    if isinstance(at, str):
        return at
    thing = " ".join(
        part for part in (said.get("resource_type"), said.get("resource")) if part
    )
    if not said.get("resource"):
        return "It does not say what was changed."
    if not (said.get("system") or system):
        return "It does not say in which system. Name the system as grants name it."
    event: dict[str, Any] = {
        "kind": "change.made",
        "at": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "system": said.get("system") or system,
        "resource": thing,
    }
    for name in ("field", "before", "after", "verb", "grant", "run", "workflow"):
        if said.get(name):
            event[name] = said[name]
    content = json.dumps([event, said.get("number", "")], sort_keys=True)
    event["id"] = f"log:{hashlib.sha256(content.encode()).hexdigest()[:48]}"
    read = shape(event, now=now, is_system=True)
    return read.detail if isinstance(read, Rejected) else event


def said_in(cells: Sequence[str], mapping: Mapping[int, str]) -> dict[str, str]:
    """Give what a row says, by meaning."""
    return {
        meaning: cells[index].strip()
        for index, meaning in mapping.items()
        if meaning != LEFT_OUT and index < len(cells) and cells[index].strip()
    }
