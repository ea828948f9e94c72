"""The rows of a file of completions: which column is which, and what each row says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from registry.rules.inventory import Row, key_of

MEANINGS: Mapping[str, frozenset[str]] = {
    "person": frozenset(
        {"person", "e-mail", "email", "person e-mail", "person email", "mail", "who"}
    ),
    "course": frozenset({"course", "training", "course name"}),
    "date": frozenset({"date", "completed", "completed on", "completed_on", "day"}),
    "note": frozenset({"note", "evidence", "reference", "certificate"}),
}
NEEDED = ("person", "course", "date")
WRITTEN_AS = ("%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%d %b %Y")


class RowState(StrEnum):
    """What becomes of a row. A wrong one keeps the whole file from being recorded."""

    READY = "ready"
    KNOWN = "known"
    WRONG = "wrong"


@dataclass(frozen=True)
class Said:
    """What one row says, its day read; `problem` tells why it could not be."""

    line: int
    person: str
    course: str
    day: date | None
    note: str
    problem: str = ""


def columns_of(names: Sequence[str]) -> dict[str, int]:
    """Return the place of each column by its meaning; the first of several counts."""
    found: dict[str, int] = {}
    for place, name in enumerate(names):
        for meaning, words in MEANINGS.items():
            if key_of(name) in words:
                found.setdefault(meaning, place)
    return found


def missing_columns(found: Mapping[str, int]) -> str:
    """Say which columns are missing, or nothing."""
    missing = [each for each in NEEDED if each not in found]
    if not missing:
        return ""
    return (
        f"There is no column {' and no column '.join(missing)}. The first line names the"
        " columns: person, course, date."
    )


def said_by(row: Row, columns: Mapping[str, int]) -> Said:
    """Return what a row says."""

    def cell(meaning: str) -> str:
        place = columns.get(meaning)
        if place is None or place >= len(row.cells):
            return ""
        return " ".join(row.cells[place].split())

    text = cell("date")
    day = day_in(text)
    missing = [each for each in NEEDED if not cell(each)]
    problem = f"The {' and the '.join(missing)} is missing." if missing else ""
    if not problem and day is None:
        problem = f"“{text[:40]}” is not a day. Write it as 2026-03-31."
    return Said(row.line, cell("person"), cell("course"), day, cell("note"), problem)


def day_in(text: str) -> date | None:
    """Read a day that can be read in one way only; 03/04/2026 cannot."""
    for form in WRITTEN_AS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
