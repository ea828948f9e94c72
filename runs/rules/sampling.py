"""Which runs of a week are read: all that must be seen, and a draw nobody can choose.

A run is drawn when HMAC-SHA256(secret of the week, "workflow|run") as a share of 2^256
is below its probability. The probability is sealed with the population and the secret is
shown when the week is signed, so anybody can draw the same sample again.
"""

import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from itertools import zip_longest

from runs.rules.allocating import SCALE, WHOLE, Past, allocate, chances, share_of

MUST_SEE_MAX = 50
DRAWN_TARGET = 30
DOUBLED = Decimal("0.15")


class Layer(StrEnum):
    """The layers of a week's runs, the most telling first."""

    MUST_SEE = "must_see"
    MONEY = "money"
    APPROVED = "approved"
    REST = "rest"


LABELS = {
    Layer.MUST_SEE: "Must be seen",
    Layer.MONEY: "Acted by itself",
    Layer.APPROVED: "Approved by a person",
    Layer.REST: "Everything else",
}
HELP = {
    Layer.MUST_SEE: f"Something about it asks for a look: all are read, of more than {MUST_SEE_MAX} a draw.",
    Layer.MONEY: "Money, access, sending or deleting, and nobody was asked.",
    Layer.APPROVED: "A person said yes before it acted.",
    Layer.REST: "Nothing of the kind.",
}
# What was drawn by weight; everything else has the same chance as its neighbour.
WEIGHTED = (Layer.MONEY, Layer.APPROVED)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the draw knows of a run: its layer, how much it weighs, why it must be seen."""

    run: str
    layer: Layer = Layer.REST
    weight: int = 1
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chance:
    """One run of the sealed population: its layer and how likely it was to be drawn."""

    run: str
    layer: Layer
    probability: Decimal


@dataclass(frozen=True)
class Drawn:
    """A run that is to be read: its layer, its probability and, in words, why."""

    run: str
    layer: Layer
    probability: Decimal
    why: str
    is_doubled: bool = False


@dataclass(frozen=True)
class Budget:
    """How much can be read: the time of the assessors, and what one run takes."""

    assessors: int
    minutes_a_week: int
    minutes_a_run: int

    @property
    def runs(self) -> int:
        """Give how many runs fit; with nobody there yet, what one person could read."""
        return max(1, self.assessors) * self.minutes_a_week // self.minutes_a_run

    def to_draw(self, must_see: int) -> int:
        """Give how many runs to draw beside those that must be seen."""
        share = DOUBLED if self.assessors > 1 else Decimal(0)
        return max(0, min(DRAWN_TARGET, int(self.runs / (1 + share)) - must_see))


@dataclass(frozen=True)
class Draw:
    """A week's sample, and the whole population that it was drawn from."""

    drawn: tuple[Drawn, ...]
    population: tuple[Chance, ...]
    sizes: Mapping[Layer, int]
    expected: Mapping[Layer, Decimal]


def chances_for(
    candidates: Iterable[Candidate],
    *,
    budget: Budget,
    pasts: Mapping[str, Past] | None = None,
) -> Draw:
    """Give every run its chance, before anything is drawn."""
    layers: dict[Layer, list[Candidate]] = {layer: [] for layer in Layer}
    for candidate in sorted(candidates, key=lambda one: one.run):
        layers[candidate.layer].append(candidate)
    sizes = {layer: len(runs) for layer, runs in layers.items()}
    must = min(MUST_SEE_MAX, sizes[Layer.MUST_SEE])
    rest = {layer.value: sizes[layer] for layer in Layer if layer != Layer.MUST_SEE}
    expected = allocate(budget.to_draw(must), rest, pasts or {})
    found: list[Chance] = []
    for layer, runs in layers.items():
        if layer == Layer.MUST_SEE:
            given = [share_of(MUST_SEE_MAX, len(runs))] * len(runs)
        else:
            weighs = layer in WEIGHTED
            weights = [one.weight if weighs else 1 for one in runs]
            given = chances(expected[layer.value], weights)
        found.extend(
            Chance(one.run, layer, probability)
            for one, probability in zip(runs, given, strict=True)
        )
    found.sort(key=lambda one: one.run)
    wanted = {Layer.MUST_SEE: Decimal(must)} | {
        layer: expected[layer.value] for layer in Layer if layer != Layer.MUST_SEE
    }
    return Draw((), tuple(found), sizes, wanted)


def draw(
    *,
    secret: bytes,
    workflow: str,
    candidates: Iterable[Candidate],
    budget: Budget,
    pasts: Mapping[str, Past] | None = None,
) -> Draw:
    """Draw a week's sample: what must be seen first, then by run."""
    known = tuple(candidates)
    chance = chances_for(known, budget=budget, pasts=pasts)
    why = {one.run: ", ".join(one.reasons) for one in known if one.reasons}
    order = list(Layer)
    drawn = [
        Drawn(
            one.run,
            one.layer,
            one.probability,
            why.get(one.run, ""),
            is_doubled=is_doubled(secret=secret, workflow=workflow, run=one.run),
        )
        for one in selected(
            secret=secret, workflow=workflow, population=chance.population
        )
    ]
    drawn.sort(key=lambda one: (order.index(one.layer), one.run))
    return Draw(tuple(drawn), chance.population, chance.sizes, chance.expected)


def selected(
    *, secret: bytes, workflow: str, population: Iterable[Chance]
) -> list[Chance]:
    """Give what the key draws of a sealed population: all that it takes to check a week."""
    return [
        one
        for one in population
        if is_drawn(
            secret=secret,
            workflow=workflow,
            run=one.run,
            probability=one.probability,
        )
    ]


def is_drawn(*, secret: bytes, workflow: str, run: str, probability: Decimal) -> bool:
    """Say whether the key of the week draws this run. Exact: no floating point."""
    return probability >= WHOLE or _is_below(secret, f"{workflow}|{run}", probability)


def is_doubled(*, secret: bytes, workflow: str, run: str) -> bool:
    """Say whether the key of the week asks a second assessor about a run that is drawn."""
    return _is_below(secret, f"second|{workflow}|{run}", DOUBLED)


def share_among(
    without: Sequence[Collection[str | None]],
    loads: Mapping[str, int],
    rather_not: Sequence[Collection[str]] = (),
) -> tuple[str | None, ...]:
    """Give each run to whoever has least to read and is not among those left out.

    Those in `rather_not`, run by run, get it only where nobody else is able.
    """
    carried = dict(loads)
    given: list[str | None] = []
    for left_out, unwanted in zip_longest(without, rather_not, fillvalue=()):
        able = [who for who in carried if who not in left_out]
        able = [who for who in able if who not in unwanted] or able
        least = min(able, key=lambda who: (carried[who], who), default=None)
        if least is not None:
            carried[least] += 1
        given.append(least)
    return tuple(given)


def _is_below(secret: bytes, message: str, probability: Decimal) -> bool:
    mac = hmac.new(secret, message.encode(), sha256).digest()
    return int.from_bytes(mac, "big") * SCALE < int(probability * SCALE) << 256
