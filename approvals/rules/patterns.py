"""Patterns that an agent's schema names, tried only where trying them is certain to end soon.

A pattern from outside may take hours on a short text. Tried is only what holds no repeat
inside a repeat, no look-around and no back-reference, with few open ends, on a short text.
"""

import re

PATTERN_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 500
OPEN_ENDS_MAX = 2
REPEAT_MAX = 100
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
    at, open_ends, depth, before = 0, 0, 0, ""
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            return False
        kind = _kind(token)
        if kind in ("open", "repeat") and before != "atom":
            return False
        if kind == "maybe" and before not in ("atom", "end"):
            return False
        open_ends += kind == "open" or (kind == "repeat" and _is_wide(token))
        depth += (kind == "group") - (kind == "end")
        if depth < 0 or open_ends > OPEN_ENDS_MAX:
            return False
        at, before = token.end(), kind
    return depth == 0


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


def _is_wide(token: re.Match[str]) -> bool:
    if token["comma"] is None:
        return False
    return not token["most"] or int(token["most"]) > REPEAT_MAX
