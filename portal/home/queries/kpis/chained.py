"""Lists of rows read one after the other, as if they were one."""

from collections.abc import Callable, Sequence

from portal.core.errors import Malformed
from portal.home.queries.kpis.figure import Rows

type Part = Callable[[str | None], Rows]


def one_after_another(parts: Sequence[Part], cursor: str | None) -> Rows:
    """Read lists one after the other as if they were one; an empty one is passed over."""
    number, _, inner = (cursor or "").partition(".")
    at = int(number) if number.isdecimal() and int(number) < len(parts) else 0
    if cursor and not number.isdecimal():
        raise Malformed("This page address was not made here.")
    found = parts[at](inner or None)
    while not found.rows and not found.next_cursor and at + 1 < len(parts):
        at += 1
        found = parts[at](None)
    next_cursor = f"{at}.{found.next_cursor}" if found.next_cursor else None
    if next_cursor is None:
        later = (n for n in range(at + 1, len(parts)) if parts[n](None).rows)
        number_of_next = next(later, None)
        next_cursor = None if number_of_next is None else f"{number_of_next}."
    back = f"{at}.{found.previous_cursor}" if found.previous_cursor else None
    if back is None and at and cursor:
        back = f"{at - 1}."
    return Rows(found.rows, next_cursor, back)
