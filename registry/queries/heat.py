"""The heat map of authority: systems by tiers or verbs, over the workflows a person may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from django.db import connection
from django.db.models import Case, CharField, Count, QuerySet, Value, When

from portal.accounts.actors import Actor
from registry.queries.authority import ANSWERS, above_all, verbs_in, visible_cells
from registry.queries.who_may import system_names
from registry.rules.sentences import system_label
from registry.rules.verbs import VERBS, Tier

STEPS = 5
_COUNTED = "SELECT system, key, answer, count(*) FROM ({}) AS each GROUP BY system, key, answer"


@dataclass(frozen=True)
class Heat:
    """One cell: how many workflows may, how, and how strong that is from 0 to 5."""

    key: str
    allowed: int
    review: int
    never: int
    strength: int

    @property
    def is_empty(self) -> bool:
        return not (self.allowed or self.review or self.never)


@dataclass(frozen=True)
class HeatRow:
    system: str
    name: str
    is_approved: bool
    cells: tuple[Heat, ...]


@dataclass(frozen=True)
class HeatMap:
    """The map: `tier` is empty where columns are tiers, else they are its verbs."""

    tier: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[HeatRow, ...]


def heat_for(*, actor: Actor, tier: str = "") -> HeatMap:
    """Count workflows by system and tier, or by system and verb of one tier. Five queries.

    A workflow counts once for each way in which it may do any verb of the column.
    """
    above = above_all()
    cells = visible_cells(actor=actor, above=above).order_by()
    counts = _by_verb(cells, tier) if tier else _by_tier(cells)
    names = system_names()
    columns = _columns(tier, {key for _, key in counts})
    most = max((found[0] + found[1] for found in counts.values()), default=0)
    systems = sorted({system for system, _ in counts}, key=lambda each: _name(each, names).lower())  # fmt: skip
    return HeatMap(
        tier=tier,
        columns=columns,
        rows=tuple(
            HeatRow(
                system=system,
                name=_name(system, names),
                is_approved=system in above.approved,
                cells=tuple(
                    _heat(key, counts.get((system, key), (0, 0, 0)), most)
                    for key, _ in columns
                ),
            )
            for system in systems
        ),
    )


def _by_tier(cells: QuerySet) -> dict[tuple[str, str], list[int]]:
    tiers = Case(
        *(
            When(verb__in=verbs_in(tier.value), then=Value(tier.value))
            for tier in Tier
            if tier != Tier.CHANGE
        ),
        default=Value(Tier.CHANGE.value),
        output_field=CharField(),
    )
    each = cells.annotate(key=tiers).values("system", "key", "answer", "workflow")
    # Counting what is distinct would sort every cell; a sub-select of them is hashed.
    sql, params = each.distinct().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED.format(sql), params)
        return _counted(cursor.fetchall())


def _by_verb(cells: QuerySet, tier: str) -> dict[tuple[str, str], list[int]]:
    found = cells.filter(verb__in=verbs_in(tier)).values_list(
        "system", "verb", "answer"
    )
    return _counted(found.annotate(number=Count("id")))


def _counted(
    rows: Iterable[tuple[str, str, int, int]],
) -> dict[tuple[str, str], list[int]]:
    counts: dict[tuple[str, str], list[int]] = {}
    for system, key, answer, number in rows:
        counts.setdefault((system, key), [0] * len(ANSWERS))[answer] += number
    return counts


def _columns(tier: str, used: set[str]) -> tuple[tuple[str, str], ...]:
    if tier:
        return tuple((slug, VERBS[slug].label) for slug in VERBS if slug in used)
    return tuple((each.value, each.value.capitalize()) for each in Tier)


def _heat(key: str, found: tuple[int, int, int] | list[int], most: int) -> Heat:
    allowed, review, never = found
    may = allowed + review
    return Heat(key, allowed, review, never, ceil(STEPS * may / most) if may else 0)


def _name(system: str, names: dict[str, str]) -> str:
    return names.get(system) or system_label(system)
