"""The bytes of a batch rest sealed while they wait, and are erased once folded.

They may hold what must not be stored readable, and are committed before anybody has
looked for it. Compressed first: what is encrypted no longer is compressed by the database.
"""

import zlib
from uuid import UUID

from portal.audit.operation import step
from portal.core.sealing import is_sealed, seal, unseal
from runs.models import InboxBatch

PURPOSE = "inbox"
# The fastest: agents' JSON repeats itself, and the sender waits.
_LEVEL = 1


def sealed_bytes(raw: bytes, *, batch_id: UUID) -> bytes:
    """Seal the bytes of a batch for its row."""
    return seal(
        zlib.compress(raw, level=_LEVEL), purpose=PURPOSE, bound_to=batch_id.bytes
    )


def opened(batch: InboxBatch) -> bytes:
    """Open the bytes of a batch that waits. Raises CannotOpen.

    A batch stored before batches were sealed is read as it is; folding erases it.
    """
    stored = bytes(batch.raw)
    if not is_sealed(stored):
        return stored
    return zlib.decompress(unseal(stored, purpose=PURPOSE, bound_to=batch.id.bytes))


@step
def erase(batch_id: UUID) -> None:
    """Erase the bytes of a batch: all that is kept of it is in its events. One query."""
    InboxBatch.objects.filter(id=batch_id).update(raw=b"")
