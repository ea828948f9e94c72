"""When votes are enough: distinct people who hold the right when the last one votes."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Tally:
    """How many votes count, of how many that are needed."""

    counted: int
    needed: int

    @property
    def is_complete(self) -> bool:
        return self.counted >= self.needed

    @property
    def missing(self) -> int:
        return max(0, self.needed - self.counted)


def tally(
    *, approved_by: Iterable[UUID], eligible: Iterable[UUID], quorum: int
) -> Tally:
    """Count each eligible approver once. A quorum below one is one."""
    counted = frozenset(approved_by) & frozenset(eligible)
    return Tally(counted=len(counted), needed=max(1, quorum))
