"""How much and how many an action is about: what its arguments say, and what they leave out."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

LISTS_MAX = 6
_SUMS = ("amount", "price", "total", "cost")
_ABOUT_MONEY = ("amount", "fare", "pay", "price", "refund", "charge")


def totals_of(
    args: object, before: object, *, has_amount: bool, moves_money: bool
) -> tuple[tuple[str, str], ...]:
    """Count what the arguments list and what the record lists, with sums; say what was not told.

    The record is the agent's report of what stands now.
    """
    asked = _mapping(args)
    found: list[tuple[str, str]] = []
    told = _said(asked)
    if told:
        found.append(("How many", told))
    is_paid = moves_money or any(
        part in str(name).lower() for name in asked for part in _ABOUT_MONEY
    )
    if is_paid and not has_amount and not any(_sums_in(asked)):
        found.append(("How much", "Not told: the request names no amount or price."))
    record = {k: v for k, v in _mapping(before).items() if k not in asked}
    stands = _said(record)
    if stands and asked:
        found.append(("The record has", f"{stands}, as the agent reports it"))
    return tuple(found)


def _said(values: Mapping[str, object]) -> str:
    lists = [
        (name, each)
        for name, each in values.items()
        if isinstance(each, list) and each and isinstance(each[0], Mapping | str)
    ]
    return ", ".join(_counted(name, each) for name, each in lists[:LISTS_MAX])


def _counted(name: str, rows: list[object]) -> str:
    sums = [f"{key} {total:f} in all" for key, total in _sums(rows)]
    said = f"{str(name).replace('_', ' ')} {len(rows)}"
    return f"{said} ({', '.join(sums)})" if sums else said


def _sums(rows: list[object]) -> Iterator[tuple[str, Decimal]]:
    """Add up each amount that every row of a list has."""
    for key in _SUMS:
        values = [row.get(key) if isinstance(row, Mapping) else None for row in rows]
        numbers = [
            Decimal(str(value))
            for value in values
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        ]
        if rows and len(numbers) == len(rows):
            yield key, sum(numbers, Decimal(0))


def _sums_in(values: Mapping[str, object]) -> Iterator[tuple[str, Decimal]]:
    for each in values.values():
        if isinstance(each, list):
            yield from _sums(each)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
