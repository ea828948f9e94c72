"""The systems of the catalogue, as everybody may read them."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, OuterRef, Subquery

from portal.accounts.actors import Actor
from registry.models import AllowanceRow, System
from registry.queries.rights import holds
from registry.rules.data import DATA_CLASSES, data_words
from registry.rules.rulebook import Level

SYSTEMS_SHOWN_MAX = 500


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

    @property
    def data_words(self) -> str:
        return data_words(self.data_classes)


@dataclass(frozen=True)
class CataloguePage:
    """The catalogue, with what this person may change in it."""

    systems: tuple[SystemLine, ...]
    may_administer: bool
    data_classes: tuple[tuple[str, str], ...] = tuple(DATA_CLASSES.items())


def catalogue_page(*, actor: Actor) -> CataloguePage:
    """Give the catalogue. Five queries."""
    live = AllowanceRow.objects.filter(
        system=OuterRef("slug"), version=F("version__workflow__live_version")
    )
    counted = (
        live.order_by()
        .values("system")
        .annotate(count=Count("version__workflow", distinct=True))
        .values("count")
    )
    systems = System.objects.annotate(used_by=Subquery(counted)).order_by("name", "id")
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
            )
            for row in systems[:SYSTEMS_SHOWN_MAX]
        ),
        may_administer=holds(actor, "approve_system", Level.ENTERPRISE),
    )
