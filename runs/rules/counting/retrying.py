"""What agents tried again: attempts beyond the first, by what was meant.

Two calls mean the same when they name the same retry key, or are of the same tool with the
same arguments. Calls without arguments cannot be told apart, so only those count as tried
again that say so.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from runs.rules.events import Event


@dataclass(frozen=True)
class Tries:
    """How many things were meant, and how many attempts beyond the first."""

    intents: int
    again: int


def tries_of(events: Iterable[Event]) -> Tries:
    """Count what was meant and what was tried again, of the tool calls of a run."""
    counted: dict[str, int] = {}
    told: dict[str, int] = {}
    bare_first = bare_again = 0
    for event in events:
        if event.is_moment or event.kind != "tool.called":
            continue
        if event.facts.get("status") == "asked":
            continue
        attempt = event.facts.get("attempt")
        attempt = attempt if isinstance(attempt, int) and attempt > 1 else 1
        key = intent_of(event)
        if key:
            counted[key] = counted.get(key, 0) + 1
            told[key] = max(told.get(key, 1), attempt)
        elif attempt > 1:
            bare_again += 1
        else:
            bare_first += 1
    again = sum(max(number, told[key]) - 1 for key, number in counted.items())
    intents = len(counted) + max(bare_first, 1 if bare_again else 0)
    return Tries(intents, again + bare_again)


def intent_of(event: Event) -> str:
    """Give what a call meant; "" when neither a key nor arguments were told."""
    declared = event.facts.get("retry_key")
    if isinstance(declared, str) and declared:
        return f"key|{declared}"
    if "args" not in event.facts:
        return ""
    canonical = json.dumps(
        event.facts["args"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{event.facts.get('tool')}|{digest}"
