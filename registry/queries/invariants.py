"""What must always hold of workflows, versions, packets and the matrix rows."""

import json
from collections.abc import Iterator

from portal.core.digest import sha256_of
from portal.core.invariants import Check
from registry.models import AllowanceRow, LaunchPacket, OperatingModelVersion
from registry.queries.evidence import signed_parts

CHECKS = (
    Check(
        "5 What was signed is what rules",
        "workflow %s is live with version %s, which three people did not sign",
        "SELECT workflow.slug, version.number FROM registry_workflow workflow"
        " JOIN registry_operatingmodelversion version"
        " ON version.id = workflow.live_version_id"
        " LEFT JOIN registry_launchpacket packet ON packet.version_id = version.id"
        " LEFT JOIN registry_signature signature ON signature.packet_id = packet.id"
        " AND signature.withdrawn_at IS NULL AND signature.digest = packet.digest"
        " WHERE version.label <> 'narrowing'"
        " GROUP BY workflow.slug, version.number"
        " HAVING count(DISTINCT signature.person_id) < 3",
    ),
    Check(
        "14 Moves",
        "workflow %s is live with a version that was never launched",
        "SELECT workflow.slug FROM registry_workflow workflow"
        " JOIN registry_operatingmodelversion version"
        " ON version.id = workflow.live_version_id WHERE version.state <> 'LAUNCHED'",
    ),
    Check(
        "14 Moves",
        "workflow %s is in phase %s, and its last move says phase %s",
        "SELECT workflow.slug, workflow.phase, latest.to_phase"
        " FROM registry_workflow workflow JOIN LATERAL (SELECT to_phase"
        " FROM registry_phasemove WHERE workflow_id = workflow.id"
        " ORDER BY number DESC LIMIT 1) latest ON true"
        " WHERE latest.to_phase <> workflow.phase",
    ),
    Check(
        "Techniques",
        "workflow %s ended because it needs no AI, and version %s of it is open or live",
        "SELECT workflow.slug, version.number FROM registry_workflow workflow"
        " JOIN registry_operatingmodelversion version"
        " ON version.workflow_id = workflow.id"
        " WHERE workflow.ended_as <> '' AND version.state <> 'WITHDRAWN'",
    ),
    Check(
        "3 Pause",
        "workflow %s is paused by nobody, or without a reason",
        "SELECT slug FROM registry_workflow WHERE paused_at IS NOT NULL"
        " AND (pause_reason = '' OR pause_epoch = 0)",
    ),
    Check(
        "Ceilings",
        "workflow %s belongs to the team %s, which is of another department",
        "SELECT workflow.slug, team.name FROM registry_workflow workflow"
        " JOIN accounts_team team ON team.id = workflow.team_id"
        " WHERE team.department_id <> workflow.department_id",
    ),
    Check(
        "Ceilings",
        "the waiver %s gives more than its request asked, or nobody approved it",
        "SELECT waiver.id FROM registry_ceilingwaiver waiver"
        " JOIN registry_capabilityrequest asked ON asked.id = waiver.request_id"
        " WHERE asked.state <> 'APPROVED' OR asked.ceiling_id <> waiver.ceiling_id"
        " OR asked.workflow_id <> waiver.workflow_id OR asked.verb <> waiver.verb"
        " OR asked.system <> waiver.system"
        " OR (asked.amount_max IS NOT NULL"
        " AND (waiver.amount_max IS NULL OR waiver.amount_max > asked.amount_max))"
        " OR waiver.until_at > waiver.starts_at + asked.days * interval '1 day'",
    ),
)


def wrong_versions() -> Iterator[str]:
    """Name each frozen version whose bytes, digest and matrix rows do not agree.

    Two queries, and the parse of every frozen version.
    """
    rows: dict[object, set[tuple[str, str, str]]] = {}
    for version_id, *cell in AllowanceRow.objects.values_list(
        "version_id", "system", "verb", "authority"
    ).iterator():
        rows.setdefault(version_id, set()).add((cell[0], cell[1], cell[2]))
    frozen = OperatingModelVersion.objects.exclude(content=None).values_list(
        "id", "workflow__slug", "number", "content", "digest"
    )
    for version_id, slug, number, content, digest in frozen.iterator():
        raw = bytes(content or b"")
        if sha256_of(raw) != digest:
            yield f"version {number} of {slug}: its digest is not that of its bytes"
            continue
        said = {
            (cell["system"], cell["verb"], cell["authority"])
            for cell in json.loads(raw)["allowances"]
        }
        if said != rows.get(version_id, set()):
            yield f"version {number} of {slug}: its matrix rows are not those of its page"


def wrong_packets() -> Iterator[str]:
    """Name each packet whose digest is not that of all its parts. Two queries a packet."""
    packets = LaunchPacket.objects.select_related("version__workflow")
    for packet in packets.order_by("id").iterator(chunk_size=200):
        if sha256_of(*signed_parts(packet)) != packet.digest:
            version = packet.version
            yield (
                f"version {version.number} of {version.workflow.slug}:"
                " the digest of its packet is not that of its parts"
            )
