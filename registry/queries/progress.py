"""How far the ten answers are, and who wrote each part of a draft last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from registry.models import DraftPart
from registry.queries.questions import QUESTIONS, Question
from registry.queries.templates import example_of

ANSWERED, UNREAD, MISSING = "answered", "unread", "missing"


@dataclass(frozen=True)
class PartNote:
    """Who changed a part last, and when."""

    who: str
    at: datetime


@dataclass(frozen=True)
class AnswerLine:
    """One of the ten questions with its answer, and whether a person stands behind it.

    `unread` says that the template's words stand there and nobody has saved them yet.
    """

    question: Question
    text: str
    state: str

    @property
    def is_answered(self) -> bool:
        return self.state == ANSWERED


@dataclass(frozen=True)
class Progress:
    """The ten answers in order, and how many of them a person has settled."""

    lines: tuple[AnswerLine, ...]

    @property
    def total(self) -> int:
        return len(self.lines)

    @property
    def settled(self) -> int:
        return sum(1 for line in self.lines if line.is_answered)

    @property
    def unread(self) -> int:
        return sum(1 for line in self.lines if line.state == UNREAD)

    @property
    def next_key(self) -> str | None:
        """Give the first question that still wants somebody."""
        open_lines = (line for line in self.lines if not line.is_answered)
        first = next(open_lines, None)
        return first.question.key if first else None


def notes_of(*, version_id: UUID) -> Mapping[str, PartNote]:
    """Say who changed each part of a version last. One query."""
    rows = DraftPart.objects.filter(version_id=version_id).select_related("person")
    return {
        row.part: PartNote(row.person.name if row.person else "Countersign", row.at)
        for row in rows
    }


def progress_of(
    document: Mapping[str, Any], notes: Mapping[str, PartNote], *, is_first: bool
) -> Progress:
    """Say how far the ten answers are. Only a first version holds unread words."""
    answers = document.get("answers", {})
    template = document.get("template", "") if is_first else ""
    return Progress(
        tuple(
            AnswerLine(
                question,
                answers.get(question.key, ""),
                _state(question.key, answers.get(question.key, ""), template, notes),
            )
            for question in QUESTIONS
        )
    )


def _state(key: str, text: str, template: str, notes: Mapping[str, PartNote]) -> str:
    if not text.strip():
        return MISSING
    is_template = bool(template) and text == example_of(template, key)
    is_noted = f"answers.{key}" in notes or "document" in notes
    return UNREAD if is_template and not is_noted else ANSWERED
