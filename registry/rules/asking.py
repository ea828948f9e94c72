"""A question in plain words about authority: "who may refund in billing?".

Read without guessing: a question that is not understood is no question, and a search for
its words goes on as ever.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from registry.rules.sentences import system_label
from registry.rules.verbs import VERBS

QUESTION_LENGTH_MAX = 100
_QUESTION = re.compile(
    r"(?:who|what|which workflows?)\s+(?:may|can|is allowed to|are allowed to)\s+(?P<rest>.+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class WhoMay:
    """A verb, and the system it was asked about or ""."""

    verb: str
    system: str = ""


def is_question(text: str) -> bool:
    """Return whether a text begins as such a question, before anything is looked up."""
    return _QUESTION.fullmatch(_one_line(text)) is not None


def question_in(text: str, *, systems: Mapping[str, str]) -> WhoMay | None:
    """Read "who may <verb> [in <system>]?"; `systems` are names by slug.

    A text that is not such a question, or names no verb or system there is, is None.
    """
    found = _QUESTION.fullmatch(_one_line(text))
    if found is None:
        return None
    words, _, place = found["rest"].partition(" in ")
    verb = _verb(words)
    if verb is None:
        return None
    if not place:
        return WhoMay(verb)
    system = _system(place, systems)
    return WhoMay(verb, system) if system else None


def _one_line(text: str) -> str:
    return " ".join(text[:QUESTION_LENGTH_MAX].split()).rstrip("?!. ")


def _verb(words: str) -> str | None:
    said = _plain(words)
    for verb in VERBS.values():
        if said in (_plain(verb.slug), _plain(verb.label), _plain(verb.past)):
            return verb.slug
    return None


def _system(place: str, systems: Mapping[str, str]) -> str | None:
    said = _plain(place.removeprefix("the "))
    for slug, name in systems.items():
        if said in (_plain(slug), _plain(name), _plain(system_label(slug))):
            return slug
    return None


def _plain(words: str) -> str:
    return re.sub(r"[\s_-]+", " ", words).strip().casefold()
