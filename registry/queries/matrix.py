"""The authority matrix as pages draw it: systems down, verbs across, each cell decided.

A cell shows what holds in the end: a stricter ceiling from above replaces the cell's own
answer and says which level decided.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from registry.models import System
from registry.rules.amounts import amount_text
from registry.rules.answers import Authority, authority_rank
from registry.rules.limits import PHASES
from registry.rules.rulebook import Allowance, Ceiling, Rulebook
from registry.rules.sentences import allowance_sentence, system_label
from registry.rules.verbs import VERBS, Tier, Verb, tier_of

TIER_NAMES = {
    Tier.READ: "Read",
    Tier.PREPARE: "Prepare",
    Tier.STAGE: "Stage",
    Tier.CHANGE: "Change",
}


@dataclass(frozen=True)
class MatrixVerb:
    key: str
    label: str


@dataclass(frozen=True)
class MatrixTier:
    name: str
    verbs: tuple[MatrixVerb, ...]


@dataclass(frozen=True)
class Cell:
    """One cell: `answer` holds in the end, `own` is what the page itself says."""

    system: str
    verb: str
    answer: str | None
    own: str | None
    limit: str
    above: str
    sentence: str


@dataclass(frozen=True)
class MatrixRow:
    system: str
    label: str
    is_approved: bool
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Grid:
    tiers: tuple[MatrixTier, ...]
    rows: tuple[MatrixRow, ...]

    @property
    def is_empty(self) -> bool:
        return not self.rows

    @property
    def unapproved(self) -> tuple[str, ...]:
        return tuple(row.label for row in self.rows if not row.is_approved)

    def cell(self, system: str, verb: str) -> Cell | None:
        row = next((row for row in self.rows if row.system == system), None)
        return row.cells.get(verb) if row else None


@dataclass(frozen=True)
class SystemName:
    slug: str
    name: str
    is_approved: bool


def systems_known() -> dict[str, SystemName]:
    """Give the catalogue of systems by slug. One query."""
    rows = System.objects.order_by("name", "id")
    return {row.slug: SystemName(row.slug, row.name, row.is_approved) for row in rows}


def grid_of(
    rulebook: Rulebook,
    *,
    ceilings: Sequence[Ceiling] = (),
    systems: Mapping[str, SystemName],
    more_systems: Iterable[str] = (),
    more_verbs: Iterable[str] = (),
) -> Grid:
    """Draw a rulebook's matrix, with rows and columns that are still empty if asked for."""
    used_verbs = {verb for _, verb in rulebook.allowances} | set(more_verbs)
    used_systems = {system for system, _ in rulebook.allowances} | set(more_systems)
    verbs = [verb for verb in VERBS.values() if verb.slug in used_verbs]
    above = (*ceilings, *PHASES.get(rulebook.phase, ()))
    names = sorted(used_systems, key=lambda slug: _name(slug, systems).lower())
    return Grid(
        tiers=tuple(
            MatrixTier(
                name=TIER_NAMES[tier],
                verbs=tuple(
                    MatrixVerb(verb.slug, verb.label)
                    for verb in verbs
                    if verb.tier == tier
                ),
            )
            for tier in Tier
        ),
        rows=tuple(
            MatrixRow(
                system=slug,
                label=_name(slug, systems),
                is_approved=slug in systems and systems[slug].is_approved,
                cells={
                    verb.slug: _cell(slug, verb, rulebook, above, _name(slug, systems))
                    for verb in verbs
                },
            )
            for slug in names
        ),
    )


def _name(slug: str, systems: Mapping[str, SystemName]) -> str:
    return systems[slug].name if slug in systems else system_label(slug)


def _cell(
    system: str, verb: Verb, rulebook: Rulebook, above: Sequence[Ceiling], name: str
) -> Cell:
    allowance = rulebook.allowances.get((system, verb.slug))
    if allowance is None:
        sentence = f"May not {verb.label.lower()} in {name}: there is no row, so it is refused."
        return Cell(system, verb.slug, None, None, "", "", sentence)
    sentence = allowance_sentence(
        allowance, rulebook.guardrail, currency=rulebook.currency
    )
    decided = _stricter(allowance, above)
    if decided is not None:
        return Cell(
            system=system,
            verb=verb.slug,
            answer=decided.authority.value,
            own=allowance.authority.value,
            limit="",
            above=decided.level.value,
            sentence=f"{sentence} Decided at {decided.level.value} level: {decided.sentence}",
        )
    return Cell(
        system=system,
        verb=verb.slug,
        answer=allowance.authority.value,
        own=allowance.authority.value,
        limit=_limit(allowance, rulebook.currency),
        above="",
        sentence=sentence,
    )


def _stricter(allowance: Allowance, above: Sequence[Ceiling]) -> Ceiling | None:
    binding = [
        ceiling
        for ceiling in above
        if ceiling.amount_max is None
        and (not ceiling.systems or allowance.system in ceiling.systems)
        and (not ceiling.verbs or allowance.verb in ceiling.verbs)
        and (not ceiling.tiers or tier_of(allowance.verb) in ceiling.tiers)
        and authority_rank(ceiling.authority) > authority_rank(allowance.authority)
    ]
    return max(binding, key=lambda each: authority_rank(each.authority), default=None)


def _limit(allowance: Allowance, currency: str) -> str:
    if allowance.authority == Authority.NEVER:
        return ""
    parts = []
    if allowance.amount_max is not None:
        amount = amount_text(allowance.amount_max).removesuffix(".00")
        parts.append(f"≤ {allowance.currency or currency} {amount}")
    if allowance.count_per_day is not None:
        parts.append(f"{allowance.count_per_day} a day")
    if allowance.quorum > 1:
        parts.append(f"{allowance.quorum} people")
    return " · ".join(parts)
