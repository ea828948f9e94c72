"""From a finding to the draft of the rulebook, with the change in it, in one step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import Conflict, Forbidden, Invalid
from registry.operations.causes import Cause, change_because
from registry.operations.guards import workflow_for
from registry.queries.drafting_from import page_to_change
from runs.models import Finding, FindingMove
from runs.operations.findings import locked_open_finding, note_move
from runs.queries.blind_findings import WHY, is_hidden
from runs.rules.proposing.shapes import applied
from runs.rules.proposing.ways import change_by, way_called, ways_for


@dataclass(frozen=True)
class DraftedChange:
    """Which workflow's draft was changed, which version it is, which part and how."""

    slug: str
    number: int
    part: str
    words: str


@operation(leaves="review.finding_drafted")
def draft_change(
    *,
    actor: Actor,
    finding_id: UUID,
    way: str,
    given: Mapping[str, str],
    seen: str,
    now: datetime,
) -> DraftedChange:
    """Put the change that a finding asks for into the draft of its workflow's rulebook.

    Who may edit the rulebook may. `seen` is the fingerprint of the page as it was shown.
    Locks the finding, then the draft. Raises NotFound, Forbidden with who can help,
    AlreadyDone when it is closed, Conflict with who changed the same part, Invalid.
    """
    finding = locked_open_finding(actor=actor, finding_id=finding_id)
    workflow_for(actor, finding.workflow_id, access.EDIT)
    if is_hidden(finding):
        raise Forbidden(WHY, who_can_help=finding.found_by.name)
    page = page_to_change(workflow_id=finding.workflow_id)
    if seen != page.whole:
        raise Conflict(
            "draft.changed",
            f"{page.changed_by} changed version {page.number} after you looked at it."
            " What you filled in is still here: look at the change again.",
            who=page.changed_by,
            at=page.changed_at,
        )
    ways = ways_for(finding.kind, page.document, about=finding.about)
    chosen = way_called(ways, way)
    if chosen is None or chosen.key != way:
        raise Invalid({"": "The rulebook has changed, and this is no longer offered."})
    change, problems = change_by(chosen, given)
    if change is None:
        raise Invalid(dict(problems))
    if applied(page.document, change) == page.document:
        raise Invalid({"": "The rulebook says this already; nothing would change."})
    saved = change_because(
        actor=actor,
        workflow_id=finding.workflow_id,
        part=change.part,
        seen=page.seen(change.part),
        edit=lambda old: applied(old, change),
        change=change.words,
        cause=Cause("finding", finding.id, _words(finding)),
        now=now,
    )
    facts = {"version": saved.version_number, "part": change.part}
    note_move(
        finding, FindingMove.Kind.DRAFTED, actor, now, text=change.words, facts=facts
    )
    record(
        "review.finding_drafted",
        actor=actor,
        subject=("finding", finding.id),
        workflow_id=finding.workflow_id,
        version=saved.version_number,
        change=change.words[:200],
    )
    return DraftedChange(page.slug, saved.version_number, change.part, change.words)


def _words(finding: Finding) -> str:
    week = finding.week.starts_on
    return f"Finding of the week of {week:%-d %B %Y}: {finding.text}"
