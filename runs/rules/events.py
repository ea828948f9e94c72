"""What the rules see of an event. Plain frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

# What an agent or a system of record may send.
TOLD_KINDS = (
    "run.started",
    "data.read",
    "tool.called",
    "model.called",
    "decision.made",
    "change.made",
    "escalated",
    "cost",
    "note",
    "run.finished",
    "outcome.confirmed",
    "handoff",
)
# What no reader of the story needs: told, kept, and hidden until asked for.
PLUMBING = ("model.called", "cost", "span")
# What the portal itself appends.
MOMENT_KINDS = (
    "asked",
    "ruled",
    "proposed",
    "decided",
    "edited",
    "granted",
    "redeemed",
    "outcome",
    "question",
    "answer",
    "escalated",
    "withdrawn",
    "expired",
    "revoked",
    "glass_broken",
    "held",
    "resumed",
    "stopped",
    "flagged",
    "merged",
    "reconciled",
)


class Provenance(StrEnum):
    """Where the truth of a line comes from."""

    ENFORCED = "ENFORCED"
    CONFIRMED = "CONFIRMED"
    REPORTED = "REPORTED"
    INFERRED = "INFERRED"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run. `source` is the name of who told it."""

    id: UUID
    kind: str
    at: datetime
    received_at: datetime
    provenance: Provenance
    source: str
    facts: Mapping[str, Any]
    is_late: bool = False
    # Who it was, by id: set for our own records, so that people are found by what they did.
    source_id: UUID | None = None

    @property
    def is_moment(self) -> bool:
        """Say whether the portal itself wrote this, so that it is a record."""
        return self.provenance is Provenance.ENFORCED


def stamp_of(event: Event) -> str:
    """Give a text that sorts as the run's one order: time, then id."""
    return f"{time_stamp(event.at)}|{event.id}"


def time_stamp(at: datetime) -> str:
    """Give a time as the first half of a stamp."""
    naive = at.astimezone(UTC).replace(tzinfo=None)
    return f"{naive.isoformat(timespec='microseconds')}Z"


def time_of(stamp: str) -> datetime:
    """Read the time back out of a stamp."""
    return datetime.fromisoformat(stamp.partition("|")[0])


def in_order(events: object) -> list[Event]:
    """Sort events in the run's one order, each once."""
    known = {event.id: event for event in events}  # type: ignore[attr-defined]
    return sorted(known.values(), key=stamp_of)
