"""Changes to the one page while it is written: pure functions from document to document.

Each gives a new document and leaves the old one as it was. Nothing here looks anything
up or judges; `registry.rules.document` says whether the result can be read.
"""

import copy
from collections.abc import Mapping
from typing import Any

from registry.queries.parts import BASICS
from registry.rules.gaps import QUESTIONS

Document = dict[str, Any]
QUESTION_KEYS = tuple(question.key for question in QUESTIONS)
ANSWER_LENGTH_MAX = 4000
ALLOWANCES_MAX = 1000
RULES_MAX = 100


def with_basics(document: Mapping, changes: Mapping[str, object]) -> Document:
    """Change what stands in the head of the page."""
    return _copy(document) | {key: changes[key] for key in BASICS if key in changes}


def with_answer(document: Mapping, question: str, text: str) -> Document:
    """Answer one of the ten questions."""
    changed = _copy(document)
    changed["answers"] = {**changed.get("answers", {}), question: text}
    return changed


def with_allowance(document: Mapping, allowance: Mapping[str, object]) -> Document:
    """Set one cell of the matrix; what the cell said before is replaced whole."""
    changed = without_allowance(document, allowance["system"], allowance["verb"])
    changed["allowances"] = sorted(
        [*changed["allowances"], _plain(allowance)],
        key=lambda row: (row["system"], row["verb"]),
    )
    return changed


def without_allowance(document: Mapping, system: object, verb: object) -> Document:
    """Empty one cell of the matrix; an empty cell is refused."""
    changed = _copy(document)
    changed["allowances"] = [
        row
        for row in changed.get("allowances", ())
        if (row["system"], row["verb"]) != (system, verb)
    ]
    return changed


def with_row(document: Mapping, part: str, key: str, row: Mapping) -> Document:
    """Set one stop rule, cap, check or tool; the same key replaces it in its place."""
    changed = _copy(document)
    rows = list(changed.get(part, ()))
    place = next((at for at, old in enumerate(rows) if old.get(key) == row[key]), None)
    if place is None:
        rows.append(_plain(row))
    else:
        rows[place] = _plain(row)
    changed[part] = rows
    return changed


def without_row(document: Mapping, part: str, key: str, value: str) -> Document:
    """Take one stop rule, cap, check or tool out."""
    changed = _copy(document)
    changed[part] = [row for row in changed.get(part, ()) if row.get(key) != value]
    return changed


def with_part(document: Mapping, part: str, value: object) -> Document:
    """Replace a whole part: the guardrail, the categories, the targets."""
    return _copy(document) | {part: copy.deepcopy(value)}


def _copy(document: Mapping) -> Document:
    return copy.deepcopy(dict(document))


def _plain(row: Mapping) -> dict[str, object]:
    # What was left empty is left out, so that a page holds only what somebody said.
    return {key: value for key, value in row.items() if value not in (None, "", (), [])}
