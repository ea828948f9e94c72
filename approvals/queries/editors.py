"""Who wrote what a version asks for: its own editor, and those whose edits it builds on."""

from dataclasses import dataclass
from uuid import UUID

from approvals.models import Proposal, ProposalVersion


@dataclass(frozen=True)
class Editors:
    """All who edited up to one version; wideners are those since it last asked for less."""

    everybody: frozenset[UUID] = frozenset()
    wideners: frozenset[UUID] = frozenset()


def editors_of(version: ProposalVersion) -> Editors:
    """Name the editors behind one version. One query, none for what nobody edited."""
    if version.edited_by_id is None:
        return Editors()
    everybody: set[UUID] = set()
    wideners: set[UUID] = set()
    request = Proposal.objects.filter(id=version.proposal_id).values("action_request")
    # By the request: what was undone is open again under another proposal.
    edits = ProposalVersion.objects.filter(
        proposal__action_request__in=request,
        created_at__lte=version.created_at,
        edited_by__isnull=False,
    ).order_by("created_at", "number")
    for editor_id, is_widening in edits.values_list("edited_by", "is_widening"):
        everybody.add(editor_id)
        if is_widening:
            wideners.add(editor_id)
        else:
            wideners.clear()
    return Editors(frozenset(everybody), frozenset(wideners))
