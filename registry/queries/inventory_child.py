"""Reads one spreadsheet in a process of its own, under limits, and writes it out as JSON.

A spreadsheet can unpack to a thousand times its size, or claim a cell in the last row of
the last column; here that ends this process and nothing else. It knows nothing of the
portal and reads only what it is given.
"""

import datetime
import json
import resource
import sys

MEMORY_BYTES_MAX = 1024 * 1024 * 1024
CPU_SECONDS_MAX = 30
TEXT_BYTES_MAX = 64 * 1024 * 1024


def main() -> None:
    """Read bytes from stdin; the arguments are the most rows and columns, and a sheet."""
    rows_max, columns_max, asked = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    from io import BytesIO

    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(BytesIO(sys.stdin.buffer.read()))
        sheets = [
            each.name
            for each in book.sheets_metadata
            if each.visible == SheetVisibleEnum.Visible
        ] or list(book.sheet_names)
        best: tuple[int, str, list] = (-1, "", [])
        for name in [asked] if asked else sheets[:20]:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            filled = sum(1 for row in rows for cell in row if cell not in ("", None))
            if filled > best[0]:
                best = (filled, name, rows)
    except (CalamineError, ValueError, OSError) as error:
        sys.stdout.write(json.dumps({"error": str(error)[:200]}))
        return
    kept = []
    for line, cells in enumerate(best[2], start=1):
        texts = [text_of(cell) for cell in cells[: columns_max + 1]]
        if any(texts):
            kept.append([line, texts])
        if len(kept) > rows_max:
            break
    answer = json.dumps({"sheets": sheets, "sheet": best[1], "rows": kept})
    if len(answer) > TEXT_BYTES_MAX:
        answer = '{"error": "it holds too much text"}'
    sys.stdout.write(answer)


def text_of(cell: object) -> str:
    """Give a cell as a person would type it: 5 for 5.0, a date without midnight."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "Yes" if cell else "No"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        is_day = (cell.hour, cell.minute, cell.second) == (0, 0, 0)
        return cell.date().isoformat() if is_day else cell.isoformat(" ", "minutes")
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell).replace("\x00", "\ufffd")


if __name__ == "__main__":
    main()
