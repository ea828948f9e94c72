"""What somebody is told of a known case once they have answered."""

from collections.abc import Mapping

from runs.queries.knowing import KnownRow
from runs.rules.questions import QUESTIONS

_SHORT = {question.key: question.short for question in QUESTIONS}


def wrong_in(answers: Mapping[str, str]) -> str:
    """Name the questions that were answered with "no"."""
    wrong = [_SHORT[key].lower() for key in _SHORT if answers.get(key) == "no"]
    return ", ".join(wrong) or "nothing"


def known_words(row: KnownRow) -> str:
    """Say that a run was a known case, and what its reader made of it."""
    began = f"“{row.title}” was a known case: its answers were settled before."
    known, given = wrong_in(row.known), wrong_in(row.given)
    if row.knew_before:
        return f"{began} You had read it before, so it tests nothing."
    if not row.is_catch:
        return f"{began} Nothing was wrong in it. You answered “no” to {given}."
    if row.is_caught:
        return f"{began} Known to be “no”: {known}. You found it."
    return f"{began} Known to be “no”: {known}. You answered “no” to {given}."
