"""Whether an edit asks for more: more money, or another resource, recipient or verb.

What cannot be compared counts as more.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from approvals.rules.paths import leaves

MONEY_WORDS = ("amount", "price", "total", "value", "sum", "cost", "limit", "quantity")
RECIPIENT_WORDS = (
    "recipient", "email", "e_mail", "iban", "account", "payee", "address", "phone",
    "beneficiary", "customer", "user",
)  # fmt: skip
EXACT_RECIPIENT_WORDS = frozenset({"to", "cc", "bcc"})


def widens(
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    amount_field: str | None = None,
    currency_field: str | None = None,
    recipient_field: str | None = None,
    resource_field: str | None = None,
) -> bool:
    """Say whether action `after` asks for more than `before`; both are whole actions.

    The fields are those that the rulebook maps; names that sound like money or like a
    recipient count too, because a missing mapping must not make an edit look harmless.
    """
    if any(before.get(key) != after.get(key) for key in ("verb", "system", "resource")):
        return True
    old = {leaf.path: leaf.value for leaf in leaves(before.get("args") or {})}
    new = {leaf.path: leaf.value for leaf in leaves(after.get("args") or {})}
    changed = [path for path in {**old, **new} if old.get(path) != new.get(path)]
    for path in changed:
        if path not in old or path not in new:
            return True
        if _is_mapped(path, currency_field, recipient_field, resource_field):
            return True
        if _sounds_like_recipient(path):
            return True
        is_money = _is_mapped(path, amount_field) or sounds_like_money(path)
        if is_money and not _is_less(old[path], new[path]):
            return True
    return False


def is_material(
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    amount_field: str | None = None,
    currency_field: str | None = None,
    recipient_field: str | None = None,
    resource_field: str | None = None,
) -> bool:
    """Say whether `after` differs in what the verb is about: money, resource, recipient.

    Less counts as much as more here: a person who halves an amount knew better. Wording
    does not. Fields are told by the rulebook's mapping, and by names as in `widens`.
    """
    if any(before.get(key) != after.get(key) for key in ("verb", "system", "resource")):
        return True
    old = {leaf.path: leaf.value for leaf in leaves(before.get("args") or {})}
    new = {leaf.path: leaf.value for leaf in leaves(after.get("args") or {})}
    mapped = (amount_field, currency_field, recipient_field, resource_field)
    return any(
        _is_mapped(path, *mapped)
        or sounds_like_money(path)
        or _sounds_like_recipient(path)
        for path in {**old, **new}
        if path not in old or path not in new or old[path] != new[path]
    )


def sounds_like_money(path: str) -> bool:
    """Say whether the name of a place sounds like an amount."""
    return _sounds_like(path, MONEY_WORDS)


def _is_mapped(path: str, *fields: str | None) -> bool:
    bare = _without_positions(path)
    return any(field and _without_positions(field) == bare for field in fields)


def _without_positions(path: str) -> str:
    return "".join(
        piece.partition("]")[2] if i else piece
        for i, piece in enumerate(path.split("["))
    )


def _last_name(path: str) -> str:
    return _without_positions(path).rpartition(".")[2].strip('"').casefold()


def _sounds_like(path: str, words: tuple[str, ...]) -> bool:
    return any(word in _last_name(path) for word in words)


def _sounds_like_recipient(path: str) -> bool:
    return _last_name(path) in EXACT_RECIPIENT_WORDS or _sounds_like(
        path, RECIPIENT_WORDS
    )


def _is_less(old: object, new: object) -> bool:
    old_number, new_number = _number(old), _number(new)
    if old_number is None or new_number is None:
        return False
    return Decimal(0) <= new_number <= old_number


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
