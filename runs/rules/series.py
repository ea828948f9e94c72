"""Imported series: what columns mean, how a row is read, and how points become one value."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from registry.rules.inventory_columns import words_of

ROWS_MAX = 5_000
POINTS_IN_CALL_MAX = 1_000
N_MAX = 100_000_000
YEAR_MIN, YEAR_MAX = 2000, 2100
LEFT_OUT = "left_out"
MEANINGS = {
    LEFT_OUT: "left out",
    "on": "Day",
    "value": "Value",
    "n": "How many it stands for",
    "workflow": "Workflow",
}
ORDERS = {"": "Find out", "dmy": "Day first", "mdy": "Month first"}
NEEDED = ("on", "value")
_SYNONYMS = {
    "on": ("day", "date", "on", "week", "week of", "month", "period", "datum"),
    "value": ("value", "score", "amount", "mean", "average", "csat", "revenue", "wert"),
    "n": ("n", "count", "answers", "responses", "respondents", "number", "anzahl"),
    "workflow": ("workflow", "slug", "process", "queue"),
}
_NUMERIC = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})")
_WEEK = re.compile(r"(\d{4})-?W(\d{2})", re.IGNORECASE)
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_SPACES = re.compile(r"[\s\u00a0\u202f']")
# Of 20 digits, 6 stand after the point.
_VALUE_BELOW = Decimal(10) ** 14


@dataclass(frozen=True)
class PointRead:
    """One row as a point; `workflow` is as the file says it, empty for the company."""

    on: date
    value: Decimal
    n: int = 1
    workflow: str = ""


def suggest(columns: Sequence[str]) -> dict[int, str]:
    """Say what each column probably means, by its name; each meaning is given once."""
    chosen: dict[int, str] = {}
    for index, heading in enumerate(columns):
        said = words_of(heading)
        found = next(
            (
                meaning
                for meaning, names in _SYNONYMS.items()
                if meaning not in chosen.values()
                and (said in names or set(said.split()) & set(names))
            ),
            LEFT_OUT,
        )
        chosen[index] = found
    return chosen


def problems_of(mapping: Mapping[int, str], columns: int) -> dict[str, str]:
    """Say what is wrong with a mapping, by the field it is chosen in."""
    problems: dict[str, str] = {}
    seen: set[str] = set()
    for index, meaning in sorted(mapping.items()):
        if meaning not in MEANINGS or not 0 <= index < columns:
            problems[f"column_{index}"] = "Choose one of the list."
        elif meaning in seen and meaning != LEFT_OUT:
            problems[f"column_{index}"] = (
                f"Two columns are taken for “{MEANINGS[meaning]}”; choose one of them."
            )
        seen.add(meaning)
    missing = [MEANINGS[name] for name in NEEDED if name not in seen]
    if missing:
        problems[""] = f"Say which column holds: {' and '.join(missing)}."
    return problems


def order_of(texts: Iterable[str]) -> str:
    """Find out whether days or months come first, from a value that leaves no doubt."""
    for text in texts:
        found = _NUMERIC.fullmatch(text.strip())
        if found and len(found[1]) <= 2:
            if int(found[1]) > 12:
                return "dmy"
            if int(found[2]) > 12:
                return "mdy"
    return ""


def point_of(said: Mapping[str, str], *, order: str, today: date) -> PointRead | str:
    """Read one row as a point, or say what is wrong with it."""
    on = day_of(said.get("on", ""), order=order)
    if isinstance(on, str):
        return on
    if on > today:
        return f"{on.isoformat()} is still to come."
    value = value_of(said.get("value", ""))
    if isinstance(value, str):
        return value
    n = said.get("n", "").strip() or "1"
    plain = _SPACES.sub("", n).replace(",", "").removesuffix(".0")
    is_short = len(plain) <= 12 and plain.isdecimal()
    if not is_short or not 1 <= int(plain) <= N_MAX:
        return f"“{n[:40]}” is no whole number of at least 1."
    return PointRead(on, value, int(plain), said.get("workflow", "").strip()[:120])


def day_of(text: str, *, order: str = "") -> date | str:
    """Read a day, an ISO week (its Monday) or a month (its first), or say what is wrong."""
    text = text.strip()
    try:
        if found := _WEEK.fullmatch(text):
            day = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        elif found := _MONTH.fullmatch(text):
            day = date(int(found[1]), int(found[2]), 1)
        elif found := _NUMERIC.fullmatch(text):
            read = _numeric(found, text, order)
            if isinstance(read, str):
                return read
            day = read
        else:
            day = date.fromisoformat(text[:10])
    except ValueError:
        return (
            f"“{text[:40]}” is no day that can be read." if text else "It has no day."
        )
    if not YEAR_MIN <= day.year <= YEAR_MAX:
        return f"“{text[:40]}” is not between {YEAR_MIN} and {YEAR_MAX}."
    return day


def _numeric(found: re.Match[str], text: str, order: str) -> date | str:
    first, second, third = (int(found[at]) for at in (1, 2, 3))
    if len(found[1]) == 4:
        return date(first, second, third)
    if "." in text or order == "dmy":
        return date(third, second, first)
    if order == "mdy":
        return date(third, first, second)
    return f"“{text[:40]}” can be read two ways; say whether day or month comes first."


def value_of(text: str) -> Decimal | str:
    """Read a number as people write it; a comma before two or fewer digits is a point."""
    plain = _SPACES.sub("", text).removesuffix("%")
    if not plain:
        return "It has no value."
    if "," in plain and "." in plain:
        plain = (
            plain.replace(".", "").replace(",", ".")
            if plain.rfind(",") > plain.rfind(".")
            else plain.replace(",", "")
        )
    elif plain.count(",") == 1 and len(plain) - plain.index(",") <= 3:
        plain = plain.replace(",", ".")
    elif "," in plain:
        plain = plain.replace(",", "")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return f"“{text[:40]}” is no number."
    # Compared without arithmetic: an exponent beyond what is counted in would raise.
    if value.is_finite() and value.copy_abs() < _VALUE_BELOW:
        kept = round(value, 6)
        if kept.copy_abs() < _VALUE_BELOW:
            return kept
    return f"“{text[:40]}” is no number of that size that is kept."


def become_one(points: Iterable[tuple[Decimal, int]], *, sums: str) -> float | None:
    """Give what several points come to: their sum, or their mean weighted by n."""
    found = list(points)
    if not found:
        return None
    if sums == "sum":
        return float(sum((value for value, _ in found), Decimal(0)))
    return float(sum(value * n for value, n in found) / sum(n for _, n in found))


def said_in(cells: Sequence[str], mapping: Mapping[int, str]) -> dict[str, str]:
    """Give what a row says, by meaning."""
    return {
        meaning: cells[index].strip()
        for index, meaning in mapping.items()
        if meaning != LEFT_OUT and index < len(cells) and cells[index].strip()
    }
