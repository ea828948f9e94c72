"""Journal entries as files that leave the portal: CSV for people, JSON for proof."""

import json
from collections.abc import Iterable

from portal.audit.queries import Exported
from portal.core.http import wire_time
from portal.core.spreadsheets import csv_lines

COLUMNS = (
    "at",
    "sentence",
    "name",
    "actor_kind",
    "actor",
    "subject_kind",
    "subject",
    "workflow",
    "stream",
    "sequence",
    "facts",
    "hash",
)


def as_csv(entries: Iterable[Exported]) -> str:
    """Write one row per entry, oldest first, with a head row."""
    return "".join(csv_lines(COLUMNS, map(_cells, entries)))


def as_json(entries: Iterable[Exported]) -> str:
    """Write every entry with the exact bytes that its hash is over."""
    documents = [
        {
            "id": str(entry.line.id),
            "body": entry.body,
            "previous_hash": entry.previous_hash,
            "hash": entry.hash,
            "entry": json.loads(entry.body),
        }
        for entry in entries
    ]
    return json.dumps({"entries": documents}, ensure_ascii=False, indent=1)


def _cells(entry: Exported) -> list[str]:
    line = entry.line
    return [
        wire_time(line.at) or "",
        line.sentence,
        line.name,
        line.actor_kind,
        line.actor_name,
        entry.subject_kind,
        entry.subject_id,
        str(line.workflow_id or ""),
        line.stream,
        str(line.sequence),
        json.dumps(entry.facts, ensure_ascii=False, sort_keys=True),
        entry.hash,
    ]
