"""The one parser for JSON from outside: strict I-JSON (RFC 7493), bounded.

Duplicate keys, NaN and Infinity, integers beyond 2^53-1, lone surrogates, NUL and
deep nesting are refused here, because each of them is a 500 or a second meaning
further in. Numbers with a fraction come back as Decimal, so 84.20 stays 84.20.
"""

import json
import re
from decimal import Decimal

from portal.core.errors import Malformed, TooLarge

DEPTH_MAX = 32
INTEGER_MAX = 2**53 - 1
DIGITS_MAX = 64
ACTION_BYTES_MAX = 256 * 1024
_ESCAPED_OR_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def parse(
    raw: bytes, *, bytes_max: int = ACTION_BYTES_MAX, depth_max: int = DEPTH_MAX
) -> object:
    """Read one JSON text. Raises Malformed or TooLarge, and nothing else."""
    if len(raw) > bytes_max:
        raise TooLarge(f"At most {bytes_max} bytes are read; this is {len(raw)}.")
    _check_depth(raw, depth_max)
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_fraction,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise Malformed("The text is not UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise Malformed(f"This is not JSON: {error}.") from error
    _check_text(text, value)
    return value


def parse_object(raw: bytes, *, bytes_max: int = ACTION_BYTES_MAX) -> dict[str, object]:
    """Read one JSON text that must be an object."""
    value = parse(raw, bytes_max=bytes_max)
    if not isinstance(value, dict):
        raise Malformed("A JSON object is expected.")
    return value


def _check_depth(raw: bytes, depth_max: int) -> None:
    depth = 0
    for match in _BRACKET.finditer(_ESCAPED_OR_STRING.sub(b"", raw)):
        depth += 1 if match.group() in b"[{" else -1
        if depth > depth_max:
            raise Malformed(f"Nesting is deeper than {depth_max} levels.")


def _check_text(text: str, value: object) -> None:
    # Only an escape can smuggle a NUL or half a surrogate past UTF-8 decoding.
    if "\\u" not in text and "\x00" not in text:
        return
    for part in _strings(value):
        if "\x00" in part:
            raise Malformed("A text holds the character NUL.")
        if any("\ud800" <= character <= "\udfff" for character in part):
            raise Malformed("A text holds half a surrogate pair.")


def _strings(value: object):
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {key[:40]!r} stands twice in one object")
            seen.add(key)
    return found


def _integer(digits: str) -> int:
    if len(digits) > DIGITS_MAX or abs(int(digits)) > INTEGER_MAX:
        raise ValueError("an integer is beyond 2^53-1")
    return int(digits)


def _fraction(digits: str) -> Decimal:
    if len(digits) > DIGITS_MAX:
        raise ValueError("a number has too many digits")
    number = Decimal(digits)
    if not number.is_finite() or abs(number.adjusted()) > 300:
        raise ValueError("a number is out of range")
    return number


def _constant(name: str):
    raise ValueError(f"{name} is not JSON")
