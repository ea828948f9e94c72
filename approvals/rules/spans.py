"""Where each value stands in a JSON text, so that an edit touches its own bytes only.

A text that is parsed and written again is another text: 1e2 becomes 100, spaces go. What
nobody edited stays byte for byte. The text has passed the strict parser.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from approvals.rules.paths import Step, json_text

_SPACES = re.compile(r"[ \t\n\r]*")
_BARE = re.compile(r"-?[0-9][0-9.eE+-]*|true|false|null")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Span:
    """One value's place; of a number, its literal is what a person should see."""

    steps: tuple[Step, ...]
    start: int
    end: int
    is_number: bool = False


@dataclass(frozen=True)
class Replacement:
    """A new value for one place."""

    steps: tuple[Step, ...]
    value: object


def spans_of(text: str) -> tuple[Span, ...]:
    """Give the place of every value, containers after what they hold."""
    found: list[Span] = []
    _value(text, _skip(text, 0), (), found)
    return tuple(found)


def literals_of(text: str) -> dict[tuple[Step, ...], str]:
    """Give every number as it is written in the text."""
    return {
        span.steps: text[span.start : span.end]
        for span in spans_of(text)
        if span.is_number
    }


def spliced(text: str, replacements: Iterable[Replacement]) -> str:
    """Give the text with the values of those places written anew and all else as it was.

    Raises LookupError for a place that is not there. No two places may overlap.
    """
    places = {span.steps: span for span in spans_of(text)}
    last_first = sorted(
        replacements, key=lambda each: places[each.steps].start, reverse=True
    )
    for each in last_first:
        span = places[each.steps]
        text = text[: span.start] + json_text(each.value) + text[span.end :]
    return text


def _value(text: str, at: int, steps: tuple[Step, ...], found: list[Span]) -> int:
    """Note the value that begins here and give where it ends."""
    sign = text[at]
    if sign == "{":
        end = _object(text, at, steps, found)
    elif sign == "[":
        end = _list(text, at, steps, found)
    elif sign == '"':
        _, end = _DECODER.raw_decode(text, at)
    else:
        bare = _BARE.match(text, at)
        if bare is None:
            raise ValueError(f"no JSON value at {at}")
        end = bare.end()
    is_number = sign == "-" or "0" <= sign <= "9"
    found.append(Span(steps, at, end, is_number=is_number))
    return end


def _object(text: str, at: int, steps: tuple[Step, ...], found: list[Span]) -> int:
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)
        at = _skip(text, _value(text, start, (*steps, str(key)), found))
        if text[at] == ",":
            at = _skip(text, at + 1)
    return at + 1


def _list(text: str, at: int, steps: tuple[Step, ...], found: list[Span]) -> int:
    at = _skip(text, at + 1)
    position = 0
    while text[at] != "]":
        at = _skip(text, _value(text, at, (*steps, position), found))
        position += 1
        if text[at] == ",":
            at = _skip(text, at + 1)
    return at + 1


def _skip(text: str, at: int) -> int:
    spaces = _SPACES.match(text, at)
    return spaces.end() if spaces else at
