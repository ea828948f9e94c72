"""How much a run's actions could do: its weight against the other runs of its layer.

Verb risk x amount band x novelty x (1 - confidence), all in whole numbers, so that two
machines weigh alike. Weights decide only how often a run is drawn; every estimate divides
by the chance again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from registry.rules.verbs import VERBS, Tier
from runs.rules.must_see import TELLING_VERBS, Facts, verb_of
from runs.rules.values import decimal_of

PLAIN = 1
# Of a known pair of verb and system: new, rare (below one action in a hundred), usual.
NEW, RARE, USUAL = 4, 3, 2
_RARE_SHARE = 100
_LARGE, _MIDDLE, _SMALL = 4, 3, 2
_UNSURE_DEFAULT = 50
_UNSURE_LEAST = 25
PAIRS_MAX = 200


@dataclass(frozen=True, slots=True)
class Action:
    """What weighs of a run before the week is known: its actions, how unsure it was."""

    verb_risk: int
    pairs: tuple[str, ...]
    unsure: int


def action_of(facts: Facts) -> Action:
    """Read what weighs out of a run."""
    pairs = []
    risk = PLAIN
    for ask in facts.asks:
        if "asked" not in ask:
            continue
        verb = verb_of(ask)
        risk = max(risk, _verb_risk(verb))
        pairs.append(f"{verb}|{ask['asked'][3] or ''}")
    return Action(risk, tuple(sorted(set(pairs))), _unsure(facts.parts.get("decided")))


def count_pairs(actions: Iterable[Action]) -> dict[str, int]:
    """Count in how many runs each pair of verb and system was asked for, the most first."""
    counts: dict[str, int] = {}
    for action in actions:
        for pair in action.pairs:
            counts[pair] = counts.get(pair, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return dict(ordered[:PAIRS_MAX])


class Scales:
    """Weighs the runs of one week against each other and against the weeks before."""

    def __init__(
        self,
        *,
        amounts: Mapping[str, Sequence[Decimal]],
        seen: Mapping[str, int],
        seen_runs: int,
    ) -> None:
        self._bands = {key: _band_edges(values) for key, values in amounts.items()}
        self._seen, self._seen_runs = seen, seen_runs

    def weigh(self, action: Action, amount: Decimal | None, currency: str) -> int:
        """Give the weight of a run; the heaviest is 48 times the lightest."""
        band = self._band(amount, currency)
        return action.verb_risk * band * self._novelty(action.pairs) * action.unsure

    def _band(self, amount: Decimal | None, currency: str) -> int:
        edges = self._bands.get(currency)
        if amount is None or edges is None:
            return _SMALL
        middle, large = edges
        if amount > large:
            return _LARGE
        return _MIDDLE if amount > middle else _SMALL

    def _novelty(self, pairs: Iterable[str]) -> int:
        if not self._seen_runs:
            return USUAL
        return max((self._pair(pair) for pair in pairs), default=USUAL)

    def _pair(self, pair: str) -> int:
        count = self._seen.get(pair, 0)
        if count == 0:
            return NEW
        return RARE if count * _RARE_SHARE < self._seen_runs else USUAL


def _verb_risk(slug: str) -> int:
    if slug in TELLING_VERBS:
        return 3
    verb = VERBS.get(slug)
    return 2 if verb is not None and verb.tier == Tier.CHANGE else PLAIN


def _unsure(decided: object) -> int:
    """Give 1 - confidence in hundredths; half where none was told, never below a quarter."""
    told = decided[2] if isinstance(decided, list) and len(decided) > 2 else None
    confidence = decimal_of(told)
    if confidence is None or not 0 <= confidence <= 1:
        return _UNSURE_DEFAULT
    return max(_UNSURE_LEAST, int((1 - confidence) * 100))


def _band_edges(values: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """Give the median and the nine tenths of amounts that are sorted."""
    last = len(values) - 1
    return values[last // 2], values[last * 9 // 10]
