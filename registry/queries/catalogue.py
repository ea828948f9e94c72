"""What stands above every workflow, as everybody may read it: systems and ceilings."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, OuterRef, Subquery

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.models import AllowanceRow, Ceiling, System
from registry.queries.people import departments_to_pick
from registry.rules.verbs import name_of

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


@dataclass(frozen=True)
class CeilingLine:
    id: UUID
    level: str
    where: str
    name: str
    sentence: str
    authority: str
    scope: str


@dataclass(frozen=True)
class CataloguePage:
    """The catalogue, with what this person may change in it."""

    systems: tuple[SystemLine, ...]
    ceilings: tuple[CeilingLine, ...]
    departments: tuple[tuple[str, str], ...]
    may_administer: bool
    may_limit: bool


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
    ceilings = Ceiling.objects.filter(is_active=True).select_related("department")
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
            )
            for row in systems[:SYSTEMS_SHOWN_MAX]
        ),
        ceilings=tuple(
            _ceiling(row) for row in ceilings.order_by("level", "name", "id")
        ),
        departments=tuple(
            (each.value, each.label) for each in departments_to_pick(actor=actor)
        ),
        may_administer=access.holds_everywhere(actor, access.EDIT),
        may_limit=access.holds_everywhere(actor, access.PAUSE),
    )


def _ceiling(row: Ceiling) -> CeilingLine:
    parts = []
    if row.verbs:
        parts.append(", ".join(name_of(verb) for verb in row.verbs))
    if row.tiers:
        parts.append(f"everything that {' or '.join(row.tiers)}s")
    if row.systems:
        parts.append(f"in {', '.join(row.systems)}")
    if row.amount_max is not None:
        parts.append(f"above {row.currency} {row.amount_max}")
    return CeilingLine(
        id=row.id,
        level=row.level,
        where=row.department.name if row.department else "the whole company",
        name=row.name,
        sentence=row.sentence,
        authority=row.authority,
        scope=" ".join(parts) or "everything",
    )
