"""Registering what an import's check found: claimed, then in one transaction.

All of it or nothing: a worker that dies leaves nothing behind, its lease runs out, and
the next one begins anew. New departments come first, each by its own operation; they
are whole without the import and stay.
"""

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from uuid import UUID

from django.db import DatabaseError, connection

from portal.accounts.actors import SYSTEM, Actor, actor_for
from portal.accounts.models import Department
from portal.accounts.operations.people import add_department
from portal.accounts.queries import is_administrator
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, Problem
from portal.core.locks import lock_exclusive
from registry.models import InventoryImport, InventoryRow
from registry.models.importing import ImportState, RowStatus
from registry.operations.founding import REGISTERING, Seed, found_workflows, seed_of
from registry.operations.importing import LEASE
from registry.queries.inventory_known import Choices, people_by_id, setting_for
from registry.queries.templates import template_document
from registry.rules.inventory import key_of
from registry.rules.inventory_rows import NEW_DEPARTMENT

ATTEMPTS_MAX = 4
PROGRESS_WAITS_MS = 200
type Planted = tuple[InventoryRow, Seed]


class Progress:
    """Tells how far an import is on a connection of its own, so that others can see it.

    It also keeps the lease. What it cannot write it leaves: progress is only shown.
    """

    def __init__(self, import_id: UUID) -> None:
        self.import_id = import_id
        self.beside = connection.copy()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.beside.close()

    def tell(self, done: int) -> None:
        try:
            with self.beside.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = {PROGRESS_WAITS_MS}")
                cursor.execute(
                    "UPDATE registry_inventoryimport SET done = %s, lease_until ="
                    " clock_timestamp() + %s * interval '1 second'"
                    " WHERE id = %s AND state = 'APPLYING'",
                    [done, LEASE.total_seconds(), self.import_id],
                )
        except DatabaseError:
            self.beside.close()


def claim_import(*, import_id: UUID | None = None) -> UUID | None:
    """Lease the import that waits longest, or this one. One statement, committed at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registry_inventoryimport SET attempts = attempts + 1, done = 0,"
            " lease_until = clock_timestamp() + %s * interval '1 second'"
            " WHERE id IN (SELECT id FROM registry_inventoryimport"
            " WHERE state = 'APPLYING' AND (%s::uuid IS NULL OR id = %s)"
            " AND (lease_until IS NULL OR lease_until < clock_timestamp())"
            " ORDER BY asked_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id",
            [LEASE.total_seconds(), import_id, import_id],
        )
        found = cursor.fetchone()
    return found[0] if found else None


def run_import(*, import_id: UUID, now: datetime) -> int:
    """Register a claimed import's rows; says how many. Raises AlreadyDone.

    What cannot be done ends the import as failed, with the reason; nothing of it stays.
    """
    source = InventoryImport.objects.select_related("created_by").get(id=import_id)
    if source.attempts > ATTEMPTS_MAX:
        reason = "It was begun several times and never finished. Ask for it again."
        fail_import(import_id=import_id, reason=reason, now=now)
        return 0
    try:
        actor = _actor_of(source)
        _add_departments(source, actor, now)
        with Progress(import_id) as progress:
            return apply_import(
                actor=actor,
                import_id=import_id,
                planted=_planted(source),
                progress=progress,
                now=now,
            )
    except AlreadyDone:
        raise
    except (Conflict, Forbidden, Invalid) as problem:
        fail_import(import_id=import_id, reason=problem.detail, now=now)
        return 0


@operation(leaves="inventory.applied")
def apply_import(
    *,
    actor: Actor,
    import_id: UUID,
    planted: Sequence[Planted],
    progress: Progress,
    now: datetime,
) -> int:
    """Register every row in one transaction. Raises AlreadyDone when another did.

    Rows that were registered since the check are left, and say so.
    """
    lock_exclusive(REGISTERING)
    source = InventoryImport.objects.get(id=import_id)
    if source.state != ImportState.APPLYING:
        raise AlreadyDone("inventory.done", "This import was registered before.")
    fresh, known = _split(actor, planted)
    InventoryRow.objects.filter(id__in=[row.id for row in known]).update(
        status=RowStatus.KNOWN,
        reason="It was registered by somebody else since the check.",
    )

    workflows = found_workflows(
        actor=actor,
        seeds=[seed for _, seed in fresh],
        now=now,
        told=progress.tell,
    )
    _mark_made(fresh, [each.id for each in workflows])

    counts = dict(source.counts)
    counts["KNOWN"] = counts.get("KNOWN", 0) + len(known)
    counts["READY"] = counts["MADE"] = len(workflows)
    InventoryImport.objects.filter(id=import_id).update(
        state=ImportState.APPLIED,
        counts=counts,
        applied_at=now,
        lease_until=None,
    )
    record(
        "inventory.applied",
        actor=actor,
        subject=("inventory", import_id),
        file=source.file_name,
        digest=source.digest,
        made=len(workflows),
        others=counts["rows"] - len(workflows),
        counts=counts,
    )
    return len(workflows)


@operation(leaves="inventory.failed")
def fail_import(*, import_id: UUID, reason: str, now: datetime) -> None:
    """End an import that could not be registered, with the reason."""
    source = InventoryImport.objects.select_for_update(no_key=True, of=("self",)).get(
        id=import_id
    )
    if source.state != ImportState.APPLYING:
        raise AlreadyDone("inventory.done", "This import is not being registered.")
    source.state = ImportState.FAILED
    source.reason = reason[:500]
    source.lease_until = None
    source.save(update_fields=("state", "reason", "lease_until"))
    record(
        "inventory.failed",
        actor=SYSTEM,
        subject=("inventory", import_id),
        file=source.file_name,
        reason=reason[:300],
    )


def _actor_of(source: InventoryImport) -> Actor:
    person = source.created_by
    if person is None:
        return SYSTEM
    if not person.is_active:
        raise Forbidden(f"{person.name}, who asked for it, can no longer sign in.")
    return actor_for(person)


def _add_departments(source: InventoryImport, actor: Actor, now: datetime) -> None:
    """Add the departments that the rows need. Done again, it adds nothing twice."""
    wanted = sorted(
        {
            department.removeprefix(NEW_DEPARTMENT)
            for department in source.rows.filter(status=RowStatus.READY)
            .values_list("draft__department", flat=True)
            .distinct()
            if department.startswith(NEW_DEPARTMENT)
        }
    )
    known = {key_of(name) for name in Department.objects.values_list("name", flat=True)}
    missing = [name for name in wanted if key_of(name) not in known]
    if missing and not (actor.is_system or is_administrator(actor)):
        raise Forbidden("Only administrators add departments.")
    for name in missing:
        add_department(actor=actor, name=name[:120], now=now)


def _planted(source: InventoryImport) -> list[Planted]:
    """Give each ready row with what its workflow begins with, checked. Four queries."""
    rows = list(source.rows.filter(status=RowStatus.READY).order_by("line"))
    people = people_by_id(row.draft["owner"] for row in rows)
    departments = {each.slug: each for each in Department.objects.order_by("slug")}
    by_name = {key_of(each.name): each for each in departments.values()}
    found = []
    for row in rows:
        said = row.draft["department"]
        name = said.removeprefix(NEW_DEPARTMENT)
        department = (
            by_name.get(key_of(name)) if name != said else departments.get(said)
        )
        if department is None:
            raise Conflict(
                "department.gone", f"There is no department {name} any more."
            )
        owner = people.get(row.draft["owner"])
        roles = {"business_owner": owner} if owner is not None else {}
        try:
            seed = seed_of(
                name=row.name,
                department=department,
                document=_document(row.draft),
                roles=roles,
            )
        except Problem as problem:
            raise Conflict(
                "inventory.row",
                f"Line {row.line} cannot be registered: {problem.detail}",
            ) from problem
        found.append((row, seed))
    return found


def _document(draft: dict) -> dict:
    document = template_document(draft["template"]) or {}
    answers = {**document.get("answers", {}), **draft["answers"]}
    said = {"purpose": draft["purpose"]} if draft["purpose"] else {}
    return {
        **document,
        **said,
        "template": draft["template"],
        "risk": draft["risk"],
        **({"answers": answers} if draft["answers"] else {}),
    }


def _split(
    actor: Actor, planted: Sequence[Planted]
) -> tuple[list[Planted], list[InventoryRow]]:
    """Tell the rows that are still new from those registered since. Five queries."""
    now_known = setting_for(actor=actor, choices=Choices(mapping={}))
    fresh, known = [], []
    for row, seed in planted:
        name = (seed.department.slug, key_of(row.name))
        number = key_of(row.identifier)
        if name in now_known.known_names or number in now_known.known_identifiers:
            known.append(row)
        else:
            fresh.append((row, seed))
    return fresh, known


def _mark_made(made: Sequence[Planted], ids: Sequence[UUID]) -> None:
    """Tie each row to its workflow, with the number of entries that it began with."""
    if not made:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registry_inventoryrow AS row SET status = 'MADE',"
            " workflow_id = made.workflow_id, entries = made.entries"
            " FROM unnest(%s::uuid[], %s::uuid[], %s::int[])"
            " AS made (id, workflow_id, entries) WHERE row.id = made.id",
            [
                [row.id for row, _ in made],
                list(ids),
                [1 + len(seed.roles) for _, seed in made],
            ],
        )
