"""The page on which the columns of a change log are matched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.core.errors import Invalid
from registry.queries.inventory_files import FileRead, Reading
from registry.rules.inventory_text import DELIMITERS, ENCODINGS
from runs.queries.change_log_rows import file_of, reading_of
from runs.queries.change_logs import import_seen_by
from runs.rules.change_log import LEFT_OUT, ORDERS, problems_of

SAMPLES = 3
ZONES = (
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
)


@dataclass(frozen=True)
class Wanted:
    """What the form said."""

    mapping: Mapping[int, str] = field(default_factory=dict)
    system: str = ""
    zone: str = ""
    order: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_line: int = 0


@dataclass(frozen=True)
class Column:
    index: int
    heading: str
    meaning: str
    samples: tuple[str, ...]


@dataclass(frozen=True)
class ColumnsPage:
    read: FileRead | None
    columns: tuple[Column, ...]
    mapping: Mapping[int, str]
    choices: Mapping[str, str]
    reading: Reading
    problems: Mapping[str, str]


def columns_page(
    *, actor: Actor, import_id: UUID, wanted: Wanted | None, now: datetime
) -> ColumnsPage:
    """Give the columns of a log with what they are taken for. Raises NotFound."""
    source = import_seen_by(actor, import_id)
    reading = reading_of(source)
    mapping = {int(index): said for index, said in source.mapping.items()}
    choices = dict(source.choices)
    if wanted is not None:
        reading = Reading(
            wanted.encoding if wanted.encoding in ENCODINGS else "",
            wanted.delimiter if wanted.delimiter in DELIMITERS else "",
            wanted.sheet,
            wanted.header_line,
        )
        mapping = dict(wanted.mapping)
        choices = {
            "system": wanted.system,
            "zone": wanted.zone if wanted.zone in ZONES else "UTC",
            "order": wanted.order if wanted.order in ORDERS else "",
        }
    try:
        read = file_of(source, reading)
    except Invalid as problem:
        return ColumnsPage(None, (), mapping, choices, reading, problem.fields)
    headings = read.table.columns
    whole = {index: mapping.get(index, LEFT_OUT) for index in range(len(headings))}
    columns = tuple(
        Column(index, heading, whole[index], _samples(read, index))
        for index, heading in enumerate(headings)
    )
    problems = problems_of(whole, len(headings))
    return ColumnsPage(read, columns, whole, choices, reading, problems)


def _samples(read: FileRead, index: int) -> tuple[str, ...]:
    found = []
    for row in read.table.rows:
        if (
            index < len(row.cells)
            and row.cells[index]
            and row.cells[index] not in found
        ):
            found.append(row.cells[index])
        if len(found) == SAMPLES:
            break
    return tuple(text[:60] for text in found)
