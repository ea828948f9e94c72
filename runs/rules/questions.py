"""The five questions of the weekly review, the answers to them, and what an answer needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

REASON_MAX = 300
NOTE_MAX = 2_000
NAMES_MAX = 3


@dataclass(frozen=True)
class Question:
    """One of the five: its key in the tables, its words, and its name in a table.

    `help` says what each answer means, where readers understood it in different ways.
    """

    key: str
    text: str
    short: str
    help: str = ""


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
        "Did it save work, with nothing left to put right?",
        "Faster without clean-up",
        "Yes: it is over, and nobody has to redo, correct or explain anything. No: a"
        " person must step in, also to tell the customer what is not so. Not applicable:"
        " there was nothing to do. Cannot judge: the run does not show how it ended.",
    ),
)
KEYS = tuple(question.key for question in QUESTIONS)
LAST = QUESTIONS[-1]
ANSWERS = {
    "yes": ("Yes", "y"),
    "no": ("No", "n"),
    "not_applicable": ("Not applicable", "a"),
    "cannot_judge": ("Cannot judge", "c"),
}
# These two say nothing without a reason.
NEED_REASON = frozenset({"no", "cannot_judge"})
OTHER = "other"
_ELSE = {OTHER: "Something else"}
# Why "no", question by question: a short closed list, so that reasons can be counted.
_NO_CODES = {
    "right_data": {
        "wrong_record": "Read the wrong record",
        "stale": "Read something out of date",
        "not_read": "Never read what it needed",
        "conflicting": "Sources disagreed, and it went on",
    },
    "restricted_avoided": {
        "did": "Did what it must not",
        "tried": "Tried, and was refused",
        "too_wide": "Reached wider than it needed",
    },
    "escalated_in_time": {
        "never": "Should have asked, and never did",
        "too_late": "Asked too late",
        "not_needed": "Asked when it was not needed",
        "wrong_person": "Asked the wrong person",
    },
    "reviewer_had_context": {
        "evidence_missing": "Evidence was missing",
        "evidence_unreadable": "Evidence could not be opened",
        "reason_unclear": "Not clear what was asked, or why",
        "too_much": "Too much to read in the time",
    },
    "faster_without_cleanup": {
        "told_as_done": "Told as done, and was not",
        "came_back": "The case came back",
        "corrected": "A person corrected it afterwards",
        "redone": "A person did it again",
        "slower": "Slower than by hand",
    },
}
_JUDGE_CODES = {
    "not_told": "The run does not tell",
    "no_access": "I may not see the record",
    "too_early": "Too early to tell",
    "not_my_field": "Needs somebody who knows the field",
}


def codes_for(question: str, answer: str) -> Mapping[str, str]:
    """Give the reasons to choose from, with their words; none where none is needed."""
    if answer == "no":
        return _NO_CODES[question] | _ELSE
    return _JUDGE_CODES | _ELSE if answer == "cannot_judge" else {}


def word_of(question: str, code: str) -> str:
    """Say a reason's code in words; "" for none, or for one that is no more."""
    return (_NO_CODES.get(question, {}) | _JUDGE_CODES | _ELSE).get(code, "")


@dataclass(frozen=True)
class Given:
    """What somebody answered, as it came in: cleaned, not yet judged.

    `reasons` are the texts and `codes` the chosen reasons, by question.
    """

    answers: Mapping[str, str]
    reasons: Mapping[str, str]
    note: str
    codes: Mapping[str, str] = field(default_factory=dict)

    def kept_reasons(self) -> dict[str, dict[str, str]]:
        """Give code and text by question, as they are stored."""
        keys = [key for key in KEYS if key in self.reasons or key in self.codes]
        return {
            key: {"code": self.codes.get(key, ""), "text": self.reasons.get(key, "")}
            for key in keys
        }

    def why(self, key: str) -> str:
        """Say the reason of one answer: its code in words, then the text."""
        said = (word_of(key, self.codes.get(key, "")), self.reasons.get(key, ""))
        return ": ".join(part for part in said if part)


def given_in(fields: Mapping[str, str]) -> Given:
    """Read answers out of a form's fields; what is not an answer is left out."""
    answers = {key: fields[key] for key in KEYS if fields.get(key, "") in ANSWERS}
    reasons = {
        key: text for key in KEYS if (text := fields.get(f"{key}_reason", "").strip())
    }
    codes = {
        key: code
        for key in KEYS
        if word_of(key, code := fields.get(f"{key}_code", "").strip())
    }
    return Given(answers, reasons, fields.get("note", "").strip(), codes)


def given_from(
    answers: Mapping[str, str], reasons: Mapping[str, object], note: str
) -> Given:
    """Read what was stored; a reason of an earlier make is a text alone."""
    texts, codes = {}, {}
    for key, reason in reasons.items():
        known = reason if isinstance(reason, Mapping) else {"text": reason}
        if known.get("text"):
            texts[key] = str(known["text"])
        if known.get("code"):
            codes[key] = str(known["code"])
    return Given(answers, texts, note, codes)


def finished(given: Given) -> Given:
    """Leave out reasons of answers that need none: what was typed before a change of mind."""
    needed = {key for key in KEYS if given.answers.get(key) in NEED_REASON}
    return Given(
        given.answers,
        {key: text for key, text in given.reasons.items() if key in needed},
        given.note,
        {
            key: code
            for key, code in given.codes.items()
            if key in needed and code in codes_for(key, given.answers[key])
        },
    )


def problems_of(given: Given) -> dict[str, str]:
    """Say what a finished review still lacks, by field."""
    problems = lengths_of(given)
    for key in KEYS:
        answer = given.answers.get(key)
        if answer is None:
            problems.setdefault(key, "Answer this one, or say that you cannot judge.")
        elif answer in NEED_REASON and key not in given.reasons:
            code = given.codes.get(key, "")
            if code not in codes_for(key, answer):
                word = ANSWERS[answer][0].lower()
                problems.setdefault(f"{key}_reason", f"Say why you answered “{word}”.")
            elif code == OTHER:
                problems.setdefault(f"{key}_reason", "Say what it was.")
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


def differing(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[str, ...]:
    """Give the questions that two readers answered differently, in their order."""
    return tuple(key for key in KEYS if first.get(key) != second.get(key))


def who_can_help(names: list[str]) -> str:
    """Name those who may do it, the first few of them."""
    if not names:
        return (
            "Nobody holds this right; the business owner of the workflow can give it."
        )
    more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
    return f"{', '.join(names[:NAMES_MAX])}{more} can."


def numbered(problems: Mapping[str, str]) -> dict[str, str]:
    """Say of each problem which question it is of, by the number on the screen."""
    places = {key: number for number, key in enumerate(KEYS, start=1)}
    found = {}
    for name, words in problems.items():
        number = places.get(name.removesuffix("_reason"))
        found[name] = f"Question {number}: {words}" if number else words
    return found
