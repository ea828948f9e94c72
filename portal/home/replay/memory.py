"""What an agent has read so far in one conversation: its evidence, and the state before.

A record is known by the arguments that name it (`reservation_id`), so that what a change
starts from is what was really read and nothing else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# As many as a request may have.
EVIDENCE_KEPT_MAX = 50
EXCERPT_LENGTH_MAX = 4000
FIELDS_TOLD_MAX = 40
_ID = "_id"


@dataclass(frozen=True)
class Reading:
    """One successful reading: which tool, about what, and what came back."""

    tool: str
    system: str
    args: Mapping[str, Any]
    result: str
    at: datetime

    @property
    def label(self) -> str:
        about = " ".join(str(value) for value in self.args.values())
        return f"{spoken(self.tool)} {about}".strip()[:200]


@dataclass
class Memory:
    """Grows while a conversation is played."""

    readings: list[Reading] = field(default_factory=list)
    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def keep(self, reading: Reading) -> None:
        """Remember a reading, and the record that it shows, under each of its names."""
        self.readings.append(reading)
        record = record_in(reading.result)
        named = resource_of(reading.args) or (resource_of(record) if record else None)
        if record is not None and named is not None:
            self.records[named] = record

    def learn(self, result: str) -> None:
        """Remember the record that a change left behind, by the first id in it."""
        record = record_in(result)
        named = resource_of(record) if record else None
        if record is not None and named is not None:
            self.records[named] = record

    def before(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Give the record that these arguments are about, with what belongs to it."""
        named = resource_of(args)
        if named is None:
            return {}
        record = self.records.get(named)
        if record is None:
            return {}
        found = dict(record)
        for key, value in record.items():
            owner = key.removesuffix(_ID)
            if key != named[0] and key.endswith(_ID) and owner not in found:
                other = self.records.get((key, str(value)))
                if other is not None:
                    found[owner] = other
        return found

    def evidence(self) -> list[dict[str, Any]]:
        """Give the latest readings, each record once, in the order they were read."""
        latest: dict[str, Reading] = {}
        for reading in self.readings:
            latest.pop(reading.label, None)
            latest[reading.label] = reading
        return [
            {
                "label": reading.label,
                "source": reading.system,
                "excerpt": reading.result[:EXCERPT_LENGTH_MAX],
                "retrieved_at": reading.at.isoformat(),
            }
            for reading in list(latest.values())[-EVIDENCE_KEPT_MAX:]
        ]


def record_in(result: str) -> dict[str, Any] | None:
    """Give the JSON object in a tool's result, or None."""
    try:
        found = json.loads(result)
    except (TypeError, json.JSONDecodeError):
        return None
    return found if isinstance(found, dict) and found else None


def resource_of(args: Mapping[str, Any]) -> tuple[str, str] | None:
    """Say which record a call is about: the first argument that is an id."""
    return next(
        (
            (key, value)
            for key, value in args.items()
            if key.endswith(_ID) and isinstance(value, str) and value
        ),
        None,
    )


def after(before: Mapping[str, Any], args: Mapping[str, Any]) -> dict[str, Any]:
    """Give the record as it would be: what the call names is replaced.

    Empty where nothing of the record is named, so that no difference is made up.
    """
    named = resource_of(args)
    touched = {
        key: value
        for key, value in args.items()
        if key in before and (named is None or key != named[0])
    }
    return {**before, **touched} if touched else {}


def changes(
    *, system: str, args: Mapping[str, Any], before: Mapping[str, Any], result: str
) -> list[dict[str, Any]]:
    """List what a successful call changed, read from what the tool answered."""
    named = resource_of(args)
    resource = named[1] if named else ""
    record = record_in(result)
    if record is None:
        return [_change(system, resource, "record", None, result[:200])]
    is_known = bool(before) and named is not None and record.get(named[0]) == named[1]
    if not is_known:
        own = next((str(v) for k, v in record.items() if k.endswith(_ID)), resource)
        return [_change(system, own, "created", None, own)]
    found = [
        _change(system, resource, key, before.get(key), value)
        for key, value in record.items()
        if before.get(key) != value
    ]
    return found[:FIELDS_TOLD_MAX]


def _change(
    system: str, resource: str, name: str, old: Any, new: Any
) -> dict[str, Any]:
    return {
        "system": system,
        "resource": resource[:200],
        "field": name[:200],
        "before": old,
        "after": new,
    }


def spoken(name: str) -> str:
    """Write a tool's name as words."""
    return name.replace("_", " ").strip().capitalize()
