"""The launch packet as its signers see it: what it allows, what changed, who has signed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from registry.models import (
    LaunchPacket,
    OperatingModelVersion,
    RoleHolding,
    Signature,
    Workflow,
)
from registry.models.version import VersionState
from registry.models.workflow import Role
from registry.queries.acceptable_use import use_waits
from registry.queries.causes import CauseLine, causes_of
from registry.queries.comparisons import (
    ChangeLine,
    Difference,
    difference_from_live,
    difference_of,
    document_of,
)
from registry.queries.evidence import EvidenceLine, evidence_of, latest_backtest
from registry.queries.pages import OnePage, one_page
from registry.queries.parts import gaps_of
from registry.queries.people import SIGNING_ROLES, PersonRef, people_of
from registry.queries.standing_people import (
    PersonStanding,
    people_standing,
    training_gaps,
)
from registry.queries.training import IsTrained
from registry.rules.document import Gap


@dataclass(frozen=True)
class SignaturePlace:
    """One of the three places to sign, as this reader sees it."""

    role: str
    label: str
    holder: str | None
    signed_by: str | None
    signed_at: datetime | None
    is_mine_to_sign: bool
    is_mine: bool
    lapsed: str
    is_my_signature: bool
    still_counts: bool


@dataclass(frozen=True)
class PacketPage:
    """What is up for signature, whole."""

    page: OnePage
    digest: str
    submitted_at: datetime
    submitted_by: str
    difference: Difference
    is_stale: bool
    places: tuple[SignaturePlace, ...]
    missing: tuple[str, ...]
    may_launch: bool
    is_mine_to_launch: bool
    is_open: bool
    reason: str
    gaps: tuple[Gap, ...]
    backtest: EvidenceLine | None
    people: tuple[PersonStanding, ...]
    causes: tuple[CauseLine, ...]
    use_waits: int


def missing_signatures(
    version: OperatingModelVersion, *, needs_holders: bool
) -> tuple[str, ...]:
    """Say which signatures are not there or no longer count. Two queries.

    A signature counts while its signer is active; for a launch the signer must also
    still hold the role, because another holder has signed nothing, and be trained for it.
    """
    if version.packet.voided_at is not None:
        return tuple(role.label for role in SIGNING_ROLES)
    signatures = Signature.objects.filter(
        packet=version.packet, withdrawn_at=None, person__is_active=True
    )
    signers = dict(signatures.values_list("role", "person_id"))
    if needs_holders:
        holders = _holders(version.workflow_id)
        trained = signatures.annotate(is_trained=IsTrained("person_id", "role"))
        current = set(trained.filter(is_trained=True).values_list("role", flat=True))
        signers = {
            role: person
            for role, person in signers.items()
            if role in holders and holders[role].id == person and role in current
        }
    return tuple(role.label for role in SIGNING_ROLES if role.value not in signers)


def packet_page(
    *, actor: Actor, workflow_id: UUID, number: int | None = None
) -> PacketPage | None:
    """Give the packet that is up for signature, or that of a version, or None.

    About eighteen queries.
    """
    version = packet_version(workflow_id=workflow_id, number=number)
    if version is None:
        return None
    workflow = Workflow.objects.get(id=workflow_id)
    packet: LaunchPacket = version.packet
    bound = json.loads(bytes(packet.content))
    now_different = difference_from_live(workflow=workflow, version=version)
    is_open = version.state == VersionState.SUBMITTED
    is_stale = is_open and now_different.compared_with != bound["compared_with"]
    people = people_standing(workflow_id=workflow_id)
    lapsed = {each.duty: each.training for each in people if not each.is_trained}
    places = _places(
        actor, packet, _holders(workflow_id), is_open=is_open, lapsed=lapsed
    )
    missing = missing_signatures(version, needs_holders=True)
    is_free = not now_different.is_widening or not missing
    owner = next(place for place in places if place.role == Role.BUSINESS_OWNER)
    is_owner = owner.is_mine_to_sign or _is_holder(actor, workflow_id)
    return PacketPage(
        page=one_page(
            version=version,
            live_version_id=workflow.live_version_id,
        ),
        digest=packet.digest,
        submitted_at=packet.created_at,
        submitted_by=packet.created_by.name if packet.created_by else "Countersign",
        difference=_as_signed(bound),
        is_stale=is_stale,
        places=places,
        missing=missing,
        may_launch=is_open and is_free and not is_stale,
        is_mine_to_launch=is_owner,
        is_open=is_open,
        reason=version.reason,
        gaps=(
            *gaps_of(bound["document"], people_of(workflow_id=workflow_id)),
            *training_gaps(people),
        ),
        backtest=latest_backtest(evidence_of(version)),
        people=people,
        causes=causes_of(version_id=version.id),
        use_waits=use_waits(person_id=actor.id) if is_open else 0,
    )


def packet_version(
    *, workflow_id: UUID, number: int | None
) -> OperatingModelVersion | None:
    """Give the version with this number that has a packet, or the one up for signature."""
    versions = OperatingModelVersion.objects.filter(
        workflow_id=workflow_id, packet__isnull=False
    )
    if number is None:
        versions = versions.filter(state=VersionState.SUBMITTED)
    else:
        versions = versions.filter(number=number)
    return versions.select_related("workflow", "packet__created_by").first()


def difference_between(
    *, old: OperatingModelVersion | None, new: OperatingModelVersion
) -> Difference | None:
    """Compare any two versions; None without an old one."""
    if old is None:
        return None
    return difference_of(document_of(old), document_of(new), compared_with=old.number)


def _as_signed(bound: dict) -> Difference:
    return Difference(
        label=bound["label"],
        compared_with=bound["compared_with"],
        changes=tuple(
            ChangeLine(
                each["where"],
                each["label"],
                each["text"],
                each.get("before", ""),
                each.get("after", ""),
            )
            for each in bound["changes"]
        ),
    )


def _holders(workflow_id: UUID) -> dict[str, PersonRef]:
    rows = RoleHolding.objects.filter(
        workflow_id=workflow_id, role__in=SIGNING_ROLES, person__is_active=True
    ).select_related("person")
    return {
        row.role: PersonRef(row.person.id, row.person.name, row.person.email)
        for row in rows
        if row.person
    }


def _is_holder(actor: Actor, workflow_id: UUID) -> bool:
    return RoleHolding.objects.filter(
        workflow_id=workflow_id, role=Role.BUSINESS_OWNER, person_id=actor.id
    ).exists()


def _places(
    actor: Actor,
    packet: LaunchPacket,
    holders: dict[str, PersonRef],
    *,
    is_open: bool,
    lapsed: Mapping[str, str],
) -> tuple[SignaturePlace, ...]:
    rows = Signature.objects.filter(packet=packet, withdrawn_at=None)
    signed = {row.role: row for row in rows.select_related("person")}
    places = []
    for role in SIGNING_ROLES:
        holder, signature = holders.get(role), signed.get(role)
        is_mine = holder is not None and holder.id == actor.id
        places.append(
            SignaturePlace(
                role=role.value,
                label=role.label,
                holder=holder.name if holder else None,
                signed_by=signature.person.name if signature else None,
                signed_at=signature.signed_at if signature else None,
                is_mine_to_sign=is_open and is_mine and signature is None,
                is_mine=is_mine,
                lapsed=lapsed.get(role.value, "") if is_open else "",
                is_my_signature=signature is not None
                and signature.person_id == actor.id,
                still_counts=signature is not None
                and holder is not None
                and signature.person_id == holder.id,
            )
        )
    return tuple(places)
