"""The draft of the one page as its editors see it: where it stands and what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.core.errors import NotFound
from registry.models import OperatingModelVersion, StandingReviewer, Workflow
from registry.models.version import VersionState
from registry.queries.causes import CauseLine, causes_of
from registry.queries.comparisons import Difference, difference_from_live
from registry.queries.parts import fingerprint, gaps_of
from registry.queries.people import people_of
from registry.queries.progress import (
    AnswerLine,
    PartNote,
    Progress,
    notes_of,
    progress_of,
)
from registry.queries.questions import BY_KEY, QUESTIONS, Question
from registry.rules.document import Gap
from registry.rules.phases import GROUPED
from registry.rules.techniques import best_fit

# Where a gap is closed: its step's address, by the part that the rulebook names.
STEPS = (
    ("basics", "Name and purpose", "draft_basics"),
    ("technique", "Best-fit technique", "draft_technique"),
    ("answers", "Ten questions", "draft_answer"),
    ("matrix", "What it may do", "draft_matrix"),
    ("groups", "Action groups", "draft_groups"),
    ("guardrails", "Guardrails", "draft_guardrail"),
    ("stop-rules", "Stop rules", "draft_stop_rules"),
    ("limits", "Caps", "draft_caps"),
    ("checks", "Checks and tools", "draft_checks"),
    ("targets", "Targets and baselines", "draft_measures"),
    ("people", "People and agents", "workflow_people"),
)


@dataclass(frozen=True)
class Draft:
    """The open draft: its page, and the revision that a save must name."""

    version_id: UUID
    number: int
    revision: int
    document: Mapping[str, Any]
    changed_by: str
    changed_at: datetime
    based_on: int | None

    def seen(self, part: str) -> str:
        return fingerprint(self.document, part)


@dataclass(frozen=True)
class StepLine:
    """One step of writing the page."""

    key: str
    label: str
    url_name: str
    state: str
    note: str


@dataclass(frozen=True)
class DraftPage:
    """The overview of a draft: steps, gaps, and what it changes."""

    draft: Draft
    steps: tuple[StepLine, ...]
    gaps: tuple[Gap, ...]
    difference: Difference
    progress: Progress
    is_reviewed: bool
    causes: tuple[CauseLine, ...]

    @property
    def is_ready(self) -> bool:
        return not self.gaps


@dataclass(frozen=True)
class AnswerPage:
    """One of the ten questions, with where it stands among them."""

    draft: Draft
    question: Question
    text: str
    seen: str
    position: int
    total: int
    previous: str | None
    following: str | None
    progress: Progress
    note: PartNote | None

    @property
    def line(self) -> AnswerLine:
        return self.progress.lines[self.position - 1]


def draft_of(*, workflow_id: UUID) -> Draft:
    """Give the open draft. One query. Raises NotFound when there is none."""
    row = (
        OperatingModelVersion.objects.filter(
            workflow_id=workflow_id, state=VersionState.DRAFT
        )
        .select_related("changed_by", "based_on")
        .first()
    )
    if row is None:
        raise NotFound("There is no draft here.")
    return Draft(
        version_id=row.id,
        number=row.number,
        revision=row.revision,
        document=row.document,
        changed_by=row.changed_by.name if row.changed_by else "Countersign",
        changed_at=row.changed_at,
        based_on=row.based_on.number if row.based_on else None,
    )


def draft_page(*, workflow_id: UUID) -> DraftPage:
    """Give the overview of the draft. Nine queries."""
    draft = draft_of(workflow_id=workflow_id)
    gaps = gaps_of(draft.document, people_of(workflow_id=workflow_id))
    workflow = Workflow.objects.get(id=workflow_id)
    version = OperatingModelVersion.objects.get(id=draft.version_id)
    progress = _progress(draft)
    return DraftPage(
        draft=draft,
        steps=_steps(gaps, progress, draft),
        gaps=gaps,
        difference=difference_from_live(workflow=workflow, version=version),
        progress=progress,
        is_reviewed=StandingReviewer.objects.filter(workflow=workflow_id).exists(),
        causes=causes_of(version_id=draft.version_id),
    )


def draft_steps(*, draft: Draft, workflow_id: UUID) -> tuple[StepLine, ...]:
    """Give the steps of writing the page, for the side of every step. Four queries."""
    gaps = gaps_of(draft.document, people_of(workflow_id=workflow_id))
    return _steps(gaps, _progress(draft), draft)


def answer_page(*, workflow_id: UUID, key: str) -> AnswerPage:
    """Give one question of the draft. Two queries. Raises NotFound for an unknown one."""
    if key not in BY_KEY:
        raise NotFound("There is no such question.")
    draft = draft_of(workflow_id=workflow_id)
    answers = draft.document.get("answers", {})
    keys = [question.key for question in QUESTIONS]
    at = keys.index(key)
    notes = notes_of(version_id=draft.version_id)
    return AnswerPage(
        draft=draft,
        question=BY_KEY[key],
        text=answers.get(key, ""),
        seen=draft.seen(f"answers.{key}"),
        position=at + 1,
        total=len(keys),
        previous=keys[at - 1] if at else None,
        following=keys[at + 1] if at + 1 < len(keys) else None,
        progress=progress_of(draft.document, notes, is_first=not draft.based_on),
        note=notes.get(f"answers.{key}") or notes.get("document"),
    )


def _progress(draft: Draft) -> Progress:
    notes = notes_of(version_id=draft.version_id)
    return progress_of(draft.document, notes, is_first=not draft.based_on)


def _steps(
    gaps: tuple[Gap, ...], progress: Progress, draft: Draft
) -> tuple[StepLine, ...]:
    missing: dict[str, int] = {}
    for gap in gaps:
        missing[gap.where] = missing.get(gap.where, 0) + 1
    lines = []
    for key, label, url_name in STEPS:
        if key == "groups" and draft.document.get("phase") != GROUPED:
            continue
        count = missing.get(key, 0)
        note = f"{count} missing" if count else ""
        if key == "technique" and best_fit(draft.document.get(key) or {}) is None:
            lines.append(StepLine(key, label, url_name, "todo", "not asked yet"))
            continue
        is_open = bool(count)
        if key == "answers" and progress.next_key:
            note = f"{progress.settled} of {progress.total}"
            is_open = True
        lines.append(
            StepLine(key, label, url_name, "todo" if is_open else "done", note)
        )
    return tuple(lines)
