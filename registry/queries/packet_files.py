"""A launch packet as a file that proves itself: its parts, its digest, how to check it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from registry.models import Signature
from registry.models.workflow import Role
from registry.queries.evidence import signed_parts
from registry.queries.packets import packet_version

HOW = (
    "The digest is SHA-256 over one byte 01 and then, for each text of `parts` in its"
    " order: the length of its UTF-8 bytes as four bytes, highest first, and the bytes"
    " themselves. The first part is the page with its difference and its people; each"
    " further part is what became known about it. Whoever signed, signed this digest."
)
RECIPE = (
    "python3 -c \"import hashlib, json, sys; h = hashlib.sha256(b'\\x01');"
    " parts = json.load(open(sys.argv[1], encoding='utf-8'))['parts'];"
    " [h.update(len(b).to_bytes(4, 'big') + b) for b in map(str.encode, parts)];"
    " print('sha256:' + h.hexdigest())\" packet.json"
)


def packet_file(*, workflow_id: UUID, number: int | None) -> Mapping[str, Any] | None:
    """Give the packet of a version, or the one up for signature, or None. Three queries."""
    version = packet_version(workflow_id=workflow_id, number=number)
    if version is None:
        return None
    packet = version.packet
    rows = Signature.objects.filter(packet=packet).select_related("person")
    return {
        "what": f"Launch packet of {version.workflow.name}, version {version.number}",
        "workflow": version.workflow.slug,
        "version": version.number,
        "digest": packet.digest,
        "how_to_check": HOW,
        "recipe": RECIPE,
        "parts": [part.decode() for part in signed_parts(packet)],
        "voided_at": packet.voided_at,
        "signatures": [
            {
                "role": Role(row.role).label,
                "name": row.person.name,
                "signed_at": row.signed_at,
                "digest": row.digest,
                "withdrawn_at": row.withdrawn_at,
            }
            for row in rows.order_by("signed_at", "id")
        ],
    }
