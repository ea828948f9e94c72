"""The small language in which an owner names fields to hide.

`args.customer.email` names one field; `result.*.iban` any field called so one level
below; `**.iban` at any depth. A list is stepped through: its items are named as the list
is. A name with a dot in it stands in double quotes. What is named is hidden with all
that is below it. Names are compared without regard to capitals.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

PATH_LENGTH_MAX = 200
SEGMENTS_MAX = 12
# What an event tells in words; the rest are numbers and names that the portal counts by.
FIELDS = (
    "args",
    "result",
    "error",
    "text",
    "trigger",
    "summary",
    "reason",
    "resource",
    "fields",
    "before",
    "after",
    "change",
    "by",
    "to",
    "span",
)
ANY, DEEP = "*", "**"
_SEGMENT = re.compile(r'"([^"]{1,120})"|(\*\*|\*|[\w@$-]{1,80})')

type Places = frozenset[tuple[int, int]]
NOWHERE: Places = frozenset()


@dataclass(frozen=True, slots=True)
class FieldPath:
    """One field to hide: what its owner wrote, and its segments."""

    text: str
    segments: tuple[str, ...]


def parse(text: str) -> FieldPath | str:
    """Read a path, or say in a sentence what is wrong with it."""
    text = text.strip()
    if not text:
        return "Name a field, such as args.customer.email."
    if len(text) > PATH_LENGTH_MAX:
        return f"At most {PATH_LENGTH_MAX} characters are taken."
    segments, place = [], 0
    while True:
        match = _SEGMENT.match(text, place)
        if match is None:
            return (
                "A path is made of names, * and ** with a dot between them, such as"
                ' result.*.iban; a name with a dot in it stands in "double quotes".'
            )
        segments.append((match[1] or match[2]).casefold())
        place = match.end()
        if place == len(text):
            break
        if text[place] != ".":
            return f"A dot is missing before {text[place : place + 20]!r}."
        place += 1
    return _checked(text, tuple(segments))


def _checked(text: str, segments: tuple[str, ...]) -> FieldPath | str:
    if len(segments) > SEGMENTS_MAX:
        return f"At most {SEGMENTS_MAX} names are taken in one path."
    if all(segment in (ANY, DEEP) for segment in segments):
        return "Name at least one field: this would hide everything."
    if segments[0] not in (*FIELDS, ANY, DEEP):
        return (
            f"{segments[0]!r} is not a field that can be hidden. A path begins with"
            f" {', '.join(FIELDS[:-1])} or {FIELDS[-1]}, or with **."
        )
    if segments[-1] == DEEP:
        return "Leave the last ** away: what is named is hidden with all that is below."
    return FieldPath(text, segments)


class Paths:
    """Several paths, followed together as one goes down into a value."""

    def __init__(self, paths: Iterable[FieldPath]) -> None:
        self.all = tuple(paths)
        self._start = self._opened((at, 0) for at in range(len(self.all)))

    def start(self) -> Places:
        """Give the places at the top of an event."""
        return self._start

    def down(self, places: Places, name: str) -> Places:
        """Go down to the field of this name."""
        if not places:
            return NOWHERE
        name = name.casefold()
        found = set()
        for at, step in places:
            segments = self.all[at].segments
            if step >= len(segments) or segments[step] == DEEP:
                found.add((at, step))
            elif segments[step] in (ANY, name):
                found.add((at, step + 1))
        return self._opened(found)

    def into_list(self, places: Places) -> Places:
        """Go down to an item of a list: `*` may name it, and every path steps through."""
        if not places:
            return NOWHERE
        named = {
            (at, step + 1) for at, step in places if self._segment(at, step) == ANY
        }
        return places | self._opened(named)

    def hides(self, places: Places) -> FieldPath | None:
        """Give the path that hides what is here, or None."""
        for at, step in sorted(places):
            if step >= len(self.all[at].segments):
                return self.all[at]
        return None

    def _segment(self, at: int, step: int) -> str:
        segments = self.all[at].segments
        return segments[step] if step < len(segments) else ""

    def _opened(self, places: Iterable[tuple[int, int]]) -> Places:
        """Add what a `**` may stand for: nothing at all."""
        found = set(places)
        for at, step in list(found):
            while self._segment(at, step) == DEEP:
                step += 1
                found.add((at, step))
        return frozenset(found)
