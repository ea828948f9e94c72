"""The step of a draft on which targets and baselines are set."""

from dataclasses import dataclass
from uuid import UUID

from registry.queries.drafts import Draft, draft_of
from registry.rules.measures import (
    BaselineLine,
    Target,
    aims_in,
    baselines_in,
    targets_in,
)


@dataclass(frozen=True)
class MeasuresPage:
    draft: Draft
    targets: tuple[Target, ...]
    aims: tuple[tuple[str, str], ...]
    baselines: tuple[BaselineLine, ...]


def measures_page(*, workflow_id: UUID) -> MeasuresPage:
    """Give what the draft aims at and what it compares with. Two queries."""
    draft = draft_of(workflow_id=workflow_id)
    return MeasuresPage(
        draft=draft,
        targets=targets_in(draft.document),
        aims=aims_in(draft.document),
        baselines=baselines_in(draft.document),
    )
