"""The sentence of a stop rule, written from its parameters when nobody wrote one.

It is what a person reads when the rule fires: what happened, in plain words.
"""

from collections.abc import Mapping
from typing import Any

from registry.rules.rulebook import StopKind, StopRule
from registry.rules.sentences import listed

SENTENCE_LENGTH_MAX = 300
SOURCE_SHOWN_MAX = 120


def written_sentence(rule: StopRule) -> str:
    """Say what it means when this rule fires."""
    text = _what_happened(rule)
    if len(text) > SENTENCE_LENGTH_MAX:
        text = f"{text[:SENTENCE_LENGTH_MAX].rsplit(' ', 1)[0]} …"
    return f"{text[:1].upper()}{text[1:]}."


def _what_happened(rule: StopRule) -> str:
    params = rule.params
    match rule.kind:
        case StopKind.MISSING_DATA:
            return f"{listed(tuple(map(fact_name, params.get('fields', ()))), 'or')} is missing"
        case StopKind.CONFLICTING_RECORDS:
            return _conflict(params)
        case StopKind.SENSITIVE_TOPIC:
            return listed(tuple(_topics(params)), "or")
        case StopKind.LOW_CONFIDENCE:
            return f"the agent's confidence is below {params.get('below')}"
        case StopKind.OUTSIDE_CATEGORY:
            return "the case is outside the approved categories"
        case StopKind.TOOL_FAILURE:
            return _failure(params)
        case _:
            source = " ".join(str(params.get("source", "")).split())
            if len(source) > SOURCE_SHOWN_MAX:
                source = f"{source[:SOURCE_SHOWN_MAX]}…"
            return f"it is true that {source}"


def fact_name(path: str) -> str:
    """Name a field of a request as a person says it: args.order_total is order total."""
    root, _, rest = path.partition(".")
    name = (rest or root).replace("[]", "").replace("_", " ").replace(".", " ")
    return f"{name} {root}" if root in ("before", "after") and rest else name


def _conflict(params: Mapping[str, Any]) -> str:
    signals = tuple(name.replace("_", " ") for name in params.get("signals", ()))
    said = [f"the agent signals {listed(signals, 'or')}"] if signals else []
    said += [
        f"{fact_name(left)} does not agree with {fact_name(right)}"
        for left, right in params.get("pairs", ())
    ]
    return listed(tuple(said), "or")


def _topics(params: Mapping[str, Any]) -> list[str]:
    found = []
    if params.get("topics"):
        topics = tuple(topic.replace("_", " ") for topic in params["topics"])
        found.append(f"it is about {listed(topics, 'or')}")
    if params.get("words"):
        words = tuple(f"“{word}”" for word in params["words"])
        found.append(f"somebody speaks of {listed(words, 'or')}")
    if params.get("amount_above") is not None:
        found.append(
            f"the amount is above {params.get('currency')} {params['amount_above']}"
        )
    return found


def _failure(params: Mapping[str, Any]) -> str:
    count, within = params.get("failures", 1), params.get("within_steps")
    calls = "a tool call" if count == 1 else f"{count} tool calls"
    if within is not None:
        calls = f"{'one' if count == 1 else count} of the last {within} tool calls"
    return f"{calls} failed in the middle of the work, and no later call made it good"
