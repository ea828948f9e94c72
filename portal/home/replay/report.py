"""What came of playing: each writing call, and the sums that a page and a test show."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

REASONS_KEPT_MAX = 5


@dataclass
class PlayedWrite:
    """One writing call: what was asked, what the rulebook and people said, what ran.

    `is_right` is filled in afterwards, from answers that nobody saw while playing.
    """

    conversation: str
    run: str
    position: int
    tool: str
    verb: str
    system: str
    args: dict[str, Any]
    action_id: str = ""
    run_id: str = ""
    digest: str = ""
    answer: str = ""
    reasons: list[dict[str, Any]] = field(default_factory=list)
    was_with_people: bool = False
    resolution: str = ""
    reason_code: str = ""
    message: str = ""
    is_executed: bool = False
    outcome: str = ""
    grant_id: str = ""
    execution_id: str = ""
    problem: str = ""
    ruling_seconds: float = 0.0
    waited_seconds: float = 0.0
    is_right: bool | None = None


@dataclass
class PlayedConversation:
    """One conversation as it went."""

    conversation: str
    run: str
    run_id: str = ""
    turns: int = 0
    events_sent: int = 0
    tool_calls: int = 0
    has_handed_over: bool = False
    problem: str = ""
    writes: list[PlayedWrite] = field(default_factory=list)


@dataclass(frozen=True)
class ReplayResult:
    """All conversations of one replay."""

    workflow: str
    source: str
    conversations: tuple[PlayedConversation, ...]
    seconds: float

    @property
    def writes(self) -> list[PlayedWrite]:
        return [write for each in self.conversations for write in each.writes]

    def document(self) -> dict[str, Any]:
        """Give the report as plain JSON: sums first, then every write."""
        return {
            "workflow": self.workflow,
            "source": self.source,
            "seconds": round(self.seconds, 2),
            "sums": sums(self.conversations),
            "conversations": [_plain(each) for each in self.conversations],
        }


def _plain(conversation: PlayedConversation) -> dict[str, Any]:
    found = asdict(conversation)
    for write in found["writes"]:
        write["ruling_seconds"] = round(write["ruling_seconds"], 4)
        write["waited_seconds"] = round(write["waited_seconds"], 2)
    return found


def sums(conversations: Iterable[PlayedConversation]) -> dict[str, Any]:
    """Add up what was asked, refused, sent to people, executed; and right against wrong."""
    played = list(conversations)
    writes = [write for each in played for write in each.writes]
    by_rulebook = [w for w in writes if w.answer == "refuse"]
    executed = [w for w in writes if w.is_executed]
    judged = [w for w in writes if w.is_right is not None]
    wrong = [w for w in judged if not w.is_right]
    right = [w for w in judged if w.is_right]
    return {
        "conversations": len(played),
        "turns": sum(each.turns for each in played),
        "tool_calls": sum(each.tool_calls for each in played),
        "events_sent": sum(each.events_sent for each in played),
        "handed_over": sum(each.has_handed_over for each in played),
        "failed_to_play": sum(bool(each.problem) for each in played),
        "asked": len(writes),
        "allowed": sum(w.answer == "allow" for w in writes),
        "refused_by_rulebook": len(by_rulebook),
        "sent_to_people": sum(w.was_with_people for w in writes),
        "escalated": sum(w.answer == "escalate" for w in writes),
        "executed": len(executed),
        "executed_without_a_person": sum(not w.was_with_people for w in executed),
        "resolutions": dict(
            sorted(Counter(w.resolution for w in writes if w.resolution).items())
        ),
        "outcomes": dict(
            sorted(Counter(w.outcome for w in writes if w.outcome).items())
        ),
        "codes": dict(_deciding(writes).most_common()),
        "judged": len(judged),
        "wrong_asked": len(wrong),
        "wrong_refused_by_rulebook": sum(w.answer == "refuse" for w in wrong),
        "wrong_rejected_by_people": sum(
            w.resolution in ("rejected", "responded") for w in wrong
        ),
        "wrong_executed": sum(w.is_executed for w in wrong),
        "wrong_executed_without_a_person": sum(
            w.is_executed and not w.was_with_people for w in wrong
        ),
        "right_asked": len(right),
        "right_refused_by_rulebook": sum(w.answer == "refuse" for w in right),
        "right_executed": sum(w.is_executed for w in right),
    }


def _deciding(writes: list[PlayedWrite]) -> Counter[str]:
    """Count by the first reason, which is the one that decided."""
    found: Counter[str] = Counter()
    for write in writes:
        if write.reasons:
            first = write.reasons[0]
            rule = f" ({first['rule']})" if first.get("rule") else ""
            found[f"{first['code']}{rule}"] += 1
    return found
