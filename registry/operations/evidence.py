"""Adding what becomes known about an open version; a packet up for signature is signed anew.

A signature is over the page, its difference, its people and what is known about it. When
any of that changes, every signature on the open packet is withdrawn and the digest
moves on, so that nobody has signed what they did not see.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.accounts.actors import Actor
from portal.audit.operation import record, step
from portal.core.digest import canonical, sha256_of
from portal.core.errors import Conflict, Invalid, NotFound
from registry.models import (
    Evidence,
    LaunchPacket,
    OperatingModelVersion,
    Signature,
    StandingReviewer,
)
from registry.models.evidence import EvidenceKind
from registry.models.version import VersionState
from registry.operations.guards import person_id
from registry.queries.evidence import OPEN_STATES, signed_parts, words_digest
from registry.queries.standing_people import signed_people

EVIDENCE_BYTES_MAX = 64 * 1024
EVIDENCE_COUNT_MAX = 100
SUMMARY_LENGTH_MAX = 500
REVIEWERS_NAMED_MAX = 10
REVIEWERS_KEPT_MAX = 300
_NEW_HOLDERS = "Who holds the roles has changed."
_OTHER_TRAINING = "The training of somebody who holds a role has changed."


@step
def attach_evidence(
    *,
    version_id: UUID,
    summary: str,
    content: Mapping[str, Any],
    document_digest: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Attach a finished backtest to an open version; give its number.

    `document_digest` names the words it was made with. Raises Conflict when the version
    says something else by now or is no longer open, Invalid for one that is too large.
    """
    version = _locked(OperatingModelVersion.objects.filter(id=version_id))
    if version is None:
        raise NotFound("There is no such version.")
    if version.state not in OPEN_STATES:
        raise Conflict(
            "evidence.closed",
            f"Version {version.number} is no longer open; nothing is added to it.",
        )
    if document_digest != words_digest(version):
        raise Conflict(
            "evidence.other_words",
            f"Version {version.number} was changed after this backtest began."
            " Run it again.",
            who=version.changed_by.name if version.changed_by else "Countersign",
            at=version.changed_at,
        )
    number = _add(version, EvidenceKind.BACKTEST, summary, content, actor, now)
    withdrawn = _ask_anew(version, now)
    record(
        "workflow.evidence_attached",
        actor=actor,
        subject=("workflow", version.workflow_id),
        workflow_id=version.workflow_id,
        workflow=version.workflow.name,
        version=version.number,
        summary=summary,
        withdrawn=withdrawn,
    )
    return number


@step
def people_changed(*, workflow_id: UUID, actor: Actor, now: datetime) -> int:
    """Say that a role of this workflow has changed hands; give how many signatures fall.

    To be called last, when the new holders stand. Without an open packet nothing is done.
    """
    return _people(
        workflow_id, _NEW_HOLDERS, "workflow.packet_changed", actor=actor, now=now
    )


@step
def training_changed(*, workflow_id: UUID, actor: Actor, now: datetime) -> int:
    """Say that a holder of a role gained or lost what the role needs. To be called last."""
    return _people(
        workflow_id, _OTHER_TRAINING, "workflow.packet_trained", actor=actor, now=now
    )


@step
def _people(
    workflow_id: UUID, summary: str, name: str, *, actor: Actor, now: datetime
) -> int:
    version = _locked(
        OperatingModelVersion.objects.filter(
            workflow_id=workflow_id, state=VersionState.SUBMITTED
        )
    )
    if version is None:
        return 0
    people = signed_people(workflow_id=workflow_id)
    _add(version, EvidenceKind.PEOPLE, summary, {"people": people}, actor, now)
    withdrawn = _ask_anew(version, now)
    record(
        name,
        actor=actor,
        subject=("workflow", workflow_id),
        workflow_id=workflow_id,
        workflow=version.workflow.name,
        version=version.number,
        withdrawn=withdrawn,
    )
    return withdrawn


@step
def reviewers_changed(*, workflow_id: UUID, actor: Actor, now: datetime) -> int:
    """Say that other people review this workflow; give how many signatures fall.

    Whoever signs has seen who will decide. To be called last, when they stand. Without an
    open packet nothing is done.
    """
    version = _locked(
        OperatingModelVersion.objects.filter(
            workflow_id=workflow_id, state=VersionState.SUBMITTED
        )
    )
    if version is None:
        return 0
    names = list(
        StandingReviewer.objects.filter(workflow_id=workflow_id)
        .order_by("person__name", "person_id")
        .values_list("person__name", flat=True)
        .distinct()
    )
    listed = ", ".join(names[:REVIEWERS_NAMED_MAX])
    more = len(names) - REVIEWERS_NAMED_MAX
    summary = (
        f"Other people review it: {listed or 'nobody'}"
        f"{f' and {more} more' if more > 0 else ''}."
    )
    content = {"reviewers": names[:REVIEWERS_KEPT_MAX]}
    _add(
        version, EvidenceKind.PEOPLE, summary[:SUMMARY_LENGTH_MAX], content, actor, now
    )
    withdrawn = _ask_anew(version, now)
    record(
        "workflow.packet_reviewers",
        actor=actor,
        subject=("workflow", workflow_id),
        workflow_id=workflow_id,
        workflow=version.workflow.name,
        version=version.number,
        withdrawn=withdrawn,
    )
    return withdrawn


def _locked(versions) -> OperatingModelVersion | None:
    # The lock that signing takes too: nobody signs while what they sign moves on.
    return (
        versions.select_for_update(no_key=True, of=("self",))
        .select_related("workflow", "changed_by")
        .first()
    )


@step
def _add(
    version: OperatingModelVersion,
    kind: EvidenceKind,
    summary: str,
    content: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> int:
    if not summary.strip() or len(summary) > SUMMARY_LENGTH_MAX:
        raise Invalid(
            {"summary": f"Say it in at most {SUMMARY_LENGTH_MAX} characters."}
        )
    number = version.evidence.count() + 1
    # A change of people is never held up: a role must be left or filled at any time.
    if number > EVIDENCE_COUNT_MAX and kind != EvidenceKind.PEOPLE:
        raise Conflict(
            "evidence.many",
            f"At most {EVIDENCE_COUNT_MAX} things are added to one version.",
        )
    raw = canonical(
        {
            "kind": kind.value,
            "number": number,
            "summary": summary,
            "document_digest": words_digest(version),
            "content": dict(content),
            "added_by": actor.name,
            "added_at": now,
        }
    )
    if len(raw) > EVIDENCE_BYTES_MAX:
        raise Invalid(
            {"content": f"At most {EVIDENCE_BYTES_MAX // 1024} KiB are attached."}
        )
    Evidence.objects.create(
        version=version,
        number=number,
        kind=kind,
        summary=summary,
        document_digest=words_digest(version),
        content=raw,
        added_by_id=person_id(actor),
        added_at=now,
    )
    return number


@step
def _ask_anew(version: OperatingModelVersion, now: datetime) -> int:
    """Withdraw every signature on the open packet and move its digest on."""
    packet = LaunchPacket.objects.filter(version=version, voided_at=None).first()
    if version.state != VersionState.SUBMITTED or packet is None:
        return 0
    standing = Signature.objects.filter(packet=packet, withdrawn_at=None)
    withdrawn = standing.update(withdrawn_at=now)
    packet.digest = sha256_of(*signed_parts(packet))
    packet.save(update_fields=("digest",))
    return withdrawn
