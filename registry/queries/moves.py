"""What happened to a workflow's versions, by the journal: who, when and why."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.audit.queries import JournalFilter, lines_of
from registry.models import OperatingModelVersion, Workflow

LIVE_MOVES = ("workflow.version_launched", "workflow.rolled_back")
PACKET_MOVES = (
    "workflow.version_submitted",
    "workflow.version_withdrawn",
    "workflow.evidence_attached",
    "workflow.packet_changed",
    *LIVE_MOVES,
)
VERSION_MOVES = (
    *PACKET_MOVES,
    "workflow.packet_signed",
    "workflow.signature_withdrawn",
)
MOVES_SHOWN_MAX = 60


@dataclass(frozen=True)
class Move:
    """One thing that happened, as the journal says it."""

    name: str
    said: str
    who: str
    at: datetime | None

    @property
    def sentence(self) -> str:
        """Give it to put behind another sentence; empty where nothing is known."""
        return f" {self.said}" if self.said else ""

    @property
    def who_and_when(self) -> dict[str, Any]:
        return {"who": self.who, "at": self.at} if self.at else {}


NO_MOVE = Move("", "", "", None)


def last_move(*, workflow_id: UUID, names: tuple[str, ...], now: datetime) -> Move:
    """Give the newest of these happenings. One query."""
    moves = moves_of(workflow_id=workflow_id, names=names, now=now, size=1)
    return moves[0] if moves else NO_MOVE


def moves_of(
    *,
    workflow_id: UUID,
    names: tuple[str, ...] = VERSION_MOVES,
    now: datetime,
    size: int = MOVES_SHOWN_MAX,
) -> tuple[Move, ...]:
    """Give what happened to the versions, newest first. One query.

    For readers of the workflow: whoever calls it has seen to that.
    """
    wanted = JournalFilter(workflow_id=workflow_id, names=names)
    page = lines_of(within=None, wanted=wanted, now=now, cursor=None, size=size)
    return tuple(
        Move(line.name, line.sentence, line.actor_name, line.at) for line in page.items
    )


def is_compared_with_live(workflow: Workflow, version: OperatingModelVersion) -> bool:
    """Return whether the difference that a packet states is from what is live now."""
    live = workflow.live_version
    content = json.loads(bytes(version.packet.content))
    return content["compared_with"] == (live.number if live else None)
