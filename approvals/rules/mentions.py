"""Who is named with @ in a comment: by full name, by e-mail, or by a first name that is one's own."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

MENTIONS_MAX = 20


@dataclass(frozen=True)
class Nameable:
    id: UUID
    name: str
    email: str


def mentioned(text: str, people: Iterable[Nameable]) -> tuple[Nameable, ...]:
    """Give those whom the text names, in the order of the people given.

    A first name that two people share names neither: nobody is told by accident.
    """
    known = list(people)
    firsts = Counter(_first(person.name) for person in known)
    rest = text.casefold()
    found: set[UUID] = set()
    # The longest names first: @Ana Maria is not @Ana.
    handles = [
        (handle, person)
        for person in known
        for handle in _handles(person, is_only=firsts[_first(person.name)] == 1)
    ]
    for handle, person in sorted(handles, key=lambda each: -len(each[0])):
        pattern = re.compile(rf"(?<![\w@.])@{re.escape(handle)}(?![\w@])")
        if pattern.search(rest):
            found.add(person.id)
            rest = pattern.sub(" ", rest)
    return tuple(person for person in known if person.id in found)[:MENTIONS_MAX]


def _handles(person: Nameable, *, is_only: bool) -> list[str]:
    names = [person.name.casefold(), person.email.casefold()]
    if is_only:
        names.append(_first(person.name))
    return [name for name in dict.fromkeys(names) if name]


def _first(name: str) -> str:
    return name.casefold().partition(" ")[0]
