"""What came of a finished backtest, added up from its one table of counts. No query."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from approvals.models import Backtest
from approvals.rules.backtest_words import (
    CHANGE_WORDS,
    VERDICT_WORDS,
    assumptions,
    in_a_sentence,
    telling,
)
from approvals.rules.backtests import (
    Cell,
    Change,
    Counted,
    Tally,
    Verdict,
    sums,
)
from registry.rules.codes import CODES
from registry.rules.verbs import name_of

_CHANGE, _VERB, _SYSTEM, _CAUSE, _VERDICT = range(5)
GROUPS_MAX = 40
EVIDENCE_GROUPS_MAX = 20

type Sums = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Tile:
    """One kind of change: how many, how much, and what had become of them."""

    change: str
    words: str
    number: int
    money: Sums
    telling: str
    people: tuple[tuple[str, str, int, Sums], ...]


@dataclass(frozen=True)
class Group:
    """A verb or a system: how many of each change, and the money newly allowed."""

    key: str
    name: str
    numbers: tuple[int, ...]
    money: Sums


@dataclass(frozen=True)
class Cause:
    """A reason that came or went, with how many answers it changed."""

    change: str
    code: str
    words: str
    number: int


@dataclass(frozen=True)
class Summary:
    """The whole result in numbers and sentences."""

    sentence: str
    rows: int
    unreadable: int
    other_people: int
    other_reason: int
    differs_from_then: int
    tiles: tuple[Tile, ...]
    verbs: tuple[Group, ...]
    systems: tuple[Group, ...]
    causes: tuple[Cause, ...]
    kept: Mapping[str, int]
    how: tuple[str, ...]

    @property
    def changed(self) -> int:
        return sum(tile.number for tile in self.tiles if tile.change != Change.SAME)

    @property
    def exposed(self) -> Sums:
        """Give the money that would newly move without a person."""
        return self.tiles[0].money


def summary_of(backtest: Backtest) -> Summary:
    """Add a finished backtest up."""
    tally = Tally()
    tally.merge(backtest.result or Tally().as_document())
    cells = tuple(tally.cells.items())
    tiles = _tiles(cells)
    numbers = {tile.change: tile.number for tile in tiles}
    allowed = {verdict: count for verdict, _, count, _ in tiles[0].people}
    hours = 0
    if backtest.since and backtest.warm_since:
        hours = round((backtest.since - backtest.warm_since).total_seconds() / 3600)
    return Summary(
        sentence=in_a_sentence(tally.rows, backtest.days, numbers, allowed),
        rows=tally.rows,
        unreadable=tally.unreadable,
        other_people=tally.other_people,
        other_reason=tally.other_reason,
        differs_from_then=sum(
            number
            for (then, before, _), number in tally.paths.items()
            if then != before
        ),
        tiles=tiles,
        verbs=_groups(cells, _VERB),
        systems=_groups(cells, _SYSTEM),
        causes=_causes(cells),
        kept=_kept(tally),
        how=assumptions(
            live_number=backtest.live_number,
            number=backtest.version_number,
            has_caps=True,
            warm_hours=hours,
        ),
    )


def code_words(code: str) -> str:
    """Say a reason code in a sentence."""
    return CODES[code].sentence if code in CODES else code


def evidence_content(backtest: Backtest, summary: Summary) -> dict[str, Any]:
    """Give what the packet holds of a backtest: small, and bound to the whole by a digest."""
    return {
        "backtest": backtest.id,
        "result_digest": backtest.result_digest,
        "version": backtest.version_number,
        "compared_with": backtest.live_number,
        "since": backtest.since,
        "until": backtest.until,
        "requests": summary.rows,
        "changes": {
            tile.change: {
                "number": tile.number,
                "money": {name: str(value) for name, value in tile.money},
                "had_been": {verdict: number for verdict, _, number, _ in tile.people},
            }
            for tile in summary.tiles
        },
        "reasons": [
            [each.change, each.code, each.number]
            for each in summary.causes[:EVIDENCE_GROUPS_MAX]
        ],
        "how": list(summary.how),
    }


def _tiles(cells: tuple[tuple[Cell, Counted], ...]) -> tuple[Tile, ...]:
    by_change = sums(cells, [_CHANGE])
    by_people = sums(cells, [_CHANGE, _VERDICT])
    tiles = []
    for change in Change:
        total = by_change.get((change,), Counted())
        people = tuple(
            (verdict.value, VERDICT_WORDS[verdict], found.number, _money(found))
            for verdict in Verdict
            if (found := by_people.get((change, verdict)))
        )
        counts = {verdict: number for verdict, _, number, _ in people}
        tiles.append(
            Tile(
                change=change.value,
                words=CHANGE_WORDS[change],
                number=total.number,
                money=_money(total),
                telling=telling(change, counts),
                people=people,
            )
        )
    return tuple(tiles)


def _groups(cells: tuple[tuple[Cell, Counted], ...], place: int) -> tuple[Group, ...]:
    found = sums(cells, [place, _CHANGE])
    totals = sums(cells, [place])
    keys = sorted(totals, key=lambda key: (-_changed(found, key[0]), key[0]))
    return tuple(
        Group(
            key=key,
            name=name_of(key) if place == _VERB else key,
            numbers=tuple(
                found.get((key, change), Counted()).number for change in Change
            ),
            money=_money(found.get((key, Change.ALLOW), Counted())),
        )
        for (key,) in keys[:GROUPS_MAX]
    )


def _changed(found: Mapping[tuple[str, ...], Counted], key: str) -> int:
    return sum(
        found.get((key, change), Counted()).number
        for change in Change
        if change != Change.SAME
    )


def _causes(cells: tuple[tuple[Cell, Counted], ...]) -> tuple[Cause, ...]:
    found = sums(cells, [_CHANGE, _CAUSE])
    causes = [
        Cause(change, code, code_words(code), counted.number)
        for (change, code), counted in found.items()
        if change != Change.SAME
    ]
    return tuple(
        sorted(causes, key=lambda each: (-each.number, each.change, each.code))
    )


def _kept(tally: Tally) -> dict[str, int]:
    kept: dict[str, int] = {}
    for kind, number in tally.kept.items():
        change = kind.split(":", 1)[0]
        kept[change] = kept.get(change, 0) + number
    return kept


def _money(counted: Counted) -> Sums:
    return tuple(
        sorted((name, value) for name, value in counted.money.items() if value)
    )
