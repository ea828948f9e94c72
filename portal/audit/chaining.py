"""How an entry is written, hashed and chained to the one before it.

Hash of an entry = SHA-256 over length-prefixed (stream, sequence, hash before, body),
where the body is the canonical JSON of the whole entry. Heads are locked in ascending
order of their stream's name, last in the transaction: one global chain was measured at
half the speed, and at a fiftieth when work followed it.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils import timezone

from portal.audit.acts import ACTS
from portal.audit.names import sentence_for
from portal.core.digest import canonical, sha256_bytes
from portal.core.ids import new_id

FACTS_BYTES_MAX = 8 * 1024
GENESIS = bytes(32)


@dataclass(frozen=True)
class Draft:
    """An entry before it has its place in a stream."""

    name: str
    stream: str
    sentence: str
    actor_kind: str
    actor_id: UUID
    actor_name: str
    subject_kind: str
    subject_id: str
    workflow_id: UUID | None
    facts: dict[str, object]


def draft(name, *, actor, subject, workflow_id, stream, facts) -> Draft:
    """Make a draft; the stream follows from the workflow unless it is named."""
    if len(canonical(facts)) > FACTS_BYTES_MAX:
        raise ValueError(f"the facts of {name} are larger than {FACTS_BYTES_MAX} bytes")
    kind, identity = subject or ("", "")
    where = stream or (f"workflow:{workflow_id}" if workflow_id else "portal")
    return Draft(
        name=name,
        stream=where,
        sentence=sentence_for(name, actor.name, facts),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        subject_kind=kind,
        subject_id=str(identity),
        workflow_id=workflow_id,
        facts=facts,
    )


def hash_of(stream: str, sequence: int, previous_hash: bytes, body: bytes) -> bytes:
    """Give the hash that seals one entry to its place."""
    return sha256_bytes(stream, str(sequence), previous_hash, body)


def body_of(entry: Draft, *, sequence: int, at) -> bytes:
    """Write the whole entry as the bytes that are hashed and kept."""
    return canonical(
        {
            "name": entry.name,
            "stream": entry.stream,
            "sequence": sequence,
            "at": at.isoformat(),
            "sentence": entry.sentence,
            "actor": {
                "kind": entry.actor_kind,
                "id": entry.actor_id,
                "name": entry.actor_name,
            },
            "subject": {"kind": entry.subject_kind, "id": entry.subject_id},
            "workflow": entry.workflow_id,
            "facts": entry.facts,
        }
    )


def append(drafts: list[Draft]) -> None:
    """Chain the drafts to their streams. Three queries, and one for what people did."""
    streams = sorted({entry.stream for entry in drafts})
    with connection.cursor() as cursor:
        heads = _lock_heads(cursor, streams)
        if len(heads) < len(streams):
            cursor.executemany(
                "INSERT INTO audit_stream (name, sequence, hash)"
                " VALUES (%s, 0, %s) ON CONFLICT (name) DO NOTHING",
                [(name, GENESIS) for name in streams if name not in heads],
            )
            heads = _lock_heads(cursor, streams)
        cursor.execute("SELECT clock_timestamp()")
        at = cursor.fetchone()[0]
        rows = []
        for entry in drafts:
            sequence, previous = heads[entry.stream]
            sequence += 1
            body = body_of(entry, sequence=sequence, at=at)
            sealed = hash_of(entry.stream, sequence, previous, body)
            rows.append(
                (
                    new_id(),
                    entry.stream,
                    sequence,
                    entry.name,
                    at,
                    entry.actor_kind,
                    entry.actor_id,
                    entry.subject_kind,
                    entry.subject_id,
                    entry.workflow_id,
                    body,
                    previous,
                    sealed,
                )
            )
            heads[entry.stream] = (sequence, sealed)
        cursor.executemany(
            "INSERT INTO audit_entry (id, stream, sequence, name, at, actor_kind,"
            " actor_id, subject_kind, subject_id, workflow_id, body, previous_hash, hash)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            rows,
        )
        cursor.executemany(
            "UPDATE audit_stream SET sequence = %s, hash = %s WHERE name = %s",
            [(sequence, sealed, name) for name, (sequence, sealed) in heads.items()],
        )
        _keep_acts(cursor, drafts, at)


def _keep_acts(cursor, drafts: list[Draft], at) -> None:
    """Note on which day people acted, and how; once a day and kind. At most one query."""
    acts = sorted(
        {
            (entry.actor_id, ACTS[entry.name])
            for entry in drafts
            if entry.actor_kind == "person" and entry.name in ACTS
        }
    )
    if not acts:
        return
    day = timezone.localdate(at, timezone.get_default_timezone())
    cursor.execute(
        'INSERT INTO audit_actedday (actor_id, "on", kind)'
        " SELECT who, %s, kind FROM unnest(%s::uuid[], %s::text[]) AS one (who, kind)"
        " ON CONFLICT DO NOTHING",
        [day, [who for who, _ in acts], [kind for _, kind in acts]],
    )


def _lock_heads(cursor, streams: list[str]) -> dict[str, tuple[int, bytes]]:
    cursor.execute(
        "SELECT name, sequence, hash FROM audit_stream WHERE name = ANY(%s)"
        " ORDER BY name FOR NO KEY UPDATE",
        [streams],
    )
    return {name: (sequence, bytes(sealed)) for name, sequence, sealed in cursor}
