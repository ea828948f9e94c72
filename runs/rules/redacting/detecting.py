"""Everything that one text holds and that must not be stored readable.

Detectors are asked in an order; where two find the same characters, the first wins. A
cheap look at the text says which can find anything at all.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runs.rules.redacting import numbers, secrets

# What an owner may leave readable; the rest is always hidden.
OPTIONAL = ("email", "phone", "iban")
ALWAYS = ("card", "key", "jwt", "private-key")
LOCAL_LENGTH_MAX = 64
TEXT_LENGTH_MIN = 6

_AT = re.compile(r"@|%40|\uff20|&#64;|&#x40;", re.I)
_DOMAIN = re.compile(r"(?:[^\W_][\w-]{0,62}+\.){1,8}[^\W\d_]{2,24}+")
_LOCAL_MARKS = frozenset("._%+-'!#$&~")
_ESCAPED = re.compile(r"%(?!2[Bb])[0-9A-Fa-f]{2}")
_SEVEN_DIGITS = re.compile(r"\d(?:[^\d\n]{0,3}\d){6}")
_IBAN_LOOK = re.compile(r"[A-Za-z]{2}\d\d")
_LONG = re.compile(r"[\w+/-]{16}", re.A)
_SIGNS = ("@", "%40", "\uff20", "&#64;", "&#x40;")


@dataclass(frozen=True, slots=True)
class Finding:
    """A stretch of a text, what it is, and its value as it is compared."""

    start: int
    end: int
    kind: str
    value: str


def found_in(text: str, *, left: frozenset[str] = frozenset()) -> list[Finding]:
    """Find everything to hide in a text, in its order; `left` names what stays readable."""
    if len(text) < TEXT_LENGTH_MIN:
        return []
    taken: list[Finding] = []
    starts: list[int] = []
    for start, end, kind, value in _all(text):
        if kind in left:
            continue
        at = bisect_left(starts, end)
        if at and taken[at - 1].end > start:
            continue
        taken.insert(at, Finding(start, end, kind, value))
        starts.insert(at, start)
    return taken


def whole(text: str, *, left: frozenset[str] = frozenset()) -> Finding | None:
    """Give what a text is from its first character to its last, if it is one thing."""
    found = found_in(text, left=left)
    bare = text.strip()
    if len(found) == 1 and found[0].end - found[0].start >= len(bare):
        return found[0]
    return None


def cards_in(text: str) -> bool:
    """Say whether a text holds a payment card's number."""
    return (
        bool(_SEVEN_DIGITS.search(text)) and next(numbers.cards(text), None) is not None
    )


def _all(text: str) -> Iterator[tuple[int, int, str, str]]:
    is_long = _LONG.search(text) is not None
    if is_long or "=" in text or ":" in text or "-----" in text:
        yield from secrets.private_keys(text)
        yield from secrets.sign_in_tokens(text)
        yield from secrets.keys(text)
    if any(sign in text for sign in _SIGNS):
        yield from emails(text)
    if _IBAN_LOOK.search(text):
        yield from numbers.ibans(text)
    if _SEVEN_DIGITS.search(text):
        yield from numbers.cards(text)
        yield from numbers.phones(text)
    if is_long:
        yield from secrets.random_looking(text)


def emails(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Find e-mail addresses, also where the sign is written as %40."""
    floor = 0
    for sign in _AT.finditer(text):
        domain = _DOMAIN.match(text, sign.end())
        if domain is None or sign.start() < floor:
            continue
        start = _local_start(text, sign.start(), floor)
        local = text[start : sign.start()]
        if sign[0] == "%40":
            escaped = list(_ESCAPED.finditer(local))
            if escaped:
                start += escaped[-1].end()
                local = text[start : sign.start()]
            local = local.replace("%2B", "+").replace("%2b", "+")
        if not local or local.endswith("."):
            continue
        floor = domain.end()
        yield start, floor, "email", f"{local}@{domain[0]}".casefold()


def _local_start(text: str, end: int, floor: int) -> int:
    start = end
    while start > max(floor, end - LOCAL_LENGTH_MAX):
        each = text[start - 1]
        if not (each.isalnum() or each in _LOCAL_MARKS):
            break
        start -= 1
    while start < end and not text[start].isalnum() and text[start] != "_":
        start += 1
    return start


def joined(found: Iterable[Finding], text: str, put: Iterable[str]) -> str:
    """Write a text anew with something else in the place of each finding."""
    parts, place = [], 0
    for each, instead in zip(found, put, strict=True):
        parts += [text[place : each.start], instead]
        place = each.end
    return "".join([*parts, text[place:]])
