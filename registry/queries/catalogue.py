"""The systems of the catalogue, as everybody may read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from django.db.models import Count, F, OuterRef, Subquery

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.models import AllowanceRow, System
from registry.queries.people import people_to_pick
from registry.queries.rights import holds
from registry.rules.data import DATA_CLASSES, data_words
from registry.rules.rulebook import Level

SYSTEMS_SHOWN_MAX = 500
MARK_LENGTH = 20


@dataclass(frozen=True)
class SystemLine:
    id: UUID
    slug: str
    name: str
    description: str
    is_approved: bool
    retired_reason: str
    used_by: int
    data_classes: tuple[str, ...]
    owner: str
    owner_id: UUID | None
    is_owner_gone: bool
    capability: str
    is_reference: bool
    # Others of the same capability, each with whether it is the reference.
    alike: tuple[tuple[str, bool], ...]
    # What was read when this page was made, for whoever changes it from here.
    mark: str

    @property
    def data_words(self) -> str:
        return data_words(self.data_classes)


@dataclass(frozen=True)
class CataloguePage:
    """The catalogue, with what this person may change in it."""

    systems: tuple[SystemLine, ...]
    may_administer: bool
    people: tuple[tuple[str, str], ...]
    data_classes: tuple[tuple[str, str], ...] = tuple(DATA_CLASSES.items())


def catalogue_page(*, actor: Actor) -> CataloguePage:
    """Give the catalogue. Seven queries.

    Counted are the workflows that the reader may see, all of them for who approves systems.
    """
    may_administer = holds(actor, "approve_system", Level.ENTERPRISE)
    live = AllowanceRow.objects.filter(
        system=OuterRef("slug"), version=F("version__workflow__live_version")
    )
    if not may_administer:
        live = access.visible(live, actor=actor, workflow_path="version__workflow_id")
    counted = (
        live.order_by()
        .values("system")
        .annotate(count=Count("version__workflow", distinct=True))
        .values("count")
    )
    rows = list(
        System.objects.select_related("owner")
        .annotate(used_by=Subquery(counted))
        .order_by("name", "id")[:SYSTEMS_SHOWN_MAX]
    )
    people = people_to_pick(actor=actor) if may_administer else ()
    return CataloguePage(
        systems=tuple(
            SystemLine(
                row.id,
                row.slug,
                row.name,
                row.description,
                row.is_approved,
                row.retired_reason,
                row.used_by or 0,
                tuple(row.data_classes),
                row.owner.name if row.owner else "",
                row.owner_id,
                row.owner is not None and not row.owner.is_active,
                row.capability,
                row.is_reference,
                _alike(row, rows),
                mark_of(row),
            )
            for row in rows
        ),
        may_administer=may_administer,
        people=tuple((str(each.value), each.label) for each in people),
    )


def mark_of(row: System) -> str:
    """Give the mark of all that a system says: another one after each change of it."""
    said = (row.is_approved, row.retired_reason, row.owner_id, row.capability)
    text = repr((*said, row.is_reference, list(row.data_classes)))
    return sha256(text.encode()).hexdigest()[:MARK_LENGTH]


def _alike(row: System, rows: Sequence[System]) -> tuple[tuple[str, bool], ...]:
    """Name the approved systems that can stand in the place of one."""
    if not row.capability:
        return ()
    return tuple(
        (each.name, each.is_reference)
        for each in rows
        if each.id != row.id
        and each.is_approved
        and each.capability.lower() == row.capability.lower()
    )
