"""Journal entries as files that leave the portal: CSV for people, JSON for proof."""

import csv
import io
import json
from collections.abc import Iterable

from portal.audit.queries import Exported
from portal.core.http import wire_time

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
# What a spreadsheet would take for a formula, or for a separator before one.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def escaped(cell: str) -> str:
    """Give a cell that no spreadsheet runs: a leading apostrophe makes it text."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def as_csv(entries: Iterable[Exported]) -> str:
    """Write one row per entry, oldest first, with a head row."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerow([escaped(cell) for cell in _cells(entry)])
    return file.getvalue()


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
