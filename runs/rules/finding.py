"""The words a run is found by: what it says, what it did, who took part, what it cannot answer.

Words come from the run's own text. Facets begin with "=", which no word does: so that a
person who types "refund" finds words, and the list's filters find exact facts.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from runs.rules.answering import QUESTIONS, answers_of

TOKENS_MAX = 160
TOKEN_LENGTH_MAX = 80
ASKED_WORDS_MAX = 8
# A single letter begins too many words to be looked up by its beginning.
PREFIX_LENGTH_MIN = 2
_WORD = re.compile(r"\w+")
_EDGES = re.compile(r"^\W+|\W+$")
_SEPARATORS = re.compile(r"[\s\x00]+")
PARTS = ("did", "approved", "decided", "asked")
UNANSWERED = tuple(key for key, _ in QUESTIONS)


def tokens_of(
    state: Mapping[str, Any], *, title: str, agent_run_id: str
) -> tuple[str, ...]:
    """Give what a run is found by, sorted; the same state gives the same tokens."""
    facets = sorted(_facets(state))
    words: dict[str, None] = {}
    for text in (title, agent_run_id, *_texts(state)):
        words.update(dict.fromkeys(_words(text)))
    kept = list(words)[: max(0, TOKENS_MAX - len(facets))]
    return tuple(sorted({*facets, *kept}))


def query_of(
    *, text: str = "", facets: Iterable[str] = (), any_of: Iterable[str] = ()
) -> str:
    """Write what is asked for as a text search query; "" when nothing is.

    Every typed word must begin a word of the run; every facet must be there, and one of
    `any_of` where there are any.
    """
    parts = [_quoted(facet) for facet in facets]
    others = [_quoted(facet) for facet in any_of]
    if others:
        parts.append(f"({' | '.join(others)})")
    parts += [_asked(word) for word in _split(text)[:ASKED_WORDS_MAX]]
    return " & ".join(part for part in parts if part)


def facet(name: str, value: str) -> str:
    """Write one facet, as `verb` and `refund`."""
    return f"={name}:{_SEPARATORS.sub('_', value)}"[:TOKEN_LENGTH_MAX]


def _facets(state: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    acts = {
        (str(ask["asked"][2] or ""), str(ask["asked"][3] or ""))
        for ask in state.get("asks", {}).values()
        if "asked" in ask
    }
    acts |= {
        (verb, system)
        for verb, _, system in (key.partition("|") for key in state.get("writes", {}))
    }
    for verb, system in acts:
        if verb:
            found.add(facet("verb", verb))
        if system:
            found.add(facet("system", system))
    found |= {facet("system", name) for name in state.get("systems", ()) if name}
    found |= {f"={part}" for part in state.get("people", ())}
    found |= {
        facet("unanswered", answer.key)
        for answer in answers_of(state)
        if not answer.is_answered
    }
    if "held" in state:
        found.add(facet("was", "held"))
    return found


def _texts(state: Mapping[str, Any]) -> Iterable[str]:
    for name, place in (("started", 1), ("decided", 1), ("finished", 2), ("held", 1)):
        if name in state:
            yield state[name][place] or ""
    asks = sorted(
        (ask for ask in state.get("asks", {}).values() if "asked" in ask),
        key=lambda ask: ask["asked"][0],
    )
    for ask in asks[:5]:
        yield f"{ask['asked'][1] or ''} {ask['asked'][6] or ''}"
        yield " ".join(ask.get("approvers", ()))
    for name in ("read_labels", "tool_read_labels"):
        for _, label in state.get(name, ()):
            yield label
    for name in ("tool_names", "merged"):
        yield " ".join(state.get(name, ()))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _split(text: str) -> list[str]:
    rough = _SEPARATORS.sub(" ", _plain(text)).split()
    return [word for each in rough if (word := _EDGES.sub("", each))]


def _words(text: str) -> Iterable[str]:
    for word in _split(text):
        yield word[:TOKEN_LENGTH_MAX]
        parts = _WORD.findall(word)
        if parts != [word]:
            yield from (part[:TOKEN_LENGTH_MAX] for part in parts)


def _asked(word: str) -> str:
    whole = _begins(word[:TOKEN_LENGTH_MAX])
    parts = [part[:TOKEN_LENGTH_MAX] for part in _WORD.findall(word)]
    if parts == [word] or not parts:
        return whole
    *before, last = parts
    apart = " & ".join([*(_quoted(part) for part in before), _begins(last)])
    return f"({whole} | ({apart}))"


def _begins(word: str) -> str:
    return f"{_quoted(word)}{':*' if len(word) >= PREFIX_LENGTH_MIN else ''}"


def _quoted(lexeme: str) -> str:
    doubled = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"
