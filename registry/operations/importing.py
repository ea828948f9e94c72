"""Importing an inventory: take the file in, check its rows, ask for them to be registered.

The file is kept as it came, and so is what every row would become: what a person was
shown is what is registered. Reading a file happens before a transaction begins.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.models import Department
from portal.audit.operation import operation, record
from portal.core.clock import database_now
from portal.core.digest import sha256_of
from portal.core.errors import Conflict
from portal.core.outbox import enqueue
from registry.models import InventoryFile, InventoryImport, InventoryRow
from registry.models.importing import ImportState
from registry.operations.guards import person_id
from registry.queries.importing import (
    bytes_of,
    import_for,
    planned_rows,
    reading_of,
)
from registry.queries.inventory_files import Reading, read_inventory
from registry.queries.inventory_known import Choices, known_for_suggesting
from registry.rules.inventory import Planned
from registry.rules.inventory_columns import suggest

TASK = "registry.tasks.apply_imports"
LEASE = timedelta(seconds=30)
OPEN_MAX = 20
OPEN_STATES = (ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED)
MAY_CHANGE = (ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED)


def take_in(*, actor: Actor, file_name: str, data: bytes, now: datetime) -> UUID:
    """Read a file, keep it, and suggest what its columns mean.

    Raises Invalid, with words, for a file that cannot be read.
    """
    read = read_inventory(data, Reading())
    return upload_inventory(
        actor=actor,
        file_name=file_name,
        data=data,
        mapping=suggest(read.table, known_for_suggesting()),
        rows=len(read.table.rows),
        now=now,
    )


@operation(leaves="inventory.uploaded")
def upload_inventory(
    *,
    actor: Actor,
    file_name: str,
    data: bytes,
    mapping: Mapping[int, str],
    rows: int,
    now: datetime,
) -> UUID:
    """Keep the bytes of a file and what its columns seem to mean."""
    maker = person_id(actor)
    waiting = InventoryImport.objects.filter(created_by=maker, state__in=OPEN_STATES)
    if waiting.count() >= OPEN_MAX:
        raise Conflict(
            "inventory.many",
            f"You have {OPEN_MAX} imports that are not finished. Discard one first.",
        )
    source = InventoryImport.objects.create(
        file_name=file_name[-200:] or "inventory",
        digest=sha256_of(data),
        size_bytes=len(data),
        mapping={str(index): meaning for index, meaning in mapping.items()},
        counts={"rows": rows},
        created_by_id=maker,
        created_at=now,
    )
    InventoryFile.objects.create(source=source, data=data)
    record(
        "inventory.uploaded",
        actor=actor,
        subject=("inventory", source.id),
        file=source.file_name,
        rows=rows,
        digest=source.digest,
    )
    return source.id


def check_inventory(
    *,
    actor: Actor,
    import_id: UUID,
    reading: Reading | None = None,
    choices: Choices,
    now: datetime,
) -> Counter[str]:
    """Work out what every row would become and keep it; registers nothing.

    Raises Invalid for a mapping without a name, Forbidden for new departments asked for
    by somebody who may not add one.
    """
    source = import_for(actor=actor, import_id=import_id)
    reading = reading or reading_of(source)
    read = read_inventory(bytes_of(source), reading)
    planned = planned_rows(actor=actor, read=read, choices=choices)
    return keep_check(
        actor=actor,
        import_id=import_id,
        reading=reading,
        choices=choices,
        planned=planned,
        now=now,
    )


@operation(leaves="inventory.checked")
def keep_check(
    *,
    actor: Actor,
    import_id: UUID,
    reading: Reading,
    choices: Choices,
    planned: Sequence[Planned],
    now: datetime,
) -> Counter[str]:
    """Replace what is known of an import's rows by a new check."""
    source = _locked(actor, import_id, MAY_CHANGE)
    source.rows.all().delete()
    InventoryRow.objects.bulk_create(
        (_row(source, each) for each in planned), batch_size=500
    )
    counts = Counter(each.status.value for each in planned)
    source.state = ImportState.CHECKED
    source.encoding = reading.encoding
    source.delimiter = reading.delimiter
    source.sheet = reading.sheet
    source.header_line = reading.header_line
    source.mapping = {str(index): said for index, said in choices.mapping.items()}
    source.departments = choices.departments
    source.default_department = Department.objects.filter(
        slug=choices.default_department
    ).first()
    source.template = choices.template
    source.counts = {"rows": len(planned), **counts}
    source.reason = ""
    source.save()
    record(
        "inventory.checked",
        actor=actor,
        subject=("inventory", source.id),
        file=source.file_name,
        ready=counts["READY"],
        others=len(planned) - counts["READY"],
    )
    return counts


@operation(leaves="inventory.asked")
def ask_to_apply(
    *, actor: Actor, import_id: UUID, is_claimed: bool = False, now: datetime
) -> None:
    """Ask for the ready rows to be registered in the background.

    A caller that registers them itself claims them at once; should it die, the sweep
    goes on. Raises Conflict when nothing is ready, or when it runs already.
    """
    source = _locked(actor, import_id, (ImportState.CHECKED, ImportState.FAILED))
    ready = source.rows.filter(status="READY").count()
    if not ready:
        raise Conflict(
            "inventory.nothing_ready",
            "No row is ready to be registered. Look at the reasons, and change how the"
            " columns are matched.",
        )
    source.state = ImportState.APPLYING
    source.done = 0
    source.attempts = 1 if is_claimed else 0
    source.lease_until = database_now() + LEASE if is_claimed else None
    source.reason = ""
    source.asked_at = now
    source.save()
    record(
        "inventory.asked",
        actor=actor,
        subject=("inventory", source.id),
        file=source.file_name,
        ready=ready,
    )
    if not is_claimed:
        enqueue(topic="hint", payload={"task": TASK})


@operation(leaves="inventory.discarded")
def discard_import(*, actor: Actor, import_id: UUID) -> None:
    """Throw an upload away from which nothing was registered, with its bytes."""
    source = _locked(actor, import_id, MAY_CHANGE)
    record(
        "inventory.discarded",
        actor=actor,
        subject=("inventory", source.id),
        file=source.file_name,
    )
    source.delete()


def _locked(actor: Actor, import_id: UUID, states: Sequence[str]) -> InventoryImport:
    import_for(actor=actor, import_id=import_id)
    source = InventoryImport.objects.select_for_update(no_key=True, of=("self",)).get(
        id=import_id
    )
    if source.state not in states:
        raise Conflict(
            "inventory.moved_on",
            f"This import is “{source.get_state_display().lower()}” by now."
            " Open it again to see where it stands.",
        )
    return source


def _row(source: InventoryImport, planned: Planned) -> InventoryRow:
    draft: dict[str, Any] = {}
    if planned.status == "READY":
        draft = {
            "purpose": planned.purpose,
            "department": planned.department,
            "owner": planned.owner,
            "risk": planned.risk,
            "template": planned.template,
            "answers": dict(planned.answers),
        }
    return InventoryRow(
        source=source,
        line=planned.line,
        status=planned.status,
        name=planned.name,
        identifier=planned.identifier,
        reason=" ".join([planned.reason, *planned.remarks]).strip()[:1000],
        draft=draft,
        notes=[list(note) for note in planned.notes],
    )
