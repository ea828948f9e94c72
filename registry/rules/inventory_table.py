"""Records to a table: which line names the columns, and what they are called."""

from collections.abc import Sequence

from registry.rules.inventory import ROWS_MAX, InventoryError, Row, Table
from registry.rules.inventory_text import too_many_rows

HEADER_AMONG = 20
_HEADING_LENGTH_MAX = 300


def table_of(
    rows: Sequence[Row], *, header_line: int = 0, notes: tuple[str, ...] = ()
) -> Table:
    """Return the table, its header chosen by line or found. Raises InventoryError."""
    if not rows:
        raise InventoryError("The file is empty. Choose another one.")
    place = _place_of(rows, header_line)
    header = rows[place]
    body = tuple(rows[place + 1 :])
    if not body:
        raise InventoryError(
            "There is only one line of cells, so nothing to import under it."
        )
    if len(body) > ROWS_MAX:
        raise InventoryError(too_many_rows())
    width = len(header.cells)
    if width == 0:
        raise InventoryError("The line with the columns' names is empty.")
    if place:
        notes = (
            *notes,
            f"{place} {'line' if place == 1 else 'lines'} above the columns' names"
            " are not imported.",
        )
    return Table(_named(header.cells), body, header.line, notes)


def _place_of(rows: Sequence[Row], header_line: int) -> int:
    if header_line:
        for place, row in enumerate(rows[:-1]):
            if row.line == header_line:
                return place
        raise InventoryError(f"Line {header_line} does not name columns.")
    return _likely_header(rows)


def _likely_header(rows: Sequence[Row]) -> int:
    """Return the first line that is as full as the fullest and looks like headings.

    Titles and merged cells above the real header fill only one or two cells.
    """
    first = rows[: min(HEADER_AMONG, len(rows))]
    fullest = max(_filled(row) for row in first)
    for place, row in enumerate(first):
        filled = [cell for cell in row.cells if cell]
        is_full = len(filled) >= max(1, round(fullest * 0.7))
        is_distinct = len(set(filled)) >= len(filled) * 0.5
        are_headings = all(
            len(cell) <= _HEADING_LENGTH_MAX and not _is_number(cell) for cell in filled
        )
        if is_full and is_distinct and are_headings:
            return place
    return 0


def _filled(row: Row) -> int:
    return sum(1 for cell in row.cells if cell)


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).replace(",", "").replace("-", "").isdigit()


def _named(cells: Sequence[str]) -> tuple[str, ...]:
    """Return names of which none is empty and none is there twice."""
    named: list[str] = []
    for number, cell in enumerate(cells, start=1):
        stem = " ".join(cell.split())[:_HEADING_LENGTH_MAX] or f"Column {number}"
        name, again = stem, 2
        while name in named:
            name, again = f"{stem} ({again})", again + 1
        named.append(name)
    return tuple(named)
