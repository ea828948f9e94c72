"""The bytes of an inventory as a table: text by its encoding, spreadsheets by a child process.

Costs no query. What cannot be read is Invalid, with what happened and what now.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes

from portal.core.errors import Invalid
from registry.rules.inventory import (
    COLUMNS_MAX,
    FILE_BYTES_MAX,
    ROWS_MAX,
    InventoryError,
    Row,
    Table,
)
from registry.rules.inventory_table import HEADER_AMONG, table_of
from registry.rules.inventory_text import (
    DELIMITERS,
    ENCODINGS,
    checked_row,
    decode,
    delimiter_of,
    rows_of_text,
)

CHILD = Path(__file__).with_name("inventory_child.py")
CHILD_SECONDS_MAX = 60
_GUESSED_FROM_BYTES = 256 * 1024
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


@dataclass(frozen=True)
class Reading:
    """How a file is to be read; an empty text and 0 stand for "find out"."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_line: int = 0


@dataclass(frozen=True)
class FileRead:
    """A table, how it was read, and what could be chosen instead."""

    table: Table
    is_spreadsheet: bool
    encoding: str
    encoding_is_certain: bool
    delimiter: str
    sheet: str
    sheets: tuple[str, ...]
    first_lines: tuple[tuple[int, str], ...]

    @property
    def how(self) -> str:
        """Say in words how the file was read."""
        if self.is_spreadsheet:
            return f"Sheet “{self.sheet}” of a spreadsheet"
        said = ENCODINGS.get(self.encoding, self.encoding)
        doubt = "" if self.encoding_is_certain else " by the look of it"
        return f"Text in {said}{doubt}, columns separated by {_article(self.delimiter)}"


def read_inventory(data: bytes, reading: Reading) -> FileRead:
    """Read a file as a table. Raises Invalid with the words to show."""
    if len(data) > FILE_BYTES_MAX:
        raise Invalid({"file": too_large(len(data))})
    try:
        if data.startswith(_SPREADSHEETS):
            return _spreadsheet(data, reading)
        return _text(data, reading)
    except InventoryError as error:
        raise Invalid({"file": str(error)}) from error


def too_large(size: int) -> str:
    """Say that a file is too large, and what now."""
    return (
        f"The file has {size / 1024 / 1024:,.0f} MiB; at most"
        f" {FILE_BYTES_MAX // 1024 // 1024} are read. Leave columns out, or split it."
    )


def _text(data: bytes, reading: Reading) -> FileRead:
    decoded = decode(data, encoding=reading.encoding, guess=_guess)
    if not decoded.text.strip():
        raise InventoryError("The file is empty. Choose another one.")
    delimiter = reading.delimiter or delimiter_of(decoded.text)
    rows, notes = rows_of_text(decoded.text, delimiter)
    table = table_of(rows, header_line=reading.header_line, notes=notes)
    return FileRead(
        table,
        is_spreadsheet=False,
        encoding=decoded.encoding,
        encoding_is_certain=decoded.is_certain,
        delimiter=delimiter,
        sheet="",
        sheets=(),
        first_lines=_first_lines(rows),
    )


def _spreadsheet(data: bytes, reading: Reading) -> FileRead:
    answer = _in_a_child(data, reading.sheet)
    if "error" in answer:
        raise InventoryError(
            "This spreadsheet cannot be read here. Save it as XLSX or CSV and upload"
            f" it again. ({answer['error']})"
        )
    rows = [checked_row(line, cells) for line, cells in answer["rows"]]
    if not rows:
        raise InventoryError(
            f"The sheet “{answer['sheet']}” is empty. Choose another one."
        )
    table = table_of(rows, header_line=reading.header_line)
    return FileRead(
        table,
        is_spreadsheet=True,
        encoding="",
        encoding_is_certain=True,
        delimiter="",
        sheet=answer["sheet"],
        sheets=tuple(answer["sheets"]),
        first_lines=_first_lines(rows),
    )


def _in_a_child(data: bytes, sheet: str) -> dict:
    command = [sys.executable, "-I", str(CHILD)]
    limits = [str(ROWS_MAX + HEADER_AMONG), str(COLUMNS_MAX)]
    try:
        child = subprocess.run(  # noqa: S603 - our own file, no shell
            [*command, *limits, sheet],
            input=data,
            capture_output=True,
            timeout=CHILD_SECONDS_MAX,
            check=False,
            env={"LANG": "C.UTF-8"},
        )
    except subprocess.TimeoutExpired:
        return {"error": "it took too long"}
    if child.returncode != 0:
        return {"error": "it unpacks to more than is read here"}
    return json.loads(child.stdout)


def _first_lines(rows: Sequence[Row]) -> tuple[tuple[int, str], ...]:
    """Give the lines that may name the columns, each with its first words."""
    return tuple(
        (row.line, ", ".join(cell for cell in row.cells if cell)[:80])
        for row in rows[:HEADER_AMONG]
    )


def _guess(data: bytes) -> str | None:
    best = from_bytes(data[:_GUESSED_FROM_BYTES]).best()
    return best.encoding if best is not None else None


def _article(delimiter: str) -> str:
    return f"a {DELIMITERS.get(delimiter, delimiter)}"
