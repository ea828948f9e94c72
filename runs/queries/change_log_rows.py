"""The file of a change log as rows, and what each row would become. Takes nothing in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal.core.errors import Conflict
from portal.core.sealing import unseal
from registry.queries.inventory_files import FileRead, Reading, read_inventory
from runs.models import ChangeFile, ChangeImport, EventKey, ReportedChange
from runs.rules.change_log import event_of_row, order_of, said_in
from runs.rules.change_words import change as change_words

PURPOSE = "change log"


@dataclass(frozen=True)
class Planned:
    """What one row comes to."""

    line: int
    status: str
    event_id: str
    what: str
    reason: str = ""


def bytes_of(source: ChangeImport) -> bytes:
    """Open the sealed bytes of a log. Raises Conflict once they are erased."""
    file = ChangeFile.objects.filter(source=source).first()
    if file is None:
        raise Conflict("change_log.erased", "The file of this log is erased.")
    return unseal(bytes(file.data), purpose=PURPOSE, bound_to=source.id.bytes)


def reading_of(source: ChangeImport) -> Reading:
    """Give how a log is read."""
    return Reading(source.encoding, source.delimiter, source.sheet, source.header_line)


def file_of(source: ChangeImport, reading: Reading) -> FileRead:
    """Read the file of a log. Raises Invalid with the words to show."""
    return read_inventory(bytes_of(source), reading)


def planned_rows(
    source: ChangeImport,
    *,
    reading: Reading,
    mapping: Mapping[int, str],
    choices: Mapping[str, str],
    now: datetime,
) -> tuple[Planned, ...]:
    """Say what every row of a log comes to. Three queries, whatever its length.

    The words of a row are as the file says them: whoever keeps them hides first.
    """
    read = [
        (line, event) for line, event in _events(source, reading, mapping, choices, now)
    ]
    ids = [event["id"] for _, event in read if isinstance(event, dict)]
    known = _known(source, ids)
    seen: set[str] = set()
    planned = []
    for line, event in read:
        if isinstance(event, str):
            planned.append(Planned(line, "WRONG", "", "", event))
            continue
        status, reason = "READY", ""
        if event["id"] in seen:
            status, reason = "REPEATED", "An earlier row says exactly the same."
        elif event["id"] in known:
            status, reason = "KNOWN", "This very change was taken in before."
        seen.add(event["id"])
        what = change_words(event)
        planned.append(Planned(line, status, event["id"], what, reason))
    return tuple(planned)


def events_of(source: ChangeImport, *, now: datetime) -> list[dict[str, Any]]:
    """Give the events of a checked log, each once, as the check found them."""
    mapping = {int(index): said for index, said in source.mapping.items()}
    found: dict[str, dict[str, Any]] = {}
    for _, event in _events(source, reading_of(source), mapping, source.choices, now):
        if isinstance(event, dict):
            found.setdefault(event["id"], event)
    return list(found.values())


def _events(source, reading, mapping, choices, now):  # type: ignore[no-untyped-def]
    table = file_of(source, reading).table
    said = [(row.line, said_in(row.cells, mapping)) for row in table.rows]
    zone = ZoneInfo(choices.get("zone") or "UTC")
    order = choices.get("order") or order_of(row.get("at", "") for _, row in said)
    for line, row in said:
        yield (
            line,
            event_of_row(
                row,
                system=choices.get("system", ""),
                zone=zone,
                order=order,
                now=now,
            ),
        )


def _known(source: ChangeImport, ids: list[str]) -> set[str]:
    asked = {"source_id": source.source_id, "source_event_id__in": ids}
    found = set(
        EventKey.objects.filter(**asked).values_list("source_event_id", flat=True)
    )
    changes = ReportedChange.objects.filter(**asked)
    return found | set(changes.values_list("source_event_id", flat=True))
