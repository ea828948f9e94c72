"""What is known about a version beside its words, and the digest that binds all of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.core.digest import canonical, sha256_of
from registry.models import Evidence, LaunchPacket, OperatingModelVersion
from registry.models.evidence import EvidenceKind
from registry.models.version import VersionState

OPEN_STATES = (VersionState.DRAFT, VersionState.SUBMITTED)


@dataclass(frozen=True)
class EvidenceLine:
    """One thing known about a version, with who added it and when."""

    number: int
    kind: str
    summary: str
    content: Mapping[str, Any]
    added_by: str
    added_at: datetime


@dataclass(frozen=True)
class EvidenceTarget:
    """The open version that evidence may be added to, and the words it must be true of."""

    version_id: UUID
    number: int
    document: Mapping[str, Any]
    document_digest: str
    is_submitted: bool


def words_digest(version: OperatingModelVersion) -> str:
    """Sum up what a version says now: frozen or still being written."""
    return version.digest or sha256_of(canonical(version.document))


def evidence_target(*, workflow_id: UUID) -> EvidenceTarget | None:
    """Give the open version of a workflow, the submitted one first. One query."""
    version = (
        OperatingModelVersion.objects.filter(
            workflow_id=workflow_id, state__in=OPEN_STATES
        )
        .order_by("-state", "-number")
        .first()
    )
    if version is None:
        return None
    return EvidenceTarget(
        version_id=version.id,
        number=version.number,
        document=version.document,
        document_digest=words_digest(version),
        is_submitted=version.state == VersionState.SUBMITTED,
    )


def evidence_of(version: OperatingModelVersion) -> tuple[EvidenceLine, ...]:
    """Give what is known about exactly these words, oldest first. One query."""
    return tuple(
        EvidenceLine(
            number=row.number,
            kind=row.kind,
            summary=row.summary,
            content=json.loads(bytes(row.content))["content"],
            added_by=row.added_by.name if row.added_by else "Countersign",
            added_at=row.added_at,
        )
        for row in _rows(version).select_related("added_by")
    )


def latest_backtest(lines: tuple[EvidenceLine, ...]) -> EvidenceLine | None:
    """Give the newest backtest among what is known, or None."""
    found = [line for line in lines if line.kind == EvidenceKind.BACKTEST]
    return found[-1] if found else None


def signed_parts(packet: LaunchPacket) -> tuple[bytes, ...]:
    """Give the bytes that a signature is over, part by part. One query."""
    return (bytes(packet.content), *evidence_bytes(packet.version))


def evidence_bytes(version: OperatingModelVersion) -> tuple[bytes, ...]:
    """Give the bytes of what is known about exactly these words, oldest first."""
    return tuple(bytes(raw) for raw in _rows(version).values_list("content", flat=True))


def _rows(version: OperatingModelVersion):
    return Evidence.objects.filter(
        version=version, document_digest=words_digest(version)
    ).order_by("number")
