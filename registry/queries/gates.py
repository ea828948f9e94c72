"""The gate of a workflow's next step: the evidence that was signed, and by whom."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from portal.accounts.actors import Actor
from portal.core.digest import canonical, sha256_of
from registry.models import (
    OperatingModelVersion,
    PhaseGate,
    PhaseMove,
    PhaseSignature,
    RoleHolding,
)
from registry.models.workflow import Role
from registry.queries.packets import missing_signatures
from registry.queries.people import SIGNING_ROLES
from registry.queries.training import is_trained
from registry.rules.gates import Evidence, stored, substance
from registry.rules.narrowing import Label


@dataclass(frozen=True)
class Sheet:
    """The newest evidence that somebody signed for the step that is next."""

    id: UUID
    from_phase: int
    to_phase: int
    lines: tuple[Mapping[str, Any], ...]
    digest: str
    gathered_at: datetime


@dataclass(frozen=True)
class GatePlace:
    """One of the three places to sign."""

    role: str
    label: str
    holder: str
    signed_by: str
    signed_at: datetime | None
    is_mine: bool
    counts: bool
    is_my_signature: bool = False
    # Who withdrew a signature here that nobody has given anew, and when.
    withdrawn_by: str = ""
    withdrawn_at: datetime | None = None


def seen_of(lines: Sequence[Evidence]) -> str:
    """Sum up what a reader saw, so that they sign that and nothing else."""
    return sha256_of(canonical({"evidence": substance(stored(lines))}))


def open_sheet(*, workflow_id: UUID, from_phase: int) -> Sheet | None:
    """Give the newest sheet that no move has used and that was read since the last one.

    Two queries.
    """
    last = PhaseMove.objects.filter(workflow_id=workflow_id).order_by("-number").first()
    row = (
        PhaseGate.objects.filter(
            workflow_id=workflow_id, from_phase=from_phase, moves__isnull=True
        )
        .order_by("-gathered_at", "-id")
        .first()
    )
    if row is None or last is not None and row.gathered_at < last.moved_at:
        return None
    return Sheet(
        id=row.id,
        from_phase=row.from_phase,
        to_phase=row.to_phase,
        lines=tuple(json.loads(bytes(row.content))["evidence"]),
        digest=row.digest,
        gathered_at=row.gathered_at,
    )


def places_of(
    *, actor: Actor, workflow_id: UUID, sheet: Sheet | None
) -> tuple[GatePlace, ...]:
    """Give the three places to sign, with who has. A few queries.

    A signature counts while its signer still holds the role and is trained for it.
    """
    holders = {
        row.role: row.person
        for row in RoleHolding.objects.filter(
            workflow_id=workflow_id, role__in=SIGNING_ROLES, person__is_active=True
        ).select_related("person")
    }
    rows = PhaseSignature.objects.filter(gate_id=sheet.id if sheet else None)
    rows = rows.select_related("person").order_by("withdrawn_at", "signed_at", "id")
    signed = {row.role: row for row in rows if row.withdrawn_at is None}
    gone = {row.role: row for row in rows if row.withdrawn_at is not None}
    places = []
    for role in SIGNING_ROLES:
        holder, signature = holders.get(role), signed.get(role)
        withdrawn = gone.get(role) if signature is None else None
        counts = (
            signature is not None
            and holder is not None
            and signature.person_id == holder.id
            and is_trained(person_id=holder.id, duty=role)
        )
        places.append(
            GatePlace(
                role=role.value,
                label=Role(role).label,
                holder=holder.name if holder else "",
                signed_by=signature.person.name if signature else "",
                signed_at=signature.signed_at if signature else None,
                is_mine=holder is not None and holder.id == actor.id,
                counts=counts,
                is_my_signature=signature is not None
                and signature.person_id == actor.id,
                withdrawn_by=withdrawn.person.name if withdrawn else "",
                withdrawn_at=withdrawn.withdrawn_at if withdrawn else None,
            )
        )
    return tuple(places)


@dataclass(frozen=True)
class PacketStanding:
    """Whether what is live stands on three signatures, in words."""

    is_met: bool
    says: str
    mark: str


def packet_standing(*, workflow_id: UUID) -> PacketStanding:
    """Say so of the live version. Three queries.

    What only narrows a signed version went live by its owner alone, and stands too.
    """
    version = (
        OperatingModelVersion.objects.filter(
            workflow__live_version=F("id"), workflow_id=workflow_id
        )
        .select_related("packet")
        .first()
    )
    if version is None:
        return PacketStanding(False, "Nothing is live.", "")
    missing = missing_signatures(version, needs_holders=False)
    named = f"Version {version.number}"
    mark = f"{version.number} {version.packet.digest}"
    if not missing:
        return PacketStanding(
            True, f"{named} is live and signed by three people.", mark
        )
    if version.label in (Label.NARROWING, Label.NEUTRAL):
        return PacketStanding(True, f"{named} only narrows what was signed.", mark)
    says = f"{named} lacks the signature of {', '.join(missing)}."
    return PacketStanding(False, says, mark)
