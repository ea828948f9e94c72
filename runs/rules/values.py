"""Values as they come from outside, read without trusting them."""

from decimal import Decimal, InvalidOperation

TEXT_MAX = 200


def decimal_of(value: object) -> Decimal | None:
    """Read a decimal out of a text or a number; None when it is neither."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def short(value: object, length: int = TEXT_MAX) -> str:
    """Give a text of at most so many characters, on one line."""
    text = " ".join(str(value or "").split())
    return text if len(text) <= length else text[: length - 1] + "…"
