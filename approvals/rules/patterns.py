"""Patterns that an agent's schema names, tried only where trying them is certain to end soon.

A pattern from outside may take hours on a short text. Tried is only what holds no repeat
inside a repeat, no look-around and no back-reference, on a short text, and only while the
ways to match it, counted before it is tried, are few.
"""

import re
from math import prod

PATTERN_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 200
WAYS_MAX = 100_000
_TOKEN = re.compile(
    r"""
      (?P<group>\((?:\?:)?)
    | (?P<end>\))
    | (?P<atom>\\[dDwWsSbB.\-/+*?(){}\[\]^$|\\] | \[\^?(?:\\[dDwWsS.\-/+*?(){}\[\]^$|\\]|[^\]\[\\])+\] | [^\\()\[\]{}*+?|])
    | (?P<or>\|)
    | (?P<open>[*+])
    | (?P<maybe>\?)
    | \{(?P<least>\d{1,3})(?:(?P<comma>,)(?P<most>\d{0,3}))?\}
    """,
    re.VERBOSE,
)


def is_harmless(pattern: str) -> bool:
    """Say whether a pattern can be tried without being able to take long."""
    if len(pattern) > PATTERN_LENGTH_MAX:
        return False
    ways, branches, at, before = _starts(pattern), [1], 0, ""
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            return False
        kind = _kind(token)
        if kind in ("open", "repeat") and before != "atom":
            return False
        if kind == "maybe" and before not in ("atom", "end"):
            return False
        if kind == "group":
            branches.append(1)
        elif kind == "or":
            branches[-1] += 1
        elif kind == "end":
            ways *= branches.pop()
        ways *= _choices(token, kind)
        # With none left, a group was closed that was never opened.
        if not branches or ways > WAYS_MAX:
            return False
        at, before = token.end(), kind
    return len(branches) == 1 and ways * prod(branches) <= WAYS_MAX


def fits(pattern: str, text: str) -> bool | None:
    """Say whether a text fits a schema's pattern; None where it is not tried."""
    if len(text) > TEXT_LENGTH_MAX or not is_harmless(pattern):
        return None
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return None


def _kind(token: re.Match[str]) -> str:
    if token["least"] is not None:
        return "repeat"
    return token.lastgroup or ""


def _starts(pattern: str) -> int:
    """Count the places in a text where a match may begin."""
    is_anchored = pattern.startswith("^") and "|" not in pattern
    return 1 if is_anchored else TEXT_LENGTH_MAX


def _choices(token: re.Match[str], kind: str) -> int:
    """Count how many lengths a repeat may take; one token that is none has one."""
    if kind == "maybe":
        return 2
    if kind == "open":
        return TEXT_LENGTH_MAX
    if kind != "repeat" or token["comma"] is None:
        return 1
    most = int(token["most"] or TEXT_LENGTH_MAX)
    return max(1, min(most, TEXT_LENGTH_MAX) - int(token["least"]) + 1)
