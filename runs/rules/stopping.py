"""Stop rules that fire on what happened, not on what is asked.

A hit holds the run when the rule's effect is hold; the other effects come into force when
the run next asks, because the ruling reads the same facts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from registry.rules.rulebook import Effect, StopKind, StopRule
from runs.rules.events import Event, in_order
from runs.rules.values import decimal_of

FAILURES_DEFAULT = 1


@dataclass(frozen=True)
class Hit:
    """A stop rule that fired on an event."""

    rule_key: str
    sentence: str
    event_id: object


def failures_open(calls: Iterable[tuple[str | None, str | None]]) -> int:
    """Count the tool failures that no later success of the same tool has made good."""
    failures: dict[str, int] = {}
    for tool, status in calls:
        name = tool or ""
        failures[name] = failures.get(name, 0) + 1 if status == "error" else 0
    return sum(failures.values())


def hits(
    *, rules: Sequence[StopRule], events: Iterable[Event], failures: int
) -> tuple[Hit, ...]:
    """Say which holding rules fire on newly inserted events, each at most once.

    `failures` are the run's open tool failures with these events counted in.
    """
    holding = [rule for rule in rules if rule.effect == Effect.HOLD]
    if not holding:
        return ()
    ordered = [event for event in in_order(events) if not event.is_moment]
    found = []
    for rule in holding:
        event = next((e for e in ordered if _fires(rule, e, failures)), None)
        if event is not None:
            found.append(Hit(rule.key, rule.sentence, event.id))
    return tuple(found)


def _fires(rule: StopRule, event: Event, failures: int) -> bool:
    if rule.kind == StopKind.TOOL_FAILURE:
        is_failure = (
            event.kind == "tool.called" and event.facts.get("status") == "error"
        )
        return is_failure and failures >= _failures_allowed(rule.params)
    if rule.kind == StopKind.LOW_CONFIDENCE:
        return event.kind == "decision.made" and _is_below(event.facts, rule.params)
    if rule.kind == StopKind.SENSITIVE_TOPIC:
        return _has_word(event, rule.params.get("words") or ())
    return False


def _failures_allowed(params: Mapping[str, Any]) -> int:
    number = params.get("failures", FAILURES_DEFAULT)
    is_count = isinstance(number, int | Decimal) and not isinstance(number, bool)
    return max(1, int(number)) if is_count else FAILURES_DEFAULT


def _is_below(facts: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    limit, confidence = (
        decimal_of(params.get("below")),
        decimal_of(facts.get("confidence")),
    )
    # A decision without a confidence is not a low one; asking without one counts as 0.
    return limit is not None and confidence is not None and confidence < limit


def _has_word(event: Event, words: Iterable[object]) -> bool:
    names = {"run.started": "trigger", "decision.made": "text", "note": "text"}
    if event.kind not in names:
        return False
    text = f" {event.facts.get(names[event.kind]) or ''} ".casefold()
    return any(str(word).casefold() in text for word in words if str(word).strip())
