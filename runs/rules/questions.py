"""The five questions of the weekly review, the answers to them, and what an answer needs."""

from collections.abc import Mapping
from dataclasses import dataclass

REASON_MAX = 300
NOTE_MAX = 2_000
NAMES_MAX = 3


@dataclass(frozen=True)
class Question:
    """One of the five: its key in the tables, its words, and its name in a table."""

    key: str
    text: str
    short: str


QUESTIONS = (
    Question("right_data", "Did it use the right source data?", "Right source data"),
    Question(
        "restricted_avoided",
        "Did it keep away from restricted actions?",
        "Restricted actions avoided",
    ),
    Question(
        "escalated_in_time",
        "Did it escalate at the right time?",
        "Escalated at the right time",
    ),
    Question(
        "reviewer_had_context",
        "Did the reviewer have enough context?",
        "Reviewer had enough context",
    ),
    Question(
        "faster_without_cleanup",
        "Was it faster, without cleaning up later?",
        "Faster without clean-up",
    ),
)
KEYS = tuple(question.key for question in QUESTIONS)
ANSWERS = {
    "yes": ("Yes", "y"),
    "no": ("No", "n"),
    "not_applicable": ("Not applicable", "a"),
    "cannot_judge": ("Cannot judge", "c"),
}
# These two say nothing without a reason.
NEED_REASON = frozenset({"no", "cannot_judge"})


@dataclass(frozen=True)
class Given:
    """What somebody answered, as it came in: cleaned, not yet judged."""

    answers: Mapping[str, str]
    reasons: Mapping[str, str]
    note: str


def given_in(fields: Mapping[str, str]) -> Given:
    """Read answers out of a form's fields; what is not an answer is left out."""
    answers = {key: fields[key] for key in KEYS if fields.get(key, "") in ANSWERS}
    reasons = {
        key: text for key in KEYS if (text := fields.get(f"{key}_reason", "").strip())
    }
    return Given(answers, reasons, fields.get("note", "").strip())


def problems_of(given: Given) -> dict[str, str]:
    """Say what a finished review still lacks, by field."""
    problems = lengths_of(given)
    for key in KEYS:
        answer = given.answers.get(key)
        if answer is None:
            problems.setdefault(key, "Answer this one, or say that you cannot judge.")
        elif answer in NEED_REASON and key not in given.reasons:
            word = ANSWERS[answer][0].lower()
            problems.setdefault(f"{key}_reason", f"Say why you answered “{word}”.")
    return problems


def lengths_of(given: Given) -> dict[str, str]:
    """Say which texts are too long; this much a draft must keep too."""
    problems = {
        f"{key}_reason": f"Keep this to {REASON_MAX} characters."
        for key, text in given.reasons.items()
        if len(text) > REASON_MAX
    }
    if len(given.note) > NOTE_MAX:
        problems["note"] = f"Keep the note to {NOTE_MAX:,} characters."
    return problems


def who_can_help(names: list[str]) -> str:
    """Name those who may do it, the first few of them."""
    if not names:
        return (
            "Nobody holds this right; the business owner of the workflow can give it."
        )
    more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
    return f"{', '.join(names[:NAMES_MAX])}{more} can."
