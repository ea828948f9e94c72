"""Reading cells of the matrix out of a spreadsheet's text, cell by cell.

A block has its verbs in the first row and its systems in the first column, or is only the
cells, to be laid down from one cell on. What cannot be read is said with its place; a number
that can be read in two ways is not guessed.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from registry.rules.amounts import decimal_of
from registry.rules.answers import Authority
from registry.rules.verbs import VERBS

ROWS_MAX = 200
COLUMNS_MAX = 100
PROBLEMS_MAX = 200
SHOWN_LENGTH_MAX = 40

WORDS: Mapping[str, Authority] = {
    "allowed": Authority.ALLOWED,
    "allow": Authority.ALLOWED,
    "yes": Authority.ALLOWED,
    "y": Authority.ALLOWED,
    "may": Authority.ALLOWED,
    "review": Authority.REVIEW,
    "reviewed": Authority.REVIEW,
    "ask": Authority.REVIEW,
    "never": Authority.NEVER,
    "no": Authority.NEVER,
    "n": Authority.NEVER,
    "forbidden": Authority.NEVER,
}
BLANK = frozenset(["", "-", "–", "—", "blank", "none", "no row", "refused"])
_SIGNS = {"€": "EUR", "£": "GBP"}
_MONEY = r"(?:(?P<before>[A-Z]{3}|[€£])\s*)?(?P<amount>[0-9][0-9.,']*)\s*(?P<after>[A-Z]{3}|[€£])?"
_LIMIT = re.compile(
    rf"(?:≤|<=|=<|up to|max\.?|at most)\s*{_MONEY}(?![\w.,])", re.IGNORECASE
)
_COUNT = re.compile(
    r"(?P<count>\d{1,7})\s*(?:×|x|times)?\s*(?:a|per|/)\s*day\b", re.IGNORECASE
)
_QUORUM = re.compile(r"(?P<quorum>\d{1,2})\s*people\b", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s·,;]+")


@dataclass(frozen=True)
class Setting:
    """What a pasted cell says. Nothing said of a limit leaves the limit that is there."""

    authority: Authority | None
    amount_max: str = ""
    currency: str = ""
    count_per_day: int | None = None
    quorum: int | None = None


@dataclass(frozen=True)
class Problem:
    """What could not be read, with where it stands in the text."""

    place: str
    text: str


@dataclass(frozen=True)
class Sheet:
    cells: tuple[tuple[str, str, Setting], ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Frame:
    """The matrix that a block is read for: names by slug, and what is shown in order."""

    systems: Mapping[str, str]
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    at: tuple[str, str] | None = None


@dataclass
class _Reading:
    cells: list[tuple[str, str, Setting]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def note(self, place: str, text: str) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(place, text))


def read_sheet(text: str, frame: Frame) -> Sheet:
    """Read a pasted block. Every problem is told; a block with problems is not for use."""
    reading = _Reading()
    table = _table(text, reading)
    if table and not reading.problems:
        systems = _names(frame.systems)
        verbs = _names({slug: verb.label for slug, verb in VERBS.items()})
        _read(table, frame, systems, verbs, reading)
    _refuse_twice(reading)
    if not reading.cells and not reading.problems:
        reading.note("", "There is no cell in this text.")
    return Sheet(tuple(reading.cells), tuple(reading.problems))


def setting_of(text: str) -> Setting | str:
    """Read one cell; a text says why it cannot be read."""
    said = " ".join(text.split())
    if said.lower() in BLANK:
        return Setting(None)
    shown = _shown(said)
    limit, said = _taken(_LIMIT, said)
    count, said = _taken(_COUNT, said)
    quorum, said = _taken(_QUORUM, said)
    word = _BETWEEN.sub(" ", said).strip().lower()
    has_limit = bool(limit or count or quorum)
    authority = WORDS.get(word) if word else (Authority.ALLOWED if limit else None)
    if authority is None:
        if re.fullmatch(r"[0-9.,' ]+", word or "") or (not word and has_limit):
            return (
                f"“{shown}” is a number without a word. Write “allowed”, “review” or"
                " “never”, and a limit as “≤ 25”."
            )
        return f"“{shown}” is none of allowed, review, never, yes, no or blank."
    if authority == Authority.NEVER and has_limit:
        return f"“{shown}”: never has no limit."
    if authority == Authority.REVIEW and limit:
        return (
            f"“{shown}”: a limit of amount belongs to allowed; review asks every time."
        )
    money = _money(limit) if limit else ("", "")
    if isinstance(money, str):
        return money
    return Setting(
        authority,
        amount_max=money[0],
        currency=money[1],
        count_per_day=int(count["count"]) if count else None,
        quorum=int(quorum["quorum"]) if quorum else None,
    )


def _taken(pattern: re.Pattern[str], text: str) -> tuple[re.Match[str] | None, str]:
    found = pattern.search(text)
    return (
        found,
        text if not found else f"{text[: found.start()]} {text[found.end() :]}",
    )


def _money(found: re.Match[str]) -> tuple[str, str] | str:
    written = found["amount"].rstrip(".,")
    whole, comma, digits = written.partition(",")
    if (
        "'" in written
        or (comma and (len(digits) == 3 or "," in digits))
        or (comma and "." in written)
    ):
        return (
            f"“{_shown(written)}” can be read in two ways. Write the amount without"
            " signs between thousands, such as 1000 or 1000.50."
        )
    amount = decimal_of(written.replace(",", "."))
    if amount is None or amount > Decimal(10) ** 12:
        return f"“{_shown(written)}” is not a plain amount."
    codes = {
        _SIGNS.get(code, code.upper())
        for code in (found["before"], found["after"])
        if code
    }
    if len(codes) > 1:
        return f"“{_shown(found[0])}” names two currencies."
    return format(amount, "f"), next(iter(codes), "")


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _table(text: str, reading: _Reading) -> list[list[str]]:
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    first = text.split("\n", 1)[0]
    mark = "\t" if "\t" in text else ";" if ";" in first else ","
    try:
        rows = [
            [cell.strip() for cell in row]
            for row in csv.reader(_lines(text), delimiter=mark, strict=True)
        ]
    except csv.Error as error:
        reading.note("", f"The quotation marks do not close: {error}.")
        return []
    while rows and not any(rows[-1]):
        rows.pop()
    width = max((len(row) for row in rows), default=0)
    if len(rows) > ROWS_MAX or width > COLUMNS_MAX:
        reading.note("", f"At most {ROWS_MAX} rows and {COLUMNS_MAX} columns fit.")
        return []
    return [row + [""] * (width - len(row)) for row in rows]


def _read(
    table: list[list[str]],
    frame: Frame,
    systems: Mapping[str, str],
    verbs: Mapping[str, str],
    reading: _Reading,
) -> None:
    across, down = table[0][1:], [row[0] for row in table[1:]]
    if _knows(systems, across) and _knows(verbs, down):
        table = [list(column) for column in zip(*table, strict=True)]
        across, down = table[0][1:], [row[0] for row in table[1:]]
    if _knows(verbs, across) or _knows(systems, down):
        _read_headed(table, systems, verbs, reading)
    elif frame.at is None:
        reading.note(
            "Row 1",
            "No verb stands in the first row and no system in the first column. Add them,"
            " or paste with a cell of the matrix selected.",
        )
    else:
        _read_block(table, frame, reading)


def _read_headed(
    table: list[list[str]],
    systems: Mapping[str, str],
    verbs: Mapping[str, str],
    reading: _Reading,
) -> None:
    columns: list[str | None] = []
    for at, name in enumerate(table[0][1:], start=2):
        columns.append(verbs.get(_key(name)))
        if columns[-1] is None and (name or any(row[at - 1] for row in table[1:])):
            reading.note(
                f"Row 1, column {at}",
                f"“{_shown(name)}” is not a verb of the catalogue.",
            )
    for number, row in enumerate(table[1:], start=2):
        system = systems.get(_key(row[0]))
        if system is None:
            if any(row):
                reading.note(
                    f"Row {number}, column 1",
                    f"“{_shown(row[0])}” is not in the catalogue of systems; add it there"
                    " first.",
                )
            continue
        for at, (verb, text) in enumerate(zip(columns, row[1:], strict=True), start=2):
            if verb is not None:
                place = f"Row {number}, column {at} ({table[0][at - 1]}, {row[0]})"
                _read_cell(system, verb, text, place, reading)


def _read_block(table: list[list[str]], frame: Frame, reading: _Reading) -> None:
    if (
        frame.at is None
        or frame.at[0] not in frame.rows
        or frame.at[1] not in frame.columns
    ):
        reading.note("", "The cell to paste at is not in the matrix any more.")
        return
    top, left = frame.rows.index(frame.at[0]), frame.columns.index(frame.at[1])
    for down, row in enumerate(table):
        for right, text in enumerate(row):
            place = f"Row {down + 1}, column {right + 1}"
            if top + down >= len(frame.rows) or left + right >= len(frame.columns):
                if text:
                    reading.note(
                        place, f"“{_shown(text)}” falls outside of the matrix."
                    )
                continue
            system, verb = frame.rows[top + down], frame.columns[left + right]
            _read_cell(system, verb, text, place, reading)


def _read_cell(
    system: str, verb: str, text: str, place: str, reading: _Reading
) -> None:
    setting = setting_of(text)
    if isinstance(setting, str):
        reading.note(place, setting)
    else:
        reading.cells.append((system, verb, setting))


def _refuse_twice(reading: _Reading) -> None:
    seen: set[tuple[str, str]] = set()
    for system, verb, _ in reading.cells:
        if (system, verb) in seen:
            reading.note("", f"{VERBS[verb].label} in {system} stands there twice.")
        seen.add((system, verb))


def _names(labels: Mapping[str, str]) -> dict[str, str]:
    return {
        _key(name): slug for slug, label in labels.items() for name in (label, slug)
    }


def _knows(names: Mapping[str, str], texts: Sequence[str]) -> bool:
    return any(_key(text) in names for text in texts if text)


def _key(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text).strip().lower()


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN_LENGTH_MAX else f"{text[:SHOWN_LENGTH_MAX]}…"
