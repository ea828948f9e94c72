"""The authority matrix as pages draw it: systems down, verbs across, each cell decided.

A cell shows what holds in the end: a stricter level above replaces the cell's own answer
or limit and says that it decided (`registry.rules.deciding`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from registry.models import System
from registry.rules.amounts import amount_text
from registry.rules.answers import Authority, Money
from registry.rules.deciding import WORKFLOW, Decided, Voice, decide, voices_over
from registry.rules.rulebook import Allowance, Ceiling, Rulebook
from registry.rules.sentences import allowance_sentence, system_label
from registry.rules.verbs import VERBS, Tier, Verb

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
    """One cell: `answer` holds in the end, `own` is what the page itself says.

    `copy` is the page's own words for a spreadsheet.
    """

    system: str
    verb: str
    answer: str | None
    own: str | None
    limit: str
    above: str
    sentence: str
    copy: str = ""


@dataclass(frozen=True)
class MatrixRow:
    system: str
    label: str
    is_approved: bool
    cells: Mapping[str, Cell]
    is_known: bool = True


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
    data: frozenset[str] = frozenset()


def data_of(systems: Mapping[str, SystemName]) -> dict[str, frozenset[str]]:
    """Give what each system holds, as the rulebook reads it."""
    return {slug: each.data for slug, each in systems.items() if each.data}


def systems_known() -> dict[str, SystemName]:
    """Give the catalogue of systems by slug. One query."""
    rows = System.objects.order_by("name", "id")
    return {
        row.slug: SystemName(
            row.slug, row.name, row.is_approved, frozenset(row.data_classes)
        )
        for row in rows
    }


def grid_of(
    rulebook: Rulebook,
    *,
    ceilings: Sequence[Ceiling] = (),
    systems: Mapping[str, SystemName],
    more_systems: Iterable[str] = (),
    more_verbs: Iterable[str] = (),
    phase: int | None = None,
    retired_tools: Collection[tuple[str, str]] | None = None,
) -> Grid:
    """Draw a rulebook's matrix, with rows and columns that are still empty if asked for.

    `phase` is the one that its workflow is in, where that is known. With `retired_tools`,
    each by its system and name, a cell that the catalogue refuses is shown as refused; a
    page that is being written is drawn without.
    """
    used_verbs = {verb for _, verb in rulebook.allowances} | set(more_verbs)
    used_systems = {system for system, _ in rulebook.allowances} | set(more_systems)
    verbs = [verb for verb in VERBS.values() if verb.slug in used_verbs]
    voices = voices_over(rulebook, ceilings, data_of(systems), phase=phase)
    names = sorted(used_systems, key=lambda slug: _name(slug, systems).lower())
    refused = _out_of_catalogue(rulebook, systems, retired_tools)
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
            _row(slug, verbs, rulebook, voices, systems, refused) for slug in names
        ),
    )


def _out_of_catalogue(
    rulebook: Rulebook,
    systems: Mapping[str, SystemName],
    retired_tools: Collection[tuple[str, str]] | None,
) -> Mapping[tuple[str, str], str]:
    """Say of each cell that the catalogue refuses why it does."""
    if retired_tools is None:
        return {}
    refused = {
        (
            tool.system,
            tool.verb,
        ): f"The tool {tool.name} was retired: every request is refused."
        for tool in rulebook.tools
        if (tool.system, tool.name) in retired_tools
    }
    for system, verb in rulebook.allowances:
        if system not in systems or not systems[system].is_approved:
            # The cell says so already.
            refused[system, verb] = ""
    return refused


def cells_of(
    rulebook: Rulebook,
    pairs: Iterable[tuple[str, str]],
    *,
    ceilings: Sequence[Ceiling],
    systems: Mapping[str, SystemName],
) -> tuple[Cell, ...]:
    """Draw some cells of a rulebook's matrix and no others."""
    voices = voices_over(rulebook, ceilings, data_of(systems))
    return tuple(
        _cell(system, VERBS[verb], rulebook, voices, systems)
        for system, verb in sorted(pairs)
        if verb in VERBS
    )


def _row(
    slug: str,
    verbs: Sequence[Verb],
    rulebook: Rulebook,
    voices: Sequence[Voice],
    systems: Mapping[str, SystemName],
    refused: Mapping[tuple[str, str], str],
) -> MatrixRow:
    return MatrixRow(
        system=slug,
        label=_name(slug, systems),
        is_approved=slug in systems and systems[slug].is_approved,
        cells={
            verb.slug: _as_refused(
                _cell(slug, verb, rulebook, voices, systems), refused
            )
            for verb in verbs
        },
        is_known=slug in systems,
    )


def _as_refused(cell: Cell, refused: Mapping[tuple[str, str], str]) -> Cell:
    """Show a cell that the catalogue refuses as what it is in the end: never."""
    why = refused.get((cell.system, cell.verb))
    if why is None or cell.own is None:
        return cell
    return replace(
        cell,
        answer=Authority.NEVER.value,
        limit="",
        above="catalogue",
        sentence=f"{cell.sentence} {why}".strip(),
    )


def _name(slug: str, systems: Mapping[str, SystemName]) -> str:
    return systems[slug].name if slug in systems else system_label(slug)


def _cell(
    system: str,
    verb: Verb,
    rulebook: Rulebook,
    voices: Sequence[Voice],
    systems: Mapping[str, SystemName],
) -> Cell:
    name = _name(system, systems)
    allowance = rulebook.allowances.get((system, verb.slug))
    if allowance is None:
        sentence = f"May not {verb.label.lower()} in {name}: there is no row, so it is refused."
        return Cell(system, verb.slug, None, None, "", "", sentence)
    decided = decide(allowance, system, verb.slug, voices)
    sentence = allowance_sentence(
        allowance, rulebook.guardrail, currency=rulebook.currency
    )
    if decided.why:
        sentence = f"{sentence} {decided.why}"
    if system not in systems or not systems[system].is_approved:
        sentence = f"{sentence} {unapproved_sentence(name, system in systems)}"
    return Cell(
        system=system,
        verb=verb.slug,
        answer=decided.authority.value if decided.authority else None,
        own=allowance.authority.value,
        limit=_limit(allowance, decided, rulebook.currency),
        above=_above(decided),
        sentence=sentence,
        copy=copied(allowance, rulebook.currency),
    )


def unapproved_sentence(name: str, is_known: bool) -> str:
    """Say what a system outside the approved ones means for every request."""
    if is_known:
        return f"{name} is not approved: every request is refused until it is."
    return f"{name} is not in the catalogue of systems: every request is refused."


def _above(decided: Decided) -> str:
    if decided.level != WORKFLOW:
        return decided.level
    return decided.limit_level if decided.limit_level != WORKFLOW else ""


def _limit(allowance: Allowance, decided: Decided, currency: str) -> str:
    if decided.authority == Authority.NEVER:
        return ""
    is_own = decided.level == WORKFLOW
    limit = decided.limit
    if limit is None and is_own and allowance.amount_max is not None:
        limit = Money(allowance.amount_max, allowance.currency or currency)
    parts = [f"≤ {_money(limit)}"] if limit is not None else []
    if is_own and allowance.count_per_day is not None:
        parts.append(f"{allowance.count_per_day} a day")
    if is_own and allowance.quorum > 1:
        parts.append(f"{allowance.quorum} people")
    if is_own and allowance.then:
        parts.append(f"{len(allowance.then) + 1} stages")
    return " · ".join(parts)


def copied(allowance: Allowance, currency: str) -> str:
    """Write a cell as a spreadsheet carries it; `registry.rules.sheets` reads it again."""
    parts = [allowance.authority.value]
    if allowance.amount_max is not None:
        limit = Money(allowance.amount_max, allowance.currency or currency)
        # Not by thousands: a spreadsheet may take the comma for its decimal point.
        parts.append(f"≤ {_money(limit).replace(',', '')}")
    if allowance.count_per_day is not None:
        parts.append(f"{allowance.count_per_day} a day")
    if allowance.quorum > 1:
        parts.append(f"{allowance.quorum} people")
    return " ".join(parts)


def _money(limit: Money) -> str:
    return f"{limit.currency} {amount_text(limit.value).removesuffix('.00')}"
