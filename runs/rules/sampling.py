"""Which runs of a week are read: all that must be seen, and a draw nobody can choose.

A run is drawn when HMAC-SHA256(secret of the week, "workflow|run") as a share of 2^256
is below its probability. The probability is recorded with the run and the secret is
shown when the week is signed, so anybody can draw the same sample again.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from hashlib import sha256

MUST_SEE_MAX = 50
DRAWN_TARGET = 30
DRAWN_FLOOR = 5
ANSWERED_ENOUGH = 5
WHOLE = Decimal(1)
_PLACES = Decimal("0.00000001")
_SCALE = 10**8


class Layer(StrEnum):
    """The layers of a week's runs, the most telling first."""

    MUST_SEE = "must_see"
    MONEY = "money"
    APPROVED = "approved"
    REST = "rest"


LABELS = {
    Layer.MUST_SEE: "Must be seen",
    Layer.MONEY: "Acted with money",
    Layer.APPROVED: "Approved by a person",
    Layer.REST: "Everything else",
}
# How much more often a layer is drawn than its size alone would say.
WEIGHTS = {
    Layer.MONEY: Decimal(2),
    Layer.APPROVED: Decimal("1.5"),
    Layer.REST: Decimal(1),
}


@dataclass(frozen=True)
class Candidate:
    """What the draw knows of a run."""

    run: str
    was_held: bool = False
    unauthorised: int = 0
    has_failed: bool = False
    answered: int = 7
    is_overridden: bool = False
    is_flagged: bool = False
    moved_money: bool = False
    is_approved: bool = False


@dataclass(frozen=True)
class Drawn:
    """A run that is to be read: its layer, its probability and, in words, why."""

    run: str
    layer: Layer
    probability: Decimal
    why: str


@dataclass(frozen=True)
class Draw:
    """A week's sample, with the size and the probability of every layer."""

    drawn: tuple[Drawn, ...]
    sizes: Mapping[Layer, int]
    probabilities: Mapping[Layer, Decimal]


def must_see(candidate: Candidate) -> str:
    """Say why a run must be read; empty when it need not be."""
    reasons = (
        (candidate.unauthorised > 0, "a change without a grant"),
        (candidate.was_held, "put on hold"),
        (candidate.has_failed, "failed"),
        (candidate.is_overridden, "a person rejected or edited what it asked"),
        (candidate.is_flagged, "flagged"),
        (
            candidate.answered < ANSWERED_ENOUGH,
            f"only {candidate.answered} of 7 questions answered",
        ),
    )
    return ", ".join(words for holds, words in reasons if holds)


def layer_of(candidate: Candidate) -> Layer:
    """Say which layer a run belongs to; the first that fits."""
    if must_see(candidate):
        return Layer.MUST_SEE
    if candidate.moved_money:
        return Layer.MONEY
    return Layer.APPROVED if candidate.is_approved else Layer.REST


def probabilities_for(sizes: Mapping[Layer, int]) -> dict[Layer, Decimal]:
    """Give each layer's probability.

    What must be seen is read whole, up to its limit. The rest shares the target by
    size and weight, with a floor, so that a small layer is read whole.
    """
    known = {layer: sizes.get(layer, 0) for layer in Layer}
    weighted = {layer: known[layer] * WEIGHTS[layer] for layer in WEIGHTS}
    total = sum(weighted.values())
    found = {Layer.MUST_SEE: _share(MUST_SEE_MAX, known[Layer.MUST_SEE])}
    for layer, weight in weighted.items():
        part = Decimal(DRAWN_TARGET) * weight / total if total else Decimal(0)
        found[layer] = _share(max(Decimal(DRAWN_FLOOR), part), known[layer])
    return found


def is_drawn(*, secret: bytes, workflow: str, run: str, probability: Decimal) -> bool:
    """Say whether the key of the week draws this run. Exact: no floating point."""
    mac = hmac.new(secret, f"{workflow}|{run}".encode(), sha256).digest()
    return int.from_bytes(mac, "big") * _SCALE < int(probability * _SCALE) << 256


def draw(*, secret: bytes, workflow: str, candidates: Iterable[Candidate]) -> Draw:
    """Draw a week's sample: what must be seen first, then by run."""
    found = sorted(candidates, key=lambda candidate: candidate.run)
    layers = {candidate.run: layer_of(candidate) for candidate in found}
    sizes = dict.fromkeys(Layer, 0)
    for layer in layers.values():
        sizes[layer] += 1
    probabilities = probabilities_for(sizes)
    drawn = [
        Drawn(candidate.run, layer, probabilities[layer], must_see(candidate))
        for candidate in found
        if is_drawn(
            secret=secret,
            workflow=workflow,
            run=candidate.run,
            probability=probabilities[layer := layers[candidate.run]],
        )
    ]
    order = list(Layer)
    drawn.sort(key=lambda one: (order.index(one.layer), one.run))
    return Draw(tuple(drawn), sizes, probabilities)


def share_out(count: int, loads: Mapping[str, int]) -> tuple[str | None, ...]:
    """Give each of so many runs to whoever has least to read; None without anybody."""
    if not loads:
        return (None,) * count
    carried = dict(loads)
    given = []
    for _ in range(count):
        least = min(carried, key=lambda who: (carried[who], who))
        carried[least] += 1
        given.append(least)
    return tuple(given)


def _share(wanted: Decimal | int, size: int) -> Decimal:
    if size <= 0 or wanted >= size:
        return WHOLE
    # Rounded up, so that the probability recorded is never below what was meant.
    return (Decimal(wanted) / size).quantize(_PLACES, rounding=ROUND_CEILING)
