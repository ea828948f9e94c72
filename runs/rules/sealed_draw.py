"""The sealed population of a week as text, and whether its sample is what the key draws."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

from runs.rules.sampling import Chance, Layer, is_doubled, selected


@dataclass(frozen=True)
class Checked:
    """What came of drawing a week again."""

    population: int
    drawn: int
    is_digest_right: bool
    missing: tuple[str, ...]
    beyond: tuple[str, ...]
    differing: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        return self.is_digest_right and not (
            self.missing or self.beyond or self.differing
        )


def population_text(population: Iterable[Chance]) -> str:
    """Write a population down: one line a run, ordered by run."""
    rows = sorted(population, key=lambda one: one.run)
    return "".join(f"{one.run}\t{one.layer.value}\t{one.probability}\n" for one in rows)


def population_of(text: str) -> tuple[Chance, ...]:
    """Read a population that was written down."""
    found = []
    for line in text.splitlines():
        run, layer, probability = line.split("\t")
        found.append(Chance(run, Layer(layer), Decimal(probability)))
    return tuple(found)


def digest_of_text(text: str) -> str:
    """Give the digest that a week keeps of its population."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def check(
    *,
    secret: bytes,
    workflow: str,
    text: str,
    digest: str,
    sample: Mapping[str, tuple[object, ...]],
) -> Checked:
    """Draw a week again. `sample` holds layer, chance and doubling of each run kept."""
    population = population_of(text)
    drawn = {
        one.run: (
            one.layer.value,
            one.probability,
            is_doubled(secret=secret, workflow=workflow, run=one.run),
        )
        for one in selected(secret=secret, workflow=workflow, population=population)
    }
    return Checked(
        population=len(population),
        drawn=len(drawn),
        is_digest_right=digest_of_text(text) == digest,
        missing=tuple(sorted(drawn.keys() - sample.keys())),
        beyond=tuple(sorted(sample.keys() - drawn.keys())),
        differing=tuple(
            sorted(
                run for run in drawn.keys() & sample.keys() if drawn[run] != sample[run]
            )
        ),
    )
