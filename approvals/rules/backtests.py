"""What a backtest counts: how an answer changed, what people had said, and the tally of it.

Pure. A tally is a table of counts and sums by kind of change, verb, system, reason and
what people had decided; every total on the page is a sum over it, so all of them agree.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from registry.rules.answers import Answer, Money, Reason, Ruling, severity

# Agents choose verbs, systems and currencies; past so many kinds they count together.
CELLS_MAX = 5_000
CURRENCIES_MAX = 20
OTHERS = "…"
# Rows kept of one kind: one change with one word of people. The rest is counted only.
ROWS_OF_A_KIND_MAX = 5_000
UNCHANGED_ROWS_MAX = 100


class Change(StrEnum):
    """What the other rulebook would newly do with a request."""

    ALLOW = "allow"
    REVIEW = "review"
    ESCALATE = "escalate"
    REFUSE = "refuse"
    SAME = "same"


class Verdict(StrEnum):
    """What really became of a request, as far as people had a word in it."""

    APPROVED = "approved"
    EDITED = "edited"
    REJECTED = "rejected"
    RESPONDED = "responded"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    WAITING = "waiting"
    ALONE = "alone"
    REFUSED = "refused"


PEOPLE_DECIDED = frozenset(
    {Verdict.APPROVED, Verdict.EDITED, Verdict.REJECTED, Verdict.RESPONDED}
)
PEOPLE_SAID_YES = frozenset({Verdict.APPROVED, Verdict.EDITED})


def change_of(before: Answer, after: Answer) -> Change:
    """Say what is new: the other rulebook's answer, or that it is the same."""
    return Change.SAME if before == after else Change(after.value)


def cause_of(before: Ruling, after: Ruling) -> Reason:
    """Give the reason that came or went: the deciding one of the stricter ruling."""
    stricter = before if severity(before.answer) > severity(after.answer) else after
    return stricter.reasons[0]


def verdict_of(
    *, then: str, resolution: str, resolved_at: datetime | None, until: datetime
) -> Verdict:
    """Say what had become of a request by the end of the time looked at."""
    if resolution and resolved_at is not None and resolved_at <= until:
        return Verdict(resolution)
    if then == Answer.ALLOW:
        return Verdict.ALONE
    return Verdict.REFUSED if then == Answer.REFUSE else Verdict.WAITING


def went_ahead(then: str, verdict: Verdict) -> bool:
    """Say whether it was really granted: by the rulebook of the day, or by people."""
    return verdict in PEOPLE_SAID_YES or (
        then == Answer.ALLOW and verdict == Verdict.ALONE
    )


def has_room(kept: Mapping[str, int], change: Change, verdict: Verdict) -> bool:
    """Say whether one more row of this kind is kept."""
    most = UNCHANGED_ROWS_MAX if change == Change.SAME else ROWS_OF_A_KIND_MAX
    return kept.get(kind_of(change, verdict), 0) < most


def kind_of(change: str, verdict: str) -> str:
    return f"{change}:{verdict}"


type Cell = tuple[str, str, str, str, str]


@dataclass
class Counted:
    """How many fell into one cell, and the money of it by currency."""

    number: int = 0
    money: dict[str, Decimal] = field(default_factory=dict)

    def add(self, number: int, money: Mapping[str, Decimal]) -> None:
        self.number += number
        for currency, value in money.items():
            self.money[currency] = self.money.get(currency, Decimal(0)) + value


@dataclass
class Tally:
    """Everything that is counted, in the order in which it was first met."""

    cells: dict[Cell, Counted] = field(default_factory=dict)
    # (answer then, answer now, answer of the other rulebook)
    paths: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    unreadable: int = 0
    # The same answer, but to be decided by other or more people.
    other_people: int = 0
    # The same answer for another first reason.
    other_reason: int = 0
    currencies: dict[str, None] = field(default_factory=dict)

    def count(
        self,
        *,
        change: Change,
        verb: str,
        system: str,
        cause: str,
        verdict: Verdict,
        money: Money | None,
        path: tuple[str, str, str],
    ) -> None:
        """Count one request."""
        value = {money.currency: money.value} if money is not None else {}
        self.rows += 1
        self.paths[path] += 1
        self._add((change, verb, system, cause, verdict), 1, value)

    def merge(self, document: Mapping[str, Any]) -> None:
        """Add what a later stretch counted. In order, so that it comes to the same again."""
        for *key, number, money in document["cells"]:
            values = {name: Decimal(value) for name, value in money.items()}
            self._add((key[0], key[1], key[2], key[3], key[4]), number, values)
        for *path, number in document["paths"]:
            self.paths[path[0], path[1], path[2]] += number
        self.kept.update(document["kept"])
        for name in ("rows", "unreadable", "other_people", "other_reason"):
            setattr(self, name, getattr(self, name) + document[name])

    def as_document(self) -> dict[str, Any]:
        """Give the tally as JSON that `merge` reads."""
        return {
            "rows": self.rows,
            "unreadable": self.unreadable,
            "other_people": self.other_people,
            "other_reason": self.other_reason,
            "cells": [
                [
                    *map(str, cell),
                    counted.number,
                    {name: str(value) for name, value in counted.money.items()},
                ]
                for cell, counted in self.cells.items()
            ],
            "paths": [[*map(str, path), number] for path, number in self.paths.items()],
            "kept": dict(self.kept),
        }

    def _add(self, cell: Cell, number: int, money: Mapping[str, Decimal]) -> None:
        if cell not in self.cells and len(self.cells) >= CELLS_MAX:
            cell = (cell[0], OTHERS, OTHERS, cell[3], cell[4])
        for currency in money:
            if len(self.currencies) < CURRENCIES_MAX:
                self.currencies.setdefault(currency)
        known = {
            name: value for name, value in money.items() if name in self.currencies
        }
        self.cells.setdefault(cell, Counted()).add(number, known)


def sums(
    cells: Iterable[tuple[Cell, Counted]], places: Iterable[int]
) -> dict[tuple[str, ...], Counted]:
    """Add cells up by some of their five places: change, verb, system, cause, verdict."""
    wanted = tuple(places)
    found: dict[tuple[str, ...], Counted] = {}
    for cell, counted in cells:
        key = tuple(cell[place] for place in wanted)
        found.setdefault(key, Counted()).add(counted.number, counted.money)
    return found
