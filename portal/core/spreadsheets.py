"""Files for spreadsheets: lines of CSV in which nothing can run as a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

# What a spreadsheet would take for a formula, or for a separator before one.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def escaped(cell: str) -> str:
    """Give a cell that no spreadsheet runs: a leading apostrophe makes it text."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a head row and every row as lines of CSV, one after another."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(head)
    for row in rows:
        writer.writerow([escaped(cell) for cell in row])
        yield _taken(file)
    if file.tell():
        yield _taken(file)


def _taken(file: io.StringIO) -> str:
    text = file.getvalue()
    file.seek(0)
    file.truncate()
    return text
