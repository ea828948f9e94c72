"""Small pieces of plain English: durations, counts, lists, money."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from runs.rules.values import decimal_of

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def duration(seconds: float) -> str:
    """Say how long, in the two largest units: "6 min 02 s"."""
    whole = int(seconds)
    if 0 < seconds < 1:
        return "under 1 s"
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02d} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def rough(seconds: float) -> str:
    """Say how long, in one unit: "6 min"."""
    span = timedelta(seconds=int(seconds))
    if span < timedelta(minutes=1):
        return f"{max(0, int(seconds))} s"
    if span < timedelta(hours=1):
        return f"{int(seconds) // 60} min"
    if span < timedelta(days=1):
        return f"{int(seconds) // 3600} h"
    return f"{span.days} d"


def count(number: int, one: str, many: str = "") -> str:
    """Say how many: "1 record", "3 records"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def times(number: int) -> str:
    """Say how often: "once", "twice", "3 times"."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def listed(parts: Sequence[str], more: int = 0) -> str:
    """Join words: "a, b and c", or "a, b and 4 more"."""
    if more > 0:
        return f"{', '.join(parts)} and {more:,} more"
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def money(value: object, currency: str | None) -> str:
    """Write money: "EUR 40.00"; what is not a number stays as it came."""
    number = decimal_of(value)
    if number is None:
        return str(value or "")
    is_finer = number != round(number, 2)
    cents = number if is_finer else number.quantize(Decimal("0.01"))
    return f"{currency or ''} {cents:,f}".strip()


def small_money(value: object, currency: str | None) -> str:
    """Write a cost, rounded to cents unless it is below one."""
    number = decimal_of(value) or Decimal(0)
    if 0 < number < Decimal("0.01"):
        return f"under {currency or ''} 0.01".replace("  ", " ")
    return money(number.quantize(Decimal("0.01")), currency)


def sentence(text: str) -> str:
    """Begin with a capital and end with a full stop."""
    text = text.strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    # A quoted question or exclamation ends its sentence too.
    ending = text.rstrip("\"'”’»)")
    return text if ending.endswith((".", "!", "?", "…")) else f"{text}."


def bare(text: str) -> str:
    """Take the full stop off, to go on with the sentence."""
    return text.strip().rstrip(".")
