"""The versions of a workflow's page, newest first, and how each differs from the one before."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from registry.models import OperatingModelVersion, Signature, Workflow
from registry.models.version import VersionState
from registry.queries.causes import CauseLine, causes_by_version, causes_of
from registry.queries.comparisons import (
    Difference,
    difference_from_live,
    difference_of,
    document_of,
)
from registry.queries.packets import missing_signatures
from registry.queries.pages import version_numbered

VERSIONS_SHOWN_MAX = 200


@dataclass(frozen=True)
class VersionLine:
    """One version as the history lists it."""

    number: int
    state: str
    state_word: str
    kind: str
    label: str
    is_live: bool
    was_live: bool
    created_by: str
    at: datetime
    based_on: int | None
    signers: tuple[str, ...]
    digest: str
    reason: str
    has_packet: bool
    because: tuple[str, ...]


@dataclass(frozen=True)
class VersionPage:
    """One version beside another: what changed, and what going back to it would need."""

    line: VersionLine
    against: int | None
    difference: Difference | None
    numbers: tuple[int, ...]
    may_roll_back: bool
    rollback: Difference | None
    missing: tuple[str, ...]
    causes: tuple[CauseLine, ...]


_KINDS = {
    VersionState.DRAFT: "draft",
    VersionState.SUBMITTED: "waiting",
    VersionState.LAUNCHED: "done",
    VersionState.WITHDRAWN: "info",
}


def versions_of(
    *, workflow_id: UUID, live_version_id: UUID | None
) -> tuple[VersionLine, ...]:
    """Give the versions, newest first. Three queries."""
    rows = list(
        OperatingModelVersion.objects.filter(workflow_id=workflow_id)
        .select_related("created_by", "based_on", "packet")
        .defer("content", "document", "packet__content")
        .order_by("-number")[:VERSIONS_SHOWN_MAX]
    )
    signers: dict[UUID, list[str]] = {}
    signatures = Signature.objects.filter(
        packet__version__in=[row.id for row in rows], withdrawn_at=None
    )
    for version_id, name in signatures.order_by("signed_at", "id").values_list(
        "packet__version_id", "person__name"
    ):
        signers.setdefault(version_id, []).append(name)
    causes = causes_by_version([row.id for row in rows])
    return tuple(
        _line(
            row, live_version_id, tuple(signers.get(row.id, ())), causes.get(row.id, ())
        )
        for row in rows
    )


def version_page(
    *, workflow_id: UUID, live_version_id: UUID | None, number: int, against: int | None
) -> VersionPage:
    """Give one version with its difference from another. About ten queries."""
    lines = versions_of(workflow_id=workflow_id, live_version_id=live_version_id)
    version = version_numbered(workflow_id=workflow_id, number=number)
    numbers = tuple(line.number for line in lines)
    before = (
        against
        if against is not None
        else max((each for each in numbers if each < number), default=None)
    )
    old = version_numbered(workflow_id=workflow_id, number=before) if before else None
    line = next(each for each in lines if each.number == number)
    may_roll_back = line.was_live and not line.is_live
    rollback = None
    missing: tuple[str, ...] = ()
    if may_roll_back:
        workflow = Workflow.objects.get(id=workflow_id)
        rollback = difference_from_live(workflow=workflow, version=version)
        if rollback.is_widening:
            missing = missing_signatures(version, needs_holders=False)
    return VersionPage(
        line=line,
        against=before,
        difference=(
            difference_of(
                document_of(old), document_of(version), compared_with=old.number
            )
            if old
            else None
        ),
        numbers=tuple(each for each in numbers if each != number),
        may_roll_back=may_roll_back,
        rollback=rollback,
        missing=missing,
        causes=causes_of(version_id=version.id),
    )


def _line(
    row: OperatingModelVersion,
    live_version_id: UUID | None,
    signers: tuple[str, ...],
    causes: tuple[CauseLine, ...],
) -> VersionLine:
    state = VersionState(row.state)
    is_live = row.id == live_version_id
    return VersionLine(
        number=row.number,
        state=row.state,
        state_word="Live"
        if is_live
        else "Was live"
        if state == VersionState.LAUNCHED
        else state.label,
        kind="live" if is_live else _KINDS[state],
        label=row.label,
        is_live=is_live,
        was_live=state == VersionState.LAUNCHED,
        created_by=row.created_by.name if row.created_by else "Countersign",
        at=row.launched_at or row.submitted_at or row.changed_at,
        based_on=row.based_on.number if row.based_on else None,
        signers=signers,
        digest=row.digest,
        reason=row.reason,
        has_packet=state != VersionState.DRAFT,
        because=tuple(dict.fromkeys(cause.words for cause in causes)),
    )
