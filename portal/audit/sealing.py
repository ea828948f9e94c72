"""Signed checkpoints: what the journal was at a moment, kept outside the database.

A checkpoint states, over all streams, how long each was and what its last hash was: a
Merkle root (RFC 6962 hashing: 0x00 before a leaf, 0x01 before a node) in a note in the
form of C2SP's checkpoint, signed with Ed25519. The note is appended to a file that is
not in the database. What is newer than the newest checkpoint, a minute at most, could
still be rewritten by somebody who rules the database; the journal page says so.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import connection, transaction

from portal.audit.chaining import GENESIS
from portal.audit.models import Checkpoint, Stream
from portal.core.clock import database_now
from portal.core.digest import sha256_bytes
from portal.core.locks import SEALING, try_lock

ORIGIN = "countersign/journal"
_NOTE_END = "\n\n"


@dataclass(frozen=True)
class SealReport:
    """What one sealing did."""

    number: int
    size: int
    root_hex: str
    is_new: bool


def seal_journal() -> SealReport | None:
    """Make a checkpoint if the journal grew, and append its note to the anchor file.

    None when another process is sealing. A checkpoint whose note could not be written
    to the file is rolled back, so the file is never behind the table.
    """
    with transaction.atomic(durable=True):  # noqa: TID251 - it writes no business fact
        if not try_lock(SEALING):
            return None
        last = Checkpoint.objects.order_by("-number").first()
        heads = _heads()
        root = merkle_root(heads)
        if last is not None and bytes(last.root) == root:
            return SealReport(last.number, last.size, root.hex(), is_new=False)
        known = _known_heads(last)
        changed = {
            name: [sequence, sealed.hex()]
            for name, (sequence, sealed) in heads.items()
            if known.get(name) != (sequence, sealed)
        }
        number = last.number + 1 if last else 1
        size = sum(sequence for sequence, _ in heads.values())
        previous = bytes(last.root) if last else GENESIS
        at = database_now()
        note = _signed(
            statement(number=number, size=size, root=root, previous=previous, at=at)
        )
        Checkpoint.objects.create(
            number=number,
            at=at,
            size=size,
            root=root,
            heads=changed,
            previous_root=previous,
            note=note,
        )
        _append_to_file(note)
    return SealReport(number, size, root.hex(), is_new=True)


def merkle_root(heads: dict[str, tuple[int, bytes]]) -> bytes:
    """Give the Merkle root over the heads, in the order of the streams' names."""
    level = [
        hashlib.sha256(b"\x00" + sha256_bytes(name, str(sequence), sealed)).digest()
        for name, (sequence, sealed) in sorted(heads.items())
    ]
    if not level:
        return GENESIS
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest()
            for i in range(0, len(level) - 1, 2)
        ]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0]


def statement(
    *, number: int, size: int, root: bytes, previous: bytes, at: datetime
) -> str:
    """Write what a checkpoint states; its three first lines are C2SP's."""
    return (
        f"{ORIGIN}\n{size}\n{base64.b64encode(root).decode()}\n"
        f"number {number}\nprevious {base64.b64encode(previous).decode()}\n"
        f"at {at.isoformat()}\n"
    )


def is_signed_by_us(note: str) -> bool:
    """Say whether the note's signature holds."""
    text, _, tail = note.partition(_NOTE_END)
    key = public_key()
    try:
        blob = base64.b64decode(tail.strip().split(" ")[-1], validate=True)
        key.verify(blob[4:], (text + "\n").encode())
    except (ValueError, InvalidSignature):
        return False
    return True


def public_key() -> Ed25519PublicKey:
    """Give the key that checks the notes."""
    return _private_key().public_key()


def public_key_text() -> str:
    """Write the public key in base64, for whoever keeps the anchors."""
    raw = public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    return base64.b64encode(raw).decode()


def anchor_file() -> Path:
    """Name the file outside the database that holds every note."""
    return Path(settings.JOURNAL_ANCHOR_FILE)


def anchored_notes() -> list[str]:
    """Read the notes of the anchor file, oldest first; none when there is no file."""
    try:
        text = anchor_file().read_text()
    except FileNotFoundError:
        return []
    return [note.strip() + "\n" for note in text.split("\n---\n") if note.strip()]


def _heads() -> dict[str, tuple[int, bytes]]:
    rows = Stream.objects.filter(sequence__gt=0).values_list("name", "sequence", "hash")
    return {name: (sequence, bytes(sealed)) for name, sequence, sealed in rows}


def _known_heads(last: Checkpoint | None) -> dict[str, tuple[int, bytes]]:
    if last is None:
        return {}
    with connection.cursor() as cursor:
        # The newest statement about each stream, over all checkpoints.
        cursor.execute(
            "SELECT DISTINCT ON (head.key) head.key, head.value->>0, head.value->>1"
            " FROM audit_checkpoint, jsonb_each(heads) AS head"
            " ORDER BY head.key, number DESC"
        )
        return {
            name: (int(sequence), bytes.fromhex(sealed))
            for name, sequence, sealed in cursor
        }


def _signed(text: str) -> str:
    key = _private_key()
    raw_public = key.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    # C2SP signed-note: the key's id is the head of SHA-256(name, newline, 0x01, key).
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + raw_public).digest()[:4]
    blob = base64.b64encode(key_id + key.sign(text.encode())).decode()
    return f"{text}\n— {ORIGIN} {blob}\n"


def _private_key() -> Ed25519PrivateKey:
    seed = HKDF(
        algorithm=hashes.SHA256(), length=32, salt=None, info=b"countersign journal v1"
    ).derive(settings.JOURNAL_SIGNING_KEY.encode())
    return Ed25519PrivateKey.from_private_bytes(seed)


def _append_to_file(note: str) -> None:
    path = anchor_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{note}---\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
