"""What was changed in a run, by which way it is known, and whether a grant covered it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runs.rules import folding

_BESIDE = ("unmatched", "confirmed", "explained")


@dataclass(frozen=True)
class Acts:
    """Actions through the gateway, and those that agents or systems told of without one."""

    gateway: int
    failed: int
    succeeded: int
    unknown: int
    told: int
    reported: int
    unauthorised: int

    @property
    def beside(self) -> int:
        """Count what did not come through the gateway: two reports of it are one act."""
        return max(self.told, self.reported)


def acts_of(state: Mapping[str, Any]) -> Acts:
    """Count the acts that the events of a run add up to. What failed changed nothing."""
    redeemed = 0
    ends: dict[str, int] = {}
    for ask in state.get("asks", {}).values():
        used = len(ask.get("redeemed", {}))
        redeemed += used
        if used and "outcome" in ask:
            end = str(ask["outcome"][1])
            ends[end] = ends.get(end, 0) + used
    failed = ends.get("failed", 0)
    verdicts = state.get("verdicts", {}).values()
    return Acts(
        gateway=redeemed - failed,
        failed=failed,
        succeeded=ends.get("succeeded", 0),
        unknown=ends.get("unknown", 0),
        told=folding.told_without_grant(state),
        reported=sum(verdict in _BESIDE for _, verdict, _ in verdicts),
        unauthorised=folding.unauthorised(state),
    )
