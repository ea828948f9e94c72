"""The page that a change from another room would be made to: the draft, else what is live."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from registry.models import OperatingModelVersion, Workflow
from registry.models.version import VersionState
from registry.queries.comparisons import Difference, difference_of, document_of
from registry.queries.parts import fingerprint, fingerprint_of
from registry.rules.document import problems_of

NOT_OPEN = 0


@dataclass(frozen=True)
class PageToChange:
    """What a change would be made to, and why it cannot be made just now, if so."""

    slug: str
    name: str
    number: int
    is_draft: bool
    submitted: int
    live: int | None
    document: Mapping[str, Any]
    changed_by: str
    changed_at: datetime

    @property
    def whole(self) -> str:
        """Sum up the whole page, so that a form can say which one it showed."""
        return fingerprint_of(self.document)

    def seen(self, part: str) -> str:
        return fingerprint(self.document, part)


@dataclass(frozen=True)
class Preview:
    """What a change would come to: its difference from the page, or what is wrong."""

    difference: Difference | None
    problems: tuple[str, ...]


def page_to_change(*, workflow_id: UUID) -> PageToChange:
    """Give the open draft, or what is live, or else what waits for signatures. Two queries.

    For readers of the workflow: whoever calls it has seen to that.
    """
    workflow = Workflow.objects.select_related("live_version").get(id=workflow_id)
    open_ones = {
        row.state: row
        for row in OperatingModelVersion.objects.filter(
            workflow=workflow, state__in=(VersionState.DRAFT, VersionState.SUBMITTED)
        ).select_related("changed_by")
    }
    draft = open_ones.get(VersionState.DRAFT)
    submitted = open_ones.get(VersionState.SUBMITTED)
    live = workflow.live_version
    shown = draft or live or submitted
    if shown is None:
        raise NotFound("There is no page here.")
    return PageToChange(
        slug=workflow.slug,
        name=workflow.name,
        number=shown.number,
        is_draft=draft is not None,
        submitted=submitted.number if submitted and draft is None else NOT_OPEN,
        live=live.number if live else None,
        document=document_of(shown),
        changed_by=shown.changed_by.name if shown.changed_by else "Countersign",
        changed_at=shown.changed_at,
    )


def preview_of(old: Mapping[str, Any], new: Mapping[str, Any], number: int) -> Preview:
    """Say what a change of the page would widen or narrow. No query."""
    problems = tuple(f"{each.path}: {each.text}" for each in problems_of(new))
    if problems:
        return Preview(None, problems)
    return Preview(difference_of(dict(old), dict(new), compared_with=number), ())


def may_edit(actor: Actor, workflow_id: UUID) -> bool:
    """Say whether a person may change this workflow's rulebook. At most two queries."""
    return access.may(actor, access.EDIT, workflow_id)
