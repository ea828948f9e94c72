"""What numbers make of how proposals ended: who belongs to D, and what each share counts.

D is what a person decided for good. Whoever answers in the action's stead overrides it:
nothing ran. So as-is, cosmetic edits and overrides together are all of D.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_DECIDED = frozenset({"APPROVED", "EDITED", "REJECTED", "RESPONDED"})


@dataclass(frozen=True)
class EndKind:
    """One way in which proposals ended."""

    state: str
    is_material: bool = False
    missed_due: bool = False
    was_asked: bool = False
    is_superseded: bool = False
    is_escalated: bool = False
    in_time: bool = False

    @property
    def is_decided(self) -> bool:
        """Say whether a person decided it for good: it belongs to D."""
        return self.state in _DECIDED and not self.is_superseded

    @property
    def is_overridden(self) -> bool:
        is_changed = self.state == "EDITED" and self.is_material
        return self.is_decided and (
            self.state in ("REJECTED", "RESPONDED") or is_changed
        )

    @property
    def has_run_out(self) -> bool:
        return self.state == "EXPIRED"


@dataclass(frozen=True)
class Decided:
    """What the endings of one span come to."""

    decided: int = 0
    as_is: int = 0
    edited: int = 0
    cosmetic: int = 0
    overridden: int = 0
    rejected: int = 0
    responded: int = 0
    superseded: int = 0
    expired: int = 0
    withdrawn: int = 0
    in_time: int = 0
    asked_more: int = 0
    escalated: int = 0
    escalated_in_time: int = 0
    escalated_withdrawn: int = 0
    escalated_superseded: int = 0


def decided_in(counts: Mapping[EndKind, int]) -> Decided:
    """Add up kinds of endings. Every proposal is counted in one of four: D, expired,
    withdrawn, superseded.
    """

    def count(holds) -> int:  # type: ignore[no-untyped-def]
        return sum(number for kind, number in counts.items() if holds(kind))

    decided = {kind: n for kind, n in counts.items() if kind.is_decided}

    def of_d(holds) -> int:  # type: ignore[no-untyped-def]
        return sum(number for kind, number in decided.items() if holds(kind))

    return Decided(
        decided=sum(decided.values()),
        as_is=of_d(lambda kind: kind.state == "APPROVED"),
        edited=of_d(lambda kind: kind.state == "EDITED"),
        cosmetic=of_d(lambda kind: kind.state == "EDITED" and not kind.is_material),
        overridden=of_d(lambda kind: kind.is_overridden),
        rejected=of_d(lambda kind: kind.state == "REJECTED"),
        responded=of_d(lambda kind: kind.state == "RESPONDED"),
        superseded=count(lambda kind: kind.is_superseded),
        expired=count(lambda kind: kind.has_run_out),
        withdrawn=count(lambda kind: kind.state == "WITHDRAWN"),
        in_time=of_d(lambda kind: not kind.missed_due),
        asked_more=of_d(lambda kind: kind.was_asked),
        escalated=count(
            lambda kind: kind.is_escalated and (kind.is_decided or kind.has_run_out)
        ),
        escalated_in_time=of_d(lambda kind: kind.is_escalated and kind.in_time),
        escalated_withdrawn=count(
            lambda kind: kind.is_escalated and kind.state == "WITHDRAWN"
        ),
        escalated_superseded=count(
            lambda kind: kind.is_escalated and kind.is_superseded
        ),
    )
