"""What a column probably means: by its name first, then by what stands in it.

A suggestion, never more: a person sees it, with the first rows, and may choose otherwise.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.rules.inventory import Meaning, Table, key_of

SAMPLE_ROWS = 200
SCORE_MIN = 0.5
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    Meaning.NAME: (
        *("name", "title", "use case name", "use case title", "ai use case name"),
        *("workflow", "workflow name", "use case", "project name", "project title"),
        *("system name", "application name", "ai system", "solution", "bezeichnung"),
    ),
    Meaning.PURPOSE: (
        *("purpose", "summary", "description", "use case summary", "abstract"),
        *("use case description", "intended purpose", "objective", "goal", "zweck"),
        *("intended purpose and expected benefits", "project summary", "overview"),
        *("what problem is the ai intended to solve", "problem", "beschreibung"),
    ),
    Meaning.DEPARTMENT: (
        *("department", "agency", "department name", "business unit", "division"),
        *("organisation", "organization", "bureau", "component", "office", "team"),
        *("department code", "agency abbreviation", "op div", "abteilung", "bereich"),
    ),
    Meaning.BUSINESS_OWNER: (
        *("business owner", "owner", "owner email", "contact", "contact email"),
        *("responsible", "responsible person", "process owner", "sponsor"),
        *("point of contact", "poc", "poc email", "product owner", "verantwortlich"),
    ),
    Meaning.RISK: (
        *("risk", "risk level", "risk class", "risk category", "impact", "criticality"),
        *("rights or safety impacting", "high impact", "impact level", "risiko"),
        *("is the ai use case rights impacting safety impacting both or neither",),
        "is the ai use case high impact",
    ),
    Meaning.IDENTIFIER: (
        *("id", "identifier", "use case id", "inventory id", "number", "key"),
        *("reference", "ref", "use case number", "inventory number", "kennung"),
    ),
    Meaning.TEMPLATE: ("template", "starts from", "workflow template", "vorlage"),
    Meaning.STAGE: (
        *("stage", "state", "status", "development stage", "stage of development"),
        *("lifecycle stage", "life cycle stage", "phase", "stage of system", "sdlc"),
        *("current stage", "use case status", "lifecycle", "stadium"),
    ),
}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_WORD = re.compile(r"[^\w]+|_+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
RISK_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("low", "minimal", "niedrig", "gering", "1 low", "l"), "low"),
    **dict.fromkeys(
        (
            *("medium", "moderate", "limited", "mittel", "neither", "not high impact"),
            *("presumed high impact but determined not high impact", "2 medium", "m"),
        ),
        "medium",
    ),
    **dict.fromkeys(
        (
            *("high", "critical", "very high", "hoch", "unacceptable", "both", "h"),
            *("rights impacting", "safety impacting", "high impact", "3 high"),
            *("rights and safety impacting", "safety and rights impacting"),
        ),
        "high",
    ),
}


@dataclass(frozen=True)
class Known:
    """What the portal knows that a value may be compared with, each as `key_of` gives it."""

    departments: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    templates: frozenset[str] = frozenset()


def words_of(heading: str) -> str:
    """Return a heading as plain words: Use_Case_ID and useCaseId are both use case id."""
    return key_of(_NO_WORD.sub(" ", _CAMEL.sub(" ", heading)))


def suggest(table: Table, known: Known) -> dict[int, str]:
    """Return a meaning for every column; each but notes is given once, to the likeliest."""
    scores: list[tuple[float, int, str]] = []
    for index, heading in enumerate(table.columns):
        values = _values(table, index)
        for meaning in _SYNONYMS:
            score = _score(meaning, heading, values, known)
            if score >= SCORE_MIN:
                scores.append((score, -index, meaning))
    chosen: dict[int, str] = {}
    for _, minus_index, meaning in sorted(scores, reverse=True):
        if -minus_index not in chosen and meaning not in chosen.values():
            chosen[-minus_index] = meaning
    if Meaning.NAME not in chosen.values():
        _name_by_values(table, chosen)
    return {
        index: chosen.get(index, Meaning.NOTE) for index in range(len(table.columns))
    }


def risk_of(value: str) -> str | None:
    """Return low, medium or high for a word that means one of them."""
    return RISK_WORDS.get(words_of(value))


def _values(table: Table, index: int) -> list[str]:
    return [
        row.cells[index]
        for row in table.rows[:SAMPLE_ROWS]
        if index < len(row.cells) and row.cells[index]
    ]


def _score(meaning: str, heading: str, values: Sequence[str], known: Known) -> float:
    by_name = _name_score(meaning, words_of(heading))
    return by_name + _value_score(meaning, values, known)


def _name_score(meaning: str, words: str) -> float:
    """Return 1 for a heading that is a synonym, less for one that only contains it."""
    best = 0.0
    asked = set(words.split())
    for place, synonym in enumerate(_SYNONYMS[meaning]):
        parts = synonym.split()
        if words == synonym:
            return 1.0 - place / 100
        if set(parts) <= asked:
            best = max(best, 0.35 + 0.4 * len(parts) / len(asked) - place / 1000)
    return best


def _value_score(meaning: str, values: Sequence[str], known: Known) -> float:
    if not values:
        return -0.3
    average = sum(map(len, values)) / len(values)
    distinct = len(set(values)) / len(values)
    match meaning:
        case Meaning.NAME:
            return 0.1 if average < 160 and distinct > 0.8 else -0.5
        case Meaning.PURPOSE:
            return 0.2 if average > 80 else -0.1
        case Meaning.DEPARTMENT:
            share = _share(values, known.departments)
            return 0.5 * share + (0.1 if average < 80 and distinct < 0.7 else -0.2)
        case Meaning.BUSINESS_OWNER:
            mails = sum(1 for value in values if _EMAIL.search(value)) / len(values)
            return 0.6 * mails + 0.5 * _share(values, known.people)
        case Meaning.RISK:
            words = sum(1 for value in values if risk_of(value)) / len(values)
            return 0.6 * words - 0.3 * (1 - words)
        case Meaning.IDENTIFIER:
            is_short = average < 40
            return (
                (0.1 if distinct > 0.95 else -0.2)
                if is_short and distinct > 0.6
                else -0.5
            )
        case Meaning.TEMPLATE:
            return 0.6 * _share(values, known.templates) - 0.2
        case _:
            return 0.1 if distinct < 0.5 and average < 80 else -0.3


def _share(values: Sequence[str], known: frozenset[str]) -> float:
    return sum(1 for value in values if key_of(value) in known) / len(values)


def _name_by_values(table: Table, chosen: dict[int, str]) -> None:
    """Take the first column of short texts that differ for the name, when none says so."""
    for index in range(len(table.columns)):
        values = _values(table, index)
        if index in chosen or not values:
            continue
        average = sum(map(len, values)) / len(values)
        has_words = sum(" " in value for value in values) > len(values) / 2
        if has_words and 8 < average < 160 and len(set(values)) > 0.8 * len(values):
            chosen[index] = Meaning.NAME
            return
