"""The best-fit technique of a draft: the question that is open, or how the tree ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F

from registry.models import OperatingModelVersion
from registry.queries.comparisons import document_of
from registry.queries.drafts import Draft, draft_of
from registry.rules.techniques import (
    NO,
    QUESTIONS,
    TECHNIQUES,
    YES,
    Technique,
    TechniqueQuestion,
    best_fit,
    next_question,
    technique_of,
)

PART = "technique"


@dataclass(frozen=True)
class TechniquePage:
    """Where the tree stands: answered so far, the open question, or the technique."""

    draft: Draft
    seen: str
    said: Mapping[str, str]
    answered: tuple[tuple[str, str], ...]
    open: TechniqueQuestion | None
    position: int
    total: int
    fit: Technique | None
    chosen: Technique | None
    techniques: tuple[Technique, ...]


def technique_page(*, workflow_id: UUID) -> TechniquePage:
    """Give it for the open draft. One query. Raises NotFound without a draft."""
    draft = draft_of(workflow_id=workflow_id)
    said = dict(draft.document.get(PART) or {})
    fit = best_fit(said)
    answered = tuple(
        (each.text, said[each.key].capitalize())
        for each in QUESTIONS
        if said.get(each.key) in (YES, NO)
    )
    return TechniquePage(
        draft=draft,
        seen=draft.seen(PART),
        said=said,
        answered=answered,
        open=next_question(said),
        position=len(answered) + 1,
        total=len(QUESTIONS),
        fit=fit,
        chosen=TECHNIQUES.get(said.get("choice", "")),
        techniques=tuple(TECHNIQUES.values()),
    )


def technique_in_force(*, workflow_id: UUID) -> tuple[Technique | None, str]:
    """Give the technique of what is live, and why it differs from the best fit. One query."""
    live = OperatingModelVersion.objects.filter(
        workflow_id=workflow_id, workflow__live_version=F("id")
    ).first()
    said = (document_of(live).get(PART) or {}) if live else {}
    return technique_of(said), said.get("because", "")
