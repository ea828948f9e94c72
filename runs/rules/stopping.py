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


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool, as a run told it."""

    id: object
    tool: str
    has_failed: bool


def open_failures(calls: Sequence[Call]) -> tuple[int, ...]:
    """Give the places of the failures that no later success of the same tool made good."""
    found: list[int] = []
    good_again: set[str] = set()
    for place in range(len(calls) - 1, -1, -1):
        call = calls[place]
        if not call.has_failed:
            good_again.add(call.tool)
        elif call.tool not in good_again:
            found.append(place)
    return tuple(reversed(found))


def failure_ages(calls: Sequence[Call]) -> tuple[int, ...]:
    """Say how many calls ago each open failure was; the newest call is 1."""
    return tuple(len(calls) - place for place in open_failures(calls))


def hits(
    *, rules: Sequence[StopRule], events: Iterable[Event], calls: Sequence[Call]
) -> tuple[Hit, ...]:
    """Say which holding rules fire on newly inserted events, each at most once.

    `calls` are the run's tool calls in their order, these events among them.
    """
    holding = [rule for rule in rules if rule.effect == Effect.HOLD]
    if not holding:
        return ()
    ordered = [event for event in in_order(events) if not event.is_moment]
    failed = {calls[place].id: place for place in open_failures(calls)}
    found = []
    for rule in holding:
        event = next((e for e in ordered if _fires(rule, e, failed)), None)
        if event is not None:
            found.append(Hit(rule.key, rule.sentence, event.id))
    return tuple(found)


def _fires(rule: StopRule, event: Event, failed: Mapping[object, int]) -> bool:
    if rule.kind == StopKind.TOOL_FAILURE:
        return _is_about(rule, event) and _has_failed_too_often(rule, event, failed)
    if rule.kind == StopKind.LOW_CONFIDENCE:
        return event.kind == "decision.made" and _is_below(event.facts, rule.params)
    if rule.kind == StopKind.SENSITIVE_TOPIC:
        return _has_word(event, rule.params.get("words") or ())
    return False


def _is_about(rule: StopRule, event: Event) -> bool:
    """Say whether a rule for some verbs is about this call; a tool nobody mapped may be any."""
    mapped = event.facts.get("mapped")
    verb = mapped.get("verb") if isinstance(mapped, Mapping) else None
    return not rule.applies_to or verb is None or verb in rule.applies_to


def _has_failed_too_often(
    rule: StopRule, event: Event, failed: Mapping[object, int]
) -> bool:
    """Say whether so many failures lie close enough together, this one among them.

    Whichever of them arrives last, and in whatever batches, the answer is the same.
    """
    if event.id not in failed:
        return False
    places, number = sorted(failed.values()), _failures_allowed(rule.params)
    within = rule.params.get("within_steps")
    at = places.index(failed[event.id])
    for first in range(max(0, at - number + 1), at + 1):
        last = first + number - 1
        if last >= len(places):
            break
        if within is None or places[last] - places[first] < within:
            return True
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
