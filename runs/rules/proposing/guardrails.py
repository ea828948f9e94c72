"""The thresholds of the whole page: what a person must see, and what goes by itself."""

from collections.abc import Iterator
from decimal import Decimal

from runs.rules.proposing.shapes import (
    Blank,
    Change,
    Document,
    Given,
    Problems,
    Way,
    money,
    number_in,
    plain,
)

_STEP = Decimal("0.05")


def confidence(document: Document, *, is_stricter: bool) -> Iterator[Way]:
    """Give the confidence that is needed to act alone, raised or lowered."""
    rail = dict(document.get("guardrail", {}))
    now = rail.get("confidence_min")
    if now is None and not is_stricter:
        return
    before = Decimal(str(now)) if now is not None else Decimal("0.75")
    moved = before + (_STEP if is_stricter else -_STEP)
    usual = plain(min(Decimal(1), max(Decimal(0), moved)))

    def build(given: Given) -> Change | Problems:
        value = number_in(given.get("value", ""), at_most=Decimal(1))
        if value is None:
            return {"value": "Write a number between 0 and 1."}
        words = f"Below confidence {plain(value)} a person decides; until now {f'below {now}' if now is not None else 'none was needed'}."
        return Change("guardrail", {**rail, "confidence_min": plain(value)}, words)

    blank = Blank("value", "Confidence needed to act alone", "number", usual, help=f"Now {now or 'none'}.")  # fmt: skip
    yield Way("confidence", "The guardrail on confidence", (blank,), build)


def amount(document: Document, *, is_stricter: bool) -> Iterator[Way]:
    """Give the amount from which a person decides, lowered or raised."""
    rail = dict(document.get("guardrail", {}))
    now = rail.get("amount_review")
    if now is None and not is_stricter:
        return
    usual = "" if now is None else money(Decimal(str(now)) / 2 if is_stricter else Decimal(str(now)) * 2)  # fmt: skip
    currency = rail.get("currency") or document.get("currency", "")

    def build(given: Given) -> Change | Problems:
        value = number_in(given.get("value", ""))
        if value is None:
            return {"value": "Write an amount, such as 25.00."}
        until_now = (
            f"{currency} {now}" if now is not None else "there was no such limit"
        )
        words = (
            f"Above {currency} {money(value)} a person decides; until now {until_now}."
        )
        changed = {**rail, "amount_review": money(value), "currency": currency}
        return Change("guardrail", changed, words)

    blank = Blank("value", f"A person decides above ({currency})", "number", usual, help=f"Now {now or 'none'}.")  # fmt: skip
    yield Way("amount", "The guardrail on amounts", (blank,), build)
