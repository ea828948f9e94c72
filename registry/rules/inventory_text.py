"""Bytes of a text file to records: the encoding, the delimiter, quoted newlines.

Certain tries come first (a mark at the start, UTF-8 that is valid); only then is an
encoding chosen by what its letters look like. What was chosen is always said.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from registry.rules.inventory import (
    CELL_LENGTH_MAX,
    COLUMNS_MAX,
    ROWS_MAX,
    InventoryError,
    Row,
)

ENCODINGS: dict[str, str] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "mac_roman": "Mac Roman",
    "iso8859_15": "ISO 8859-15",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp437": "DOS",
    "shift_jis": "Shift JIS",
    "gb18030": "GB 18030",
}
DELIMITERS: dict[str, str] = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "vertical bar",
}
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_HEAD_LENGTH = 64 * 1024
_LINES_BEFORE_HEADER = 50
# What stands in texts about work, once it is decoded as it was meant.
_LIKELY = frozenset("’‘“”–—…•éèêëàâäáçñöóôüúîïíßøåæœÄÖÜÉÀ°€£§®™©·×²³µ½\u00a0")
Guess = Callable[[bytes], str | None]


@dataclass(frozen=True)
class Decoded:
    """The text, its encoding, and whether that is certain."""

    text: str
    encoding: str
    is_certain: bool


def decode(data: bytes, *, encoding: str = "", guess: Guess | None = None) -> Decoded:
    """Return the bytes as text, by the encoding that was chosen, else by tries.

    `guess` names a further candidate. Raises InventoryError for what is no text.
    """
    if encoding:
        return Decoded(_strictly(data, encoding), encoding, is_certain=True)
    for mark, name in _MARKS:
        if data.startswith(mark):
            return Decoded(_strictly(data, name), name, is_certain=True)
    wide = _without_mark(data)
    if wide:
        return Decoded(_strictly(data, wide), "utf-16", is_certain=False)
    if b"\x00" in data[:_HEAD_LENGTH]:
        raise InventoryError(
            "This is not a text file and not a spreadsheet that is read here."
            " Save it as CSV or XLSX and upload it again."
        )
    try:
        return Decoded(data.decode("utf-8"), "utf-8", is_certain=True)
    except UnicodeDecodeError:
        return _likeliest(data, guess)


def _strictly(data: bytes, encoding: str) -> str:
    python_name = "utf-8-sig" if encoding == "utf-8" else encoding
    try:
        return data.decode(python_name).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError) as error:
        shown = ENCODINGS.get(encoding, encoding)
        raise InventoryError(
            f"The file is not {shown} throughout. Choose another encoding."
        ) from error


def _without_mark(data: bytes) -> str:
    """Return the UTF-16 that text without a mark is in, told by where its zeros stand."""
    head = data[:4096]
    if len(head) < 4 or head.count(0) < len(head) // 4:
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 4 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 4 * odd else ""


def _likeliest(data: bytes, guess: Guess | None) -> Decoded:
    candidates = ["cp1252", "mac_roman"]
    guessed = guess(data) if guess else None
    if guessed and guessed not in ("utf-8", "ascii", *candidates):
        candidates.append(guessed)
    best: tuple[float, str, str] | None = None
    for place, name in enumerate(candidates):
        try:
            text = data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        score = _plausibility(text) - place / 1000
        if best is None or score > best[0]:
            best = (score, name, text)
    if best is None:
        return Decoded(data.decode("latin-1"), "iso8859_15", is_certain=False)
    return Decoded(best[2], best[1], is_certain=False)


def _plausibility(text: str) -> float:
    """Return how much the letters beyond ASCII look as if they were meant, per letter."""
    score = count = 0.0
    before = " "
    after_next = text[1:] + " "
    for letter, after in zip(text, after_next, strict=True):
        if letter > "\x7f":
            count += 1
            score += _letter_score(before, letter, after)
        before = letter
        if count >= 5_000:
            break
    return score / count if count else 0.0


def _letter_score(before: str, letter: str, after: str) -> float:
    if letter in "’‘“”–—…":
        return 3.0 if letter != "’" or before.isalpha() else 2.0
    if letter.isalpha():
        if letter.isupper() and before.islower():
            return -2.0
        if not before.isalpha() and not after.isalpha():
            return -1.5
        return 1.5 if letter in _LIKELY else 0.3
    if letter in _LIKELY:
        return 1.0
    return -2.0 if not letter.isprintable() else -0.5


def delimiter_of(text: str) -> str:
    """Return the delimiter under which the first records have most columns in common."""
    first = text[:_HEAD_LENGTH]
    if first[:4].lower() == "sep=" and first[4:5] in DELIMITERS:
        return first[4]
    best = (0.0, ",")
    for delimiter in DELIMITERS:
        try:
            records = list(_records(first, delimiter, strict=False))
        except csv.Error:
            continue
        # The last record may have been cut in two.
        widths = [len(cells) for _, cells in records[:-1] or records if any(cells)]
        if not widths:
            continue
        common, times = Counter(widths).most_common(1)[0]
        if common > 1:
            best = max(best, (common * times / len(widths), delimiter))
    return best[1]


def rows_of_text(text: str, delimiter: str) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Return the records with the line each begins at, and notes on how they were read.

    Raises InventoryError for a quote that is never closed, and for more than fits.
    """
    notes = []
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
        notes.append("The file holds null characters; they are shown as �.")
    if text[:4].lower() == "sep=":
        text = "\n" + text.partition("\n")[2]
    try:
        return _bounded(_records(text, delimiter, strict=True)), tuple(notes)
    except csv.Error as error:
        if "end of data" in str(error):
            raise InventoryError(_never_closed(text, delimiter)) from error
    try:
        found = _bounded(_records(text, delimiter, strict=False))
    except csv.Error as error:
        raise InventoryError(
            f"A cell is longer than {csv.field_size_limit():,} characters;"
            " is a quote missing?"
        ) from error
    notes.append(
        "Some quotes stand in the middle of a cell; they are kept as they are."
    )
    return found, tuple(notes)


def _records(
    text: str, delimiter: str, *, strict: bool
) -> Iterable[tuple[int, list[str]]]:
    lines = (found[0] for found in _LINE.finditer(text))
    reader = csv.reader(lines, delimiter=delimiter, strict=strict)
    began = 1
    for cells in reader:
        yield began, cells
        began = reader.line_num + 1


def _never_closed(text: str, delimiter: str) -> str:
    line = 1
    for began, _ in _records(text, delimiter, strict=False):
        line = began
    return f"A quote that opens in line {line} or after it is never closed. Close it and upload the file again."


def _bounded(records: Iterable[tuple[int, list[str]]]) -> tuple[Row, ...]:
    kept = []
    for line, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        kept.append(checked_row(line, cells))
        if len(kept) > ROWS_MAX + _LINES_BEFORE_HEADER:
            raise InventoryError(too_many_rows())
    return tuple(kept)


def checked_row(line: int, cells: Iterable[str]) -> Row:
    """Return a row whose cells fit. Raises InventoryError."""
    found = [cell.strip() for cell in cells]
    while found and not found[-1]:
        found.pop()
    if len(found) > COLUMNS_MAX:
        raise InventoryError(
            f"Line {line} has {len(found)} columns; at most {COLUMNS_MAX} are read."
        )
    longest = max(map(len, found), default=0)
    if longest > CELL_LENGTH_MAX:
        raise InventoryError(
            f"A cell in line {line} has {longest:,} characters; at most"
            f" {CELL_LENGTH_MAX:,} fit. Is a quote missing?"
        )
    return Row(line, tuple(found))


def too_many_rows() -> str:
    return (
        f"The file has more than {ROWS_MAX:,} rows, which is the most that is imported"
        " at once. Split it and import one part after the other."
    )
