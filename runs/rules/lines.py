"""The lines that a run's narrative is made of. Plain data."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from runs.rules.events import Event, Provenance


class LineKind(StrEnum):
    """A wait is for a person, `system` for a system; of a gap nothing is known."""

    EVENT = "event"
    WAIT = "wait"
    SYSTEM = "system"
    GAP = "gap"
    CONTRADICTION = "contradiction"


@dataclass
class Line:
    """One line. `sort_key` is a stamp; `question` is which of the seven it answers.

    `whole` is what the text leaves out of what somebody said. `marks` are said beside the line: late, skewed. `span` is when it began and ended, and
    lines of one `together` number overlap. `waited` is seconds taken, of seconds allowed.
    """

    sort_key: str
    at: datetime
    verb: str
    text: str
    kind: LineKind = LineKind.EVENT
    mark: str = "ring"
    tone: str = ""
    provenance: Provenance | None = None
    by: str = ""
    question: str = ""
    notes: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    event_ids: list[UUID] = field(default_factory=list)
    span: tuple[datetime, datetime] | None = None
    together: int = 0
    waited: tuple[float, float] | None = None
    proposal: str = ""
    about: str = ""
    whole: str = ""

    @property
    def anchor(self) -> str:
        """Name the line for links, by its first event; a wait by what began it."""
        if self.kind == LineKind.EVENT and self.event_ids:
            return f"line-{self.event_ids[0]}"
        if self.kind == LineKind.CONTRADICTION and self.event_ids:
            return f"red-{self.event_ids[0]}"
        return self.about

    def takes(self, event: Event) -> None:
        """Count one more event into this line."""
        self.event_ids.append(event.id)


@dataclass(frozen=True)
class Technical:
    """A step that is hidden until it is asked for."""

    at: datetime
    text: str
    event_id: UUID


@dataclass(frozen=True)
class Telling:
    """The whole narrative: the lines in order, and what is hidden.

    `changed` are lines of earlier parts that something in this part adds to.
    """

    lines: tuple[Line, ...]
    technical: tuple[Technical, ...]
    changed: tuple[Line, ...] = ()

    def event_ids(self) -> set[UUID]:
        """Give every event that is told somewhere; none is lost."""
        shown = {event_id for line in self.lines for event_id in line.event_ids}
        return shown | {step.event_id for step in self.technical}
