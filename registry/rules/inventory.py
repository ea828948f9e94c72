"""An inventory of AI use cases as a table: its columns, its rows, and what a column can mean.

Read in this order: this file (shapes and limits), `inventory_text` (bytes to cells),
`inventory_table` (cells to a table), `inventory_columns` (what a column probably means),
`inventory_rows` (a row to a draft, or the reason why not). Nothing here reads a file.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from registry.rules.gaps import QUESTIONS

ROWS_MAX = 5_000
COLUMNS_MAX = 100
CELL_LENGTH_MAX = 10_000
NAME_LENGTH_MAX = 120
PURPOSE_LENGTH_MAX = 300
ANSWER_LENGTH_MAX = 4_000
IDENTIFIER_LENGTH_MAX = 200
VALUES_MAPPED_MAX = 200
FILE_BYTES_MAX = 20 * 1024 * 1024
_SPACES = re.compile(r"\s+")


class InventoryError(Exception):
    """A file that cannot be read as a table; the text says why and what now."""


@dataclass(frozen=True)
class Row:
    """One record: the line it begins at, and its cells as text."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A file as a table. `notes` says what a reader should know about how it was read."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    header_line: int
    notes: tuple[str, ...] = ()


class Meaning(StrEnum):
    """What a column is taken for. A column that is nothing else is kept as a note."""

    NAME = "name"
    PURPOSE = "purpose"
    DEPARTMENT = "department"
    BUSINESS_OWNER = "business_owner"
    RISK = "risk"
    IDENTIFIER = "identifier"
    TEMPLATE = "template"
    STAGE = "stage"
    NOTE = "note"
    LEFT_OUT = "left_out"


ANSWER_PREFIX = "answer."
MEANINGS: Mapping[str, str] = {
    Meaning.NOTE: "Keep as a note",
    Meaning.LEFT_OUT: "Leave out",
    Meaning.NAME: "Name",
    Meaning.PURPOSE: "Purpose",
    Meaning.DEPARTMENT: "Department",
    Meaning.BUSINESS_OWNER: "Business owner",
    Meaning.RISK: "Risk",
    Meaning.IDENTIFIER: "Number in your inventory",
    Meaning.TEMPLATE: "Template",
    Meaning.STAGE: "Stage (kept as a note)",
    **{f"{ANSWER_PREFIX}{each.key}": f"Answer: {each.text}" for each in QUESTIONS},
}
REPEATABLE = frozenset({Meaning.NOTE, Meaning.LEFT_OUT})


class Status(StrEnum):
    """What becomes of a row."""

    READY = "READY"
    REPEATED = "REPEATED"
    KNOWN = "KNOWN"
    WRONG = "WRONG"
    LEFT_OUT = "LEFT_OUT"


@dataclass(frozen=True)
class Planned:
    """What one row comes to. `remarks` are about a row that is registered all the same."""

    line: int
    status: Status
    name: str
    reason: str = ""
    remarks: tuple[str, ...] = ()
    identifier: str = ""
    purpose: str = ""
    department: str = ""
    owner: str = ""
    risk: str = "medium"
    template: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[tuple[str, str], ...] = ()


def key_of(text: str) -> str:
    """Return a text as it is compared: without case, accents of width, or extra spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _SPACES.sub(" ", folded).strip()


def shortened(text: str, length_max: int) -> str:
    """Return a text cut at a word so that it fits, with a mark where it was cut."""
    if len(text) <= length_max:
        return text
    head = text[: length_max - 1]
    at_word = head.rsplit(" ", 1)[0]
    kept = at_word if len(at_word) > length_max // 2 else head
    return kept.rstrip(" ,;:-–—") + "…"


def problems_of_mapping(mapping: Mapping[int, str], columns: int) -> dict[str, str]:
    """Return what is wrong with a mapping, by the name of the field it is chosen in."""
    problems: dict[str, str] = {}
    seen: dict[str, int] = {}
    for index, meaning in sorted(mapping.items()):
        if meaning not in MEANINGS or not 0 <= index < columns:
            problems[f"column_{index}"] = "Choose one of the meanings."
        elif meaning not in REPEATABLE and meaning in seen:
            problems[f"column_{index}"] = (
                f"Two columns are taken for “{MEANINGS[meaning]}”; choose one of them."
            )
        seen.setdefault(meaning, index)
    if Meaning.NAME not in seen:
        problems.setdefault(
            "", "Say which column holds the name; nothing is registered without one."
        )
    return problems
