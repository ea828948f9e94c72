"""One look at a batch: which events are well-formed, which are not, which come twice.

The parser of one event's bytes is passed in, because strict JSON lives below this room.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from runs.rules.shapes import SYSTEM_KINDS, Rejected, ToldEvent, shape
from runs.rules.spans.span import Span

EVENTS_MAX = 1_000
WORKFLOWS_MAX = 20

type Parser = Callable[[bytes], object | Rejected]
type Reader = Callable[..., ToldEvent | Rejected]


@dataclass
class Looked:
    """What one look at a batch tells."""

    events: list[tuple[int, ToldEvent]] = field(default_factory=list)
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)
    duplicate: int = 0
    # Spans that have no run yet: they wait for a person to place them.
    quarantined: int = 0
    spans: tuple[Span, ...] = ()

    def rejected_document(self) -> list[dict[str, object]]:
        """Write the rejections as they are sent and stored."""
        return [
            {"index": index, "code": why.code, "detail": why.detail}
            for index, why in sorted(self.rejected, key=lambda entry: entry[0])
        ]


def look(
    parts: Iterable[bytes],
    *,
    parse: Parser,
    is_system_of_record: bool,
    now: datetime,
    read: Reader = shape,
) -> Looked:
    """Read every event of a batch; a wrong one is listed and costs no other."""
    looked = Looked()
    known: set[str] = set()
    workflows: set[str] = set()
    for index, raw in enumerate(parts):
        parsed = parse(raw)
        event = (
            parsed
            if isinstance(parsed, Rejected)
            else read(parsed, now=now, is_system=is_system_of_record)
        )
        if isinstance(event, ToldEvent):
            event = _allowed(event, workflows, is_system_of_record)
        if isinstance(event, Rejected):
            looked.rejected.append((index, event))
        elif event.id in known:
            looked.duplicate += 1
        else:
            known.add(event.id)
            looked.events.append((index, event))
    return looked


def _allowed(
    event: ToldEvent, workflows: set[str], is_system_of_record: bool
) -> ToldEvent | Rejected:
    if is_system_of_record and event.kind not in SYSTEM_KINDS:
        kinds = ", ".join(SYSTEM_KINDS)
        return Rejected(
            "kind.not_yours", f"A system of record tells {kinds}, nothing else."
        )
    if event.workflow not in workflows and len(workflows) >= WORKFLOWS_MAX:
        return Rejected(
            "workflow.too_many",
            f"One batch speaks of at most {WORKFLOWS_MAX} workflows.",
        )
    workflows.add(event.workflow)
    return event
