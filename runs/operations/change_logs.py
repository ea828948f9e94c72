"""Importing a change log: take the file in, check its rows, let them in as events.

Every row goes through the inbox like what a system posts itself; its file stays sealed
until then and is erased after. Reading a file happens before a transaction begins.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor, agent_actor
from portal.accounts.models import Agent
from portal.audit.operation import operation, record
from portal.core.digest import sha256_of
from portal.core.errors import Conflict, Invalid
from portal.core.sealing import seal
from registry.queries.inventory_files import Reading, read_inventory
from runs.models import ChangeFile, ChangeImport, ChangeRow, InboxBatch
from runs.operations.accepting import store_batch
from runs.operations.redacting import hidden_words
from runs.queries.change_log_rows import PURPOSE, Planned, events_of, planned_rows
from runs.queries.change_logs import (
    called_by_grants,
    import_seen_by,
    must_import,
    system_of_record,
)
from runs.rules.change_log import suggest

WHAT_MAX = 300
EVENTS_IN_BATCH = 500
OPEN_MAX = 20
JSON = "application/json"


def take_in_log(
    *, actor: Actor, source_id: UUID, file_name: str, data: bytes, now: datetime
) -> UUID:
    """Read a file, keep it sealed, and suggest what its columns mean. Raises Invalid."""
    must_import(actor)
    source = system_of_record(source_id)
    read = read_inventory(data, Reading())
    return upload_log(
        actor=actor,
        source=source,
        file_name=file_name,
        data=data,
        mapping=suggest(read.table.columns),
        rows=len(read.table.rows),
        now=now,
    )


@operation(leaves="change_log.uploaded")
def upload_log(
    *,
    actor: Actor,
    source: Agent,
    file_name: str,
    data: bytes,
    mapping: Mapping[int, str],
    rows: int,
    now: datetime,
) -> UUID:
    """Keep the bytes of a change log and what its columns seem to mean."""
    waiting = ChangeImport.objects.exclude(state=ChangeImport.State.SENT)
    if waiting.count() >= OPEN_MAX:
        raise Conflict(
            "change_log.many",
            f"{OPEN_MAX} change logs are not finished. Take them in or discard one first.",
        )
    made = ChangeImport.objects.create(
        source=source,
        file_name=file_name[-200:] or "change log",
        digest=sha256_of(data),
        mapping={str(index): meaning for index, meaning in mapping.items()},
        choices={"system": called_by_grants(source), "zone": "UTC", "order": ""},
        counts={"rows": rows},
        created_by_id=actor.id if actor.is_person else None,
        created_at=now,
    )
    ChangeFile.objects.create(
        source=made, data=seal(data, purpose=PURPOSE, bound_to=made.id.bytes)
    )
    record(
        "change_log.uploaded",
        actor=actor,
        subject=("change_log", made.id),
        file=made.file_name,
        source=source.name,
        rows=rows,
        digest=made.digest,
    )
    return made.id


def check_log(
    *,
    actor: Actor,
    import_id: UUID,
    reading: Reading,
    mapping: Mapping[int, str],
    choices: Mapping[str, str],
    now: datetime,
) -> Counter[str]:
    """Work out what every row comes to and keep it; takes nothing in. Raises Invalid."""
    source = import_seen_by(actor, import_id)
    planned = planned_rows(
        source, reading=reading, mapping=mapping, choices=choices, now=now
    )
    return keep_log_check(
        actor=actor,
        import_id=import_id,
        reading=reading,
        mapping=mapping,
        choices=choices,
        planned=planned,
    )


@operation(leaves="change_log.checked")
def keep_log_check(
    *,
    actor: Actor,
    import_id: UUID,
    reading: Reading,
    mapping: Mapping[int, str],
    choices: Mapping[str, str],
    planned: Sequence[Planned],
) -> Counter[str]:
    """Replace what is known of a log's rows by a new check."""
    source = _locked(actor, import_id)
    source.rows.all().delete()
    ChangeRow.objects.bulk_create(
        (
            ChangeRow(
                source=source,
                line=each.line,
                status=each.status,
                event_id=each.event_id,
                what=hidden_words(each.what)[:WHAT_MAX],
                reason=each.reason[:500],
            )
            for each in planned
        ),
        batch_size=500,
    )
    counts = Counter(each.status for each in planned)
    source.state = ChangeImport.State.CHECKED
    source.encoding, source.delimiter = reading.encoding, reading.delimiter
    source.sheet, source.header_line = reading.sheet, reading.header_line
    source.mapping = {str(index): said for index, said in mapping.items()}
    source.choices = dict(choices)
    source.counts = {"rows": len(planned), **counts}
    source.save()
    record(
        "change_log.checked",
        actor=actor,
        subject=("change_log", source.id),
        file=source.file_name,
        ready=counts["READY"],
        others=len(planned) - counts["READY"],
    )
    return counts


@operation(leaves="change_log.sent")
def send_log(*, actor: Actor, import_id: UUID, now: datetime) -> int:
    """Let the ready rows in, through the inbox; says how many. Erases the file.

    Raises Conflict when nothing is ready, or when it was taken in already.
    """
    source = _locked(actor, import_id)
    ready = set(source.rows.filter(status="READY").values_list("event_id", flat=True))
    if source.state != ChangeImport.State.CHECKED or not ready:
        raise Conflict(
            "change_log.nothing_ready",
            "No row is ready to be taken in. Look at the reasons, and change how the"
            " columns are matched.",
        )
    events = [each for each in events_of(source, now=now) if each["id"] in ready]
    system = agent_actor(agent_id=source.source_id, name=source.source.name)
    batches = []
    for start in range(0, len(events), EVENTS_IN_BATCH):
        part = events[start : start + EVENTS_IN_BATCH]
        raw = json.dumps({"events": part}, ensure_ascii=False).encode()
        batches.append(
            store_batch(
                agent=system,
                key_id=None,
                raw=raw,
                form=InboxBatch.Form.NATIVE,
                content_type=JSON,
                count=len(part),
                now=now,
            )
        )
    source.state, source.sent_at = ChangeImport.State.SENT, now
    source.batches = [str(each) for each in batches]
    source.save(update_fields=("state", "sent_at", "batches"))
    ChangeFile.objects.filter(source=source).delete()
    record(
        "change_log.sent",
        actor=actor,
        subject=("change_log", source.id),
        file=source.file_name,
        source=source.source.name,
        count=len(events),
    )
    return len(events)


@operation(leaves="change_log.discarded")
def discard_log(*, actor: Actor, import_id: UUID) -> None:
    """Throw a change log away from which nothing was taken in, with its bytes."""
    source = _locked(actor, import_id)
    record(
        "change_log.discarded",
        actor=actor,
        subject=("change_log", source.id),
        file=source.file_name,
    )
    source.delete()


def _locked(actor: Actor, import_id: UUID) -> ChangeImport:
    import_seen_by(actor, import_id)
    source = (
        ChangeImport.objects.select_for_update(no_key=True, of=("self",))
        .select_related("source")
        .get(id=import_id)
    )
    if source.state == ChangeImport.State.SENT:
        raise Conflict(
            "change_log.sent",
            "This log was taken in by now. Open it again to see what became of its rows.",
        )
    if not source.source.is_active:
        raise Invalid({"": f"{source.source.name} has been switched off."})
    return source
