"""A way to change the rulebook, the blanks to fill in, and the change that comes of it."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

Document = Mapping[str, Any]
Given = Mapping[str, str]
Problems = Mapping[str, str]

LINES_MAX = 20
LINE_LENGTH_MAX = 120
AMOUNT_MAX = Decimal(10) ** 12
EFFECTS = {
    "review": "asks a person",
    "escalate": "escalates",
    "refuse": "refuses",
    "hold": "refuses and holds the run",
}
_ROW_KEYS = {"stop_rules": "key", "caps": "key", "checks": "name", "tools": "name"}


@dataclass(frozen=True)
class Blank:
    """One field of the small form; `value` is what it says before somebody changes it."""

    name: str
    label: str
    kind: str
    value: str = ""
    options: tuple[tuple[str, str], ...] = ()
    help: str = ""


@dataclass(frozen=True)
class Change:
    """One part of the page set anew; no value takes the part out."""

    part: str
    value: Mapping[str, Any] | None
    words: str


@dataclass(frozen=True)
class Way:
    """One thing that could be changed: its blanks, and what they make of it."""

    key: str
    label: str
    blanks: tuple[Blank, ...]
    build: Callable[[Given], "Change | Problems"]

    @property
    def usual(self) -> Given:
        return {blank.name: blank.value for blank in self.blanks}


def applied(document: Document, change: Change) -> dict[str, Any]:
    """Return the page with the change in it; the old one stays as it was."""
    changed = copy.deepcopy(dict(document))
    head, _, rest = change.part.partition(".")
    if not rest:
        return changed | {head: dict(change.value or {})}
    rows = list(changed.get(head, ()))
    place = next(
        (at for at, row in enumerate(rows) if _name_of(head, row) == rest), None
    )
    if place is not None:
        rows[place : place + 1] = [] if change.value is None else [dict(change.value)]
    elif change.value is not None:
        rows.append(dict(change.value))
    if head == "allowances":
        rows.sort(key=lambda row: (row["system"], row["verb"]))
    return changed | {head: rows}


def number_in(
    text: str, *, at_most: Decimal = AMOUNT_MAX, is_whole: bool = False
) -> Decimal | None:
    """Read a number of a form: not negative, finite, with few digits; None for anything else."""
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    if not value.is_finite() or value < 0 or value > at_most or len(text) > 20:
        return None
    return None if is_whole and value != value.to_integral_value() else value


def plain(value: Decimal) -> str:
    """Write a number as a page holds it: no exponent, no zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(value: Decimal) -> str:
    """Write an amount as a page holds it, with cents."""
    return format(value.quantize(Decimal("0.01")), "f")


def lines_in(text: str) -> tuple[str, ...]:
    """Read one entry a line, each once."""
    return tuple(
        dict.fromkeys(
            " ".join(line.split()) for line in text.splitlines() if line.strip()
        )
    )


def lines_problem(lines: tuple[str, ...]) -> str:
    """Say what is wrong with the lines, or nothing."""
    if not lines:
        return "Write at least one, one a line."
    if len(lines) > LINES_MAX or max(map(len, lines)) > LINE_LENGTH_MAX:
        return f"At most {LINES_MAX} lines of {LINE_LENGTH_MAX} characters."
    return ""


def named(words: tuple[str, ...] | list[str]) -> str:
    """Write names in quotes, with "and" before the last."""
    quoted = [f"“{word}”" for word in words]
    return " and ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def free_key(document: Document, wanted: str) -> str:
    """Give a key for a new stop rule that no other rule has."""
    taken = {row.get("key") for row in document.get("stop_rules", ())}
    tried = [wanted, *(f"{wanted}-{number}" for number in range(2, 200))]
    return next(key for key in tried if key not in taken)


def _name_of(head: str, row: Mapping[str, Any]) -> str:
    if head == "allowances":
        return f"{row['system']}.{row['verb']}"
    return str(row.get(_ROW_KEYS[head]))
