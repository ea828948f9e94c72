"""The matrix, and checks for its verbs: a limit, a person who decides, a check that must pass."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from registry.rules.verbs import name_of, tier_of
from runs.rules.proposing.shapes import (
    LINE_LENGTH_MAX,
    Blank,
    Change,
    Document,
    Given,
    Problems,
    Way,
    money,
    number_in,
)

Row = Mapping[str, Any]
ACTING = ("stage", "change")


def acting_rows(document: Document) -> list[Row]:
    """Return the cells by which something is staged or changed, never ones left out."""
    rows = document.get("allowances", ())
    return [row for row in rows if row["authority"] != "never" and tier_of(row["verb"]) in ACTING]  # fmt: skip


def verbs_of(document: Document) -> tuple[str, ...]:
    """Return the verbs of those cells, each once."""
    return tuple(sorted({str(row["verb"]) for row in acting_rows(document)}))


def reviewed(document: Document, about: str) -> Iterator[Way]:
    """Give the cells that go by themselves, so that a person decides instead."""
    rows = {_key(row): row for row in acting_rows(document) if row["authority"] == "allowed"}  # fmt: skip
    if not rows:
        return

    def build(given: Given) -> Change | Problems:
        row = rows.get(given.get("cell", ""))
        if row is None:
            return {"cell": "Choose what a person should decide."}
        words = (
            f"A person decides on every {_called(row)}; until now it went by itself."
        )
        return Change(f"allowances.{_key(row)}", {**row, "authority": "review"}, words)

    yield Way("review", "Let a person decide", (_cell_blank(rows, about),), build)


def checked(document: Document, about: str) -> Iterator[Way]:
    """Give a check that must be reported as passed before a verb goes ahead."""
    verbs = verbs_of(document)
    if not verbs:
        return
    taken = {row.get("name") for row in document.get("checks", ())}

    def build(given: Given) -> Change | Problems:
        name, verb = " ".join(given.get("name", "").split()), given.get("verb", "")
        if not name or len(name) > LINE_LENGTH_MAX:
            return {"name": f"Name the check, in at most {LINE_LENGTH_MAX} characters."}
        if name in taken:
            return {"name": "There is a check of this name already."}
        if verb not in verbs:
            return {"verb": "Choose which verb needs it."}
        words = f"To {name_of(verb).lower()}, the check “{name}” must have passed."
        return Change(f"checks.{name}", {"name": name, "required_for": [verb]}, words)

    # About a cell, its verb is what needs the check; about a field, the check is on that.
    named = about.partition(".")[2]
    verb_of_about = named if named in verbs else verbs[0]
    field = "" if named in verbs else about.rpartition(".")[2].replace("_", " ")
    blanks = (
        Blank("name", "What is checked", "text", f"{field} is right" if field else "", help="Such as: the amount agrees with the order."),
        Blank("verb", "Before it may", "choice", verb_of_about, tuple((each, name_of(each)) for each in verbs)),
    )  # fmt: skip
    yield Way("check", "A check that must pass", blanks, build)


def limited(document: Document, about: str) -> Iterator[Way]:
    """Give the cells that go by themselves with a lower limit on the amount."""
    rows = {_key(row): row for row in acting_rows(document) if row["authority"] == "allowed" and row.get("amount_field")}  # fmt: skip
    if not rows:
        return
    blank = _cell_blank(rows, about)
    first = rows[blank.value]
    now = first.get("amount_max")

    def build(given: Given) -> Change | Problems:
        row = rows.get(given.get("cell", ""))
        if row is None:
            return {"cell": "Choose which cell."}
        value = number_in(given.get("value", ""))
        if value is None:
            return {"value": "Write an amount, such as 25.00."}
        currency = row.get("currency") or document.get("currency", "")
        before = row.get("amount_max")
        until_now = f"{currency} {before}" if before is not None else "it had no limit"
        words = f"Above {currency} {money(value)} a person decides on {_called(row)}; until now {until_now}."
        changed = {**row, "amount_max": money(value), "currency": currency}
        return Change(f"allowances.{_key(row)}", changed, words)

    usual = money(Decimal(str(now)) / 2) if now is not None else ""
    blanks = (blank, Blank("value", "By itself up to", "number", usual, help=f"Now {now or 'no limit'}."))  # fmt: skip
    yield Way("limit", "A lower limit on the amount", blanks, build)


def _cell_blank(rows: Mapping[str, Row], about: str) -> Blank:
    options = tuple((key, f"{name_of(row['verb'])} in {row['system']}") for key, row in rows.items())  # fmt: skip
    usual = about if about in rows else next(iter(rows))
    return Blank("cell", "Which", "choice", usual, options)


def _key(row: Row) -> str:
    return f"{row['system']}.{row['verb']}"


def _called(row: Row) -> str:
    return f"{name_of(row['verb']).lower()} in {row['system']}"
