"""Reading the journal: pages of entries, one entry with its proof, the seal.

This room knows entries and no rights: the caller passes `within`, which narrows
entries to the workflows that may be shown, or None for everything. Entries of named
streams (portal, departments, security) are shown only with None.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Func, QuerySet, TextField, Value

from portal.audit import sealing
from portal.audit.chaining import GENESIS, hash_of
from portal.audit.models import Checkpoint, DenialCount, Entry, Stream
from portal.audit.names import SENTENCES
from portal.core.errors import NotFound
from portal.core.pagination import Page, keyset

# Text is not indexed: without dates it is looked for in this much of the past.
TEXT_REACHES_BACK = timedelta(days=90)
type Within = Callable[[QuerySet[Entry]], QuerySet[Entry]] | None


@dataclass(frozen=True)
class JournalFilter:
    """What is asked for; None and empty mean "all"."""

    workflow_id: UUID | None = None
    names: tuple[str, ...] = ()
    actor_ids: tuple[UUID, ...] | None = None
    subject: tuple[str, str] | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    text: str = ""


@dataclass(frozen=True)
class Line:
    """One entry as a list shows it."""

    id: UUID
    at: datetime
    name: str
    sentence: str
    actor_kind: str
    actor_id: UUID
    actor_name: str
    workflow_id: UUID | None
    stream: str
    sequence: int


@dataclass(frozen=True)
class Denial:
    """How often one principal was denied with one code in one minute."""

    at: datetime
    code: str
    path: str
    count: int


@dataclass(frozen=True)
class Proof:
    """What an entry's place in its chain rests on, checked when the page was made."""

    previous_hash: str
    hash: str
    body: str
    is_hash_right: bool
    is_chained: bool
    sealed_by: int | None


@dataclass(frozen=True)
class EntryPage:
    """One entry with its facts and its proof."""

    line: Line
    subject_kind: str
    subject_id: str
    facts: tuple[tuple[str, str], ...]
    proof: Proof


@dataclass(frozen=True)
class Seal:
    """The newest checkpoint, and how much is newer than it."""

    number: int
    at: datetime | None
    size: int
    root: str
    is_signed: bool
    note: str
    newer: int
    total: int
    streams: int = field(default=0)


@dataclass(frozen=True)
class Exported:
    """One entry as an export gives it: readable, and provable by its bytes."""

    line: Line
    subject_kind: str
    subject_id: str
    facts: dict[str, object]
    previous_hash: str
    hash: str
    body: str


def entry_names() -> tuple[str, ...]:
    """Give the closed list of names, in the order of the list."""
    return tuple(SENTENCES)


def lines_of(
    *,
    within: Within,
    wanted: JournalFilter,
    now: datetime,
    cursor: str | None,
    size: int,
) -> Page[Line]:
    """Give one page of entries, newest first. One query, by an index of what is asked."""
    page = keyset(
        _entries(within, wanted, now), order=("-at", "-id"), cursor=cursor, size=size
    )
    return Page(
        tuple(_line(entry, json.loads(bytes(entry.body))) for entry in page.items),
        page.next_cursor,
        page.previous_cursor,
    )


def exported_entries(
    *, within: Within, wanted: JournalFilter, now: datetime, at_most: int
) -> tuple[Exported, ...]:
    """Give up to `at_most` entries, oldest first, whole."""
    rows = _entries(within, wanted, now).order_by("at", "id")[:at_most]
    return tuple(_exported(entry) for entry in rows.iterator(chunk_size=2000))


def counts_of(
    *, within: Within, wanted: JournalFilter, now: datetime
) -> dict[str, int]:
    """Give how many entries of each name there are. One query, by the index of names."""
    rows = _entries(within, wanted, now).order_by().values_list("name")
    return dict(rows.annotate(Count("id")))


def oldest_entry_at(*, within: Within) -> datetime | None:
    """Give when the oldest entry was made; None for an empty journal. One query."""
    return _allowed(within).order_by("at", "id").values_list("at", flat=True).first()


def entry_of(*, within: Within, entry_id: UUID) -> EntryPage:
    """Give one entry and check its place in the chain. Three queries. Raises NotFound."""
    entry = _allowed(within).filter(id=entry_id).first()
    if entry is None:
        raise NotFound("There is no such journal entry, or you may not see it.")
    raw = bytes(entry.body)
    body = json.loads(raw)
    previous = bytes(entry.previous_hash)
    proof = Proof(
        previous_hash=previous.hex(),
        hash=bytes(entry.hash).hex(),
        body=raw.decode(),
        is_hash_right=hash_of(entry.stream, entry.sequence, previous, raw)
        == bytes(entry.hash),
        is_chained=_hash_before(entry) == previous,
        sealed_by=_first_seal_over(entry),
    )
    facts = body["facts"]
    return EntryPage(
        line=_line(entry, body),
        subject_kind=entry.subject_kind,
        subject_id=entry.subject_id,
        facts=tuple((key, _plain(value)) for key, value in sorted(facts.items())),
        proof=proof,
    )


def seal() -> Seal:
    """Say what the newest checkpoint states and what it does not cover yet. Two queries."""
    last = Checkpoint.objects.order_by("-number").first()
    lengths = list(Stream.objects.values_list("sequence", flat=True))
    total = sum(lengths)
    if last is None:
        return Seal(0, None, 0, "", False, "", total, total, len(lengths))
    return Seal(
        number=last.number,
        at=last.at,
        size=last.size,
        root=bytes(last.root).hex(),
        is_signed=sealing.is_signed_by_us(last.note),
        note=last.note,
        newer=max(0, total - last.size),
        total=total,
        streams=len(lengths),
    )


def _allowed(within: Within) -> QuerySet[Entry]:
    if within is None:
        return Entry.objects.all()
    # A workflow's own stream only: what security notes about it is not the workflow's.
    return within(Entry.objects.filter(stream__startswith="workflow:"))


def _entries(within: Within, wanted: JournalFilter, now: datetime) -> QuerySet[Entry]:
    rows = _allowed(within)
    if wanted.workflow_id is not None:
        rows = rows.filter(workflow_id=wanted.workflow_id)
    if wanted.names:
        rows = rows.filter(name__in=wanted.names)
    if wanted.actor_ids is not None:
        rows = rows.filter(actor_id__in=wanted.actor_ids)
    if wanted.subject is not None:
        kind, identity = wanted.subject
        rows = rows.filter(subject_kind=kind, subject_id=identity)
    since = wanted.from_at
    if wanted.text and since is None:
        since = (wanted.until_at or now) - TEXT_REACHES_BACK
    if since is not None:
        rows = rows.filter(at__gte=since)
    if wanted.until_at is not None:
        rows = rows.filter(at__lt=wanted.until_at)
    if wanted.text:
        text = Func(
            F("body"), Value("UTF8"), function="convert_from", output_field=TextField()
        )
        rows = rows.alias(text=text).filter(text__icontains=wanted.text)
    return rows


def _line(entry: Entry, body: dict) -> Line:
    return Line(
        id=entry.id,
        at=entry.at,
        name=entry.name,
        sentence=body["sentence"],
        actor_kind=entry.actor_kind,
        actor_id=entry.actor_id,
        actor_name=body["actor"]["name"],
        workflow_id=entry.workflow_id,
        stream=entry.stream,
        sequence=entry.sequence,
    )


def _exported(entry: Entry) -> Exported:
    raw = bytes(entry.body)
    body = json.loads(raw)
    return Exported(
        line=_line(entry, body),
        subject_kind=entry.subject_kind,
        subject_id=entry.subject_id,
        facts=body["facts"],
        previous_hash=bytes(entry.previous_hash).hex(),
        hash=bytes(entry.hash).hex(),
        body=raw.decode(),
    )


def _hash_before(entry: Entry) -> bytes | None:
    if entry.sequence == 1:
        return GENESIS
    before = (
        Entry.objects.filter(stream=entry.stream, sequence=entry.sequence - 1)
        .values_list("hash", flat=True)
        .first()
    )
    return bytes(before) if before is not None else None


def _first_seal_over(entry: Entry) -> int | None:
    """Find the first checkpoint that states this stream at least as far as the entry."""
    rows = (
        Checkpoint.objects.filter(at__gte=entry.at, heads__has_key=entry.stream)
        .order_by("number")
        .values_list("number", "heads")[:5]
    )
    return next(
        (number for number, heads in rows if heads[entry.stream][0] >= entry.sequence),
        None,
    )


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value) or "none"
    return json.dumps(value, ensure_ascii=False)


def lengths_of(workflow_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Give how many entries each workflow's stream has. One query."""
    names = {f"workflow:{identity}": identity for identity in workflow_ids}
    found = Stream.objects.filter(name__in=names).values_list("name", "sequence")
    return {names[name]: sequence for name, sequence in found}


def last_sentences_of(workflow_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Give the sentence of the newest entry of each workflow's stream. One query."""
    names = {f"workflow:{identity}": identity for identity in workflow_ids}
    newest = Entry.objects.filter(stream__in=names).order_by("stream", "-sequence")
    return {
        names[entry.stream]: json.loads(bytes(entry.body))["sentence"]
        for entry in newest.distinct("stream")
    }


def denials_of(*, principal: str, since: datetime, at_most: int) -> tuple[Denial, ...]:
    """Give the counted denials of one principal, newest first. One query."""
    rows = DenialCount.objects.filter(principal=principal, minute__gte=since)
    return tuple(
        Denial(row.minute, row.code, row.last_path, row.count)
        for row in rows.order_by("-minute", "-id")[:at_most]
    )


@dataclass(frozen=True)
class SealedEntry:
    """One entry, and the first signed checkpoint that states its stream as far as it."""

    entry_id: UUID
    number: int | None
    root: str
    at: datetime | None


def sealed_entry(
    *, name: str, subject: tuple[str, str], fact: tuple[str, str]
) -> SealedEntry | None:
    """Give the entry of this name about a thing that says this, and its seal. Three queries.

    The checkpoint is the first that covers it, so that it is the same whenever it is
    printed; none for a minute or so, until one is made.
    """
    rows = Entry.objects.filter(
        name=name, subject_kind=subject[0], subject_id=subject[1]
    ).order_by("-at", "-id")[:20]
    key, value = fact
    entry = next(
        (row for row in rows if json.loads(bytes(row.body))["facts"].get(key) == value),
        None,
    )
    if entry is None:
        return None
    number = _first_seal_over(entry)
    if number is None:
        return SealedEntry(entry.id, None, "", None)
    checkpoint = Checkpoint.objects.get(number=number)
    return SealedEntry(
        entry.id, checkpoint.number, bytes(checkpoint.root).hex(), checkpoint.at
    )
