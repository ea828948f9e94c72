"""Is the journal whole? Every chain, every checkpoint, and the file outside.

`verify_journal` gives what is wrong, the first thing of each stream, or nothing. It
reads every entry once, in order, and keeps one stream's state at a time.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from django.db import connection

from portal.audit import sealing
from portal.audit.chaining import GENESIS, hash_of
from portal.audit.models import Checkpoint, Stream


@dataclass(frozen=True)
class Verdict:
    """What was read and what was found wrong, in sentences that name the place."""

    entries: int
    streams: int
    checkpoints: int
    problems: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not self.problems


def verify_journal() -> Verdict:
    """Read the whole journal and say what is wrong with it."""
    problems: list[str] = []
    heads = {
        name: (sequence, bytes(sealed))
        for name, sequence, sealed in Stream.objects.values_list(
            "name", "sequence", "hash"
        )
    }
    stated = _stated_heads()
    entries = 0
    seen: set[str] = set()
    for name, rows in groupby(_entries(), key=lambda row: row[0]):
        seen.add(name)
        count, problem = _verify_stream(
            name, rows, heads.get(name), stated.get(name, {})
        )
        entries += count
        if problem:
            problems.append(problem)
    problems.extend(
        f"stream {name}: all {sequence} entries are gone"
        for name, (sequence, _) in sorted(heads.items())
        if sequence and name not in seen
    )
    checkpoints, found = _verify_checkpoints()
    problems.extend(found)
    return Verdict(entries, len(seen), checkpoints, tuple(problems))


def _entries() -> Iterator[tuple]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT stream, sequence, previous_hash, hash, body, name, actor_id, at,"
            ' workflow_id FROM audit_entry ORDER BY stream COLLATE "C", sequence'
        )
        yield from cursor


def _verify_stream(
    name: str,
    rows: Iterator[tuple],
    head: tuple[int, bytes] | None,
    stated: dict[int, bytes],
) -> tuple[int, str | None]:
    expected, previous, problem = 1, GENESIS, None
    for _, sequence, before, sealed, body, entry_name, actor, at, workflow in rows:
        if problem:
            continue  # the rest of the stream is read past, to reach the next one
        place = f"stream {name}, entry {sequence}"
        raw = bytes(body)
        if sequence != expected:
            problem = f"stream {name}: entry {expected} is missing"
        elif bytes(before) != previous:
            problem = f"{place}: it is not chained to the entry before it"
        elif hash_of(name, sequence, previous, raw) != bytes(sealed):
            problem = f"{place}: its content does not match its hash"
        elif not _columns_agree(raw, entry_name, actor, at, workflow):
            problem = f"{place}: its columns do not say what its content says"
        elif sequence in stated and stated[sequence] != bytes(sealed):
            problem = f"{place}: a checkpoint stated another hash for it"
        previous = bytes(sealed)
        expected += 1
    count = expected - 1
    if problem is None and head != (count, previous):
        problem = f"stream {name}: the head does not match its last entry, {count}"
    if problem is None and any(sequence > count for sequence in stated):
        problem = f"stream {name}: entries that a checkpoint stated are gone"
    return count, problem


def _columns_agree(raw: bytes, name, actor, at, workflow) -> bool:
    body = json.loads(raw)
    return (
        body["name"] == name
        and body["actor"]["id"] == str(actor)
        and body["at"] == at.isoformat()
        and body["workflow"] == (str(workflow) if workflow else None)
    )


def _stated_heads() -> dict[str, dict[int, bytes]]:
    stated: dict[str, dict[int, bytes]] = {}
    for heads in Checkpoint.objects.values_list("heads", flat=True).iterator():
        for name, (sequence, sealed) in heads.items():
            stated.setdefault(name, {})[sequence] = bytes.fromhex(sealed)
    return stated


def _verify_checkpoints() -> tuple[int, list[str]]:
    known: dict[str, tuple[int, bytes]] = {}
    previous, number = GENESIS, 0
    notes: set[str] = set()
    for checkpoint in Checkpoint.objects.order_by("number").iterator():
        number += 1
        place = f"checkpoint {checkpoint.number}"
        known |= {
            name: (sequence, bytes.fromhex(sealed))
            for name, (sequence, sealed) in checkpoint.heads.items()
        }
        root = bytes(checkpoint.root)
        text = sealing.statement(
            number=checkpoint.number,
            size=checkpoint.size,
            root=root,
            previous=bytes(checkpoint.previous_root),
            at=checkpoint.at,
        )
        if checkpoint.number != number:
            return number, [f"checkpoint {number} is missing"]
        if bytes(checkpoint.previous_root) != previous:
            return number, [f"{place} is not chained to the one before it"]
        if sealing.merkle_root(known) != root:
            return number, [f"{place}: its root does not follow from its heads"]
        if not checkpoint.note.startswith(text):
            return number, [f"{place}: its note says something else"]
        if not sealing.is_signed_by_us(checkpoint.note):
            return number, [f"{place}: its signature does not hold"]
        notes.add(checkpoint.note.strip())
        previous = root
    return number, _verify_anchors(notes)


def _verify_anchors(notes: set[str]) -> list[str]:
    anchored = sealing.anchored_notes()
    if notes and not anchored:
        return ["the anchor file is missing or empty"]
    for place, note in enumerate(anchored, start=1):
        if not sealing.is_signed_by_us(note):
            return [f"anchor {place}: its signature does not hold"]
    if anchored and anchored[-1].strip() not in notes:
        return ["the newest anchor is of a journal that is not this one's past"]
    return []
