"""Reading values out of an action: dotted paths, amounts, comparisons that fail closed.

A value that cannot be read is never guessed. NaN and Infinity are above every limit and below every floor.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, TypeGuard

from registry.rules.answers import Money
from registry.rules.rulebook import Allowance, Request, Rulebook
from registry.rules.verbs import verb_of

_PLAIN_NUMBER = re.compile(r"\d{1,15}(\.\d{1,6})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
AMOUNT_ABOVE_ALL = Decimal(10) ** 15


class Absent(Enum):
    """There is nothing at a path."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True)
class ActionAmount:
    """What an action says about money.

    `is_mapped` means that it was read from the args, `is_expected` that a missing one matters.
    """

    money: Money | None = None
    is_expected: bool = False
    is_mapped: bool = False
    is_unreadable: bool = False
    has_unknown_currency: bool = False
    claimed: Money | None = None


def value_at(source: Any, path: str) -> Any:
    """Return the value at a dotted path, or ABSENT. `list[].field` gives a tuple of values."""
    current = source
    steps = path.split(".")
    for at, step in enumerate(steps):
        if step.endswith("[]"):
            rows = _child(current, step[:-2])
            if not isinstance(rows, (list, tuple)) or not rows:
                return ABSENT
            rest = ".".join(steps[at + 1 :])
            return tuple(value_at(row, rest) if rest else row for row in rows)
        current = _child(current, step)
        if current is ABSENT:
            return ABSENT
    return current


def _child(source: Any, name: str) -> Any:
    return source.get(name, ABSENT) if isinstance(source, Mapping) else ABSENT


def decimal_of(value: Any) -> Decimal | None:
    """Return a plain, finite number of at least zero, or None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        value = repr(value)
    if isinstance(value, int):
        value = str(value) if 0 <= value < AMOUNT_ABOVE_ALL else ""
    if isinstance(value, Decimal):
        value = (
            format(value, "f")
            if value.is_finite() and abs(value) < AMOUNT_ABOVE_ALL
            else ""
        )
    if not isinstance(value, str) or not _PLAIN_NUMBER.fullmatch(value):
        return None
    return Decimal(value)


def currency_of(value: Any) -> str | None:
    """Return a currency of three capital letters, or None."""
    return value if isinstance(value, str) and _CURRENCY.fullmatch(value) else None


def is_finite(value: Any) -> TypeGuard[Decimal | int]:
    """Return whether a value is a finite number that is exact."""
    return isinstance(value, (Decimal, int)) and Decimal(value).is_finite()


def is_above(value: Any, limit: Any) -> bool:
    """Return whether a value is above a limit; what cannot be compared is above it."""
    return not (is_finite(value) and is_finite(limit) and value <= limit)


def is_below(value: Any, floor: Any) -> bool:
    """Return whether a value is below a floor; what cannot be compared is below it."""
    return not (is_finite(value) and is_finite(floor) and value >= floor)


def confidence_of(request: Request) -> Decimal:
    """Return the claimed confidence; missing, not finite or outside 0 to 1 counts as 0."""
    claim: Any = request.confidence
    if isinstance(claim, float):
        claim = _decimal_or_nan(claim)
    if isinstance(claim, bool) or not is_finite(claim) or not 0 <= claim <= 1:
        return Decimal(0)
    return Decimal(claim)


def _decimal_or_nan(value: float) -> Decimal:
    try:
        return Decimal(repr(value))
    except InvalidOperation:
        return Decimal("NaN")


def amount_of(
    request: Request, allowance: Allowance | None, rulebook: Rulebook
) -> ActionAmount:
    """Return the amount in the mapped args; the claim stands in only where nothing is mapped."""
    claimed, claim_is_bad = _claim(request.amount)
    is_expected = carries_money(request, allowance)
    if claim_is_bad:
        return ActionAmount(is_expected=True, is_unreadable=True)
    found = ABSENT
    if allowance is not None and allowance.amount_field:
        found = value_at(request.args, allowance.amount_field)
    if found is ABSENT or found is None:
        return ActionAmount(money=claimed, is_expected=is_expected, claimed=claimed)
    total = _total(found)
    if total is None:
        return ActionAmount(is_expected=True, is_unreadable=True, claimed=claimed)
    currency = _currency_in(request, allowance, rulebook)
    if currency is None:
        return ActionAmount(
            is_expected=True, has_unknown_currency=True, claimed=claimed
        )
    money = Money(total, currency)
    return ActionAmount(money=money, is_expected=True, is_mapped=True, claimed=claimed)


def _claim(claim: Money | None) -> tuple[Money | None, bool]:
    if claim is None:
        return None, False
    value, currency = decimal_of(claim.value), currency_of(claim.currency)
    if value is None or currency is None:
        return None, True
    return Money(value, currency), False


def _total(found: Any) -> Decimal | None:
    values = found if isinstance(found, tuple) else (found,)
    parts = [decimal_of(value) for value in values]
    if any(part is None for part in parts):
        return None
    total = sum((part for part in parts if part is not None), Decimal(0))
    return total if total < AMOUNT_ABOVE_ALL else None


def _currency_in(
    request: Request, allowance: Allowance, rulebook: Rulebook
) -> str | None:
    """Return the args' currency; where the field is not mapped, the row's or the rulebook's."""
    if not allowance.currency_field:
        return allowance.currency or rulebook.currency
    found = value_at(request.args, allowance.currency_field)
    if isinstance(found, tuple):
        found = found[0] if len(set(map(repr, found))) == 1 else ABSENT
    return currency_of(found)


def carries_money(request: Request, allowance: Allowance | None) -> bool:
    """Return whether an amount is to be expected, so that a missing one matters."""
    verb = verb_of(request.verb)
    return (
        (verb is not None and verb.moves_money)
        or request.amount is not None
        or (
            allowance is not None
            and (allowance.amount_max is not None or bool(allowance.amount_field))
        )
    )


def texts_in(value: Any, *, depth_left: int = 32) -> Iterable[str]:
    """Yield every text inside a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif depth_left and isinstance(value, Mapping):
        for key, child in value.items():
            yield str(key)
            yield from texts_in(child, depth_left=depth_left - 1)
    elif depth_left and isinstance(value, (list, tuple)):
        for child in value:
            yield from texts_in(child, depth_left=depth_left - 1)


def money_text(money: Money) -> str:
    """Return money as it is written in sentences: EUR 1,284.20."""
    return f"{money.currency} {amount_text(money.value)}"


def amount_text(value: Any) -> str:
    """Return an amount by thousands, with two decimals or as many as it has: 1,284.20."""
    if not is_finite(value):
        return "an unknown amount"
    text = format(Decimal(value), ",f")
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(2, "0")
    return f"{whole}.{decimals}"


def number_text(value: Any) -> str:
    """Return a number without needless zeros: 0.9."""
    if not is_finite(value):
        return "unknown"
    text = format(Decimal(value), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
