"""What a batch carried, counted once when it is folded, so that a page need not read bytes.

Traits are plain JSON and add up: those of many batches are the sums of each.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from runs.rules.shapes import ToldEvent
from runs.rules.spans.hints import hints_of
from runs.rules.spans.span import Span

LIBRARIES_MAX = 8
NAME_MAX = 80
# The way of writing attributes, by what only it writes. The first that fits is it.
_CONVENTIONS = (
    ("openinference", ("openinference.",)),
    ("openllmetry", ("traceloop.",)),
    ("pydantic_ai", ("pydantic_ai.", "logfire.")),
    ("genai", ("gen_ai.",)),
)

type Traits = dict[str, Any]


def of_events(told: Iterable[ToldEvent]) -> Traits:
    """Count what events carry that the seven answers rest on."""
    traits: Traits = {}
    for event in told:
        _add(traits, "events")
        _add(traits, f"kind.{event.kind}")
        facts = event.facts
        if event.kind == "tool.called":
            _add(traits, "tool_args", "args" in facts)
            has_ended = "result" in facts or facts.get("status") == "error"
            _add(traits, "tool_results", has_ended)
        if event.kind == "model.called":
            _add(traits, "model_tokens", "input_tokens" in facts)
        if event.kind == "run.started":
            _add(traits, "triggers", bool(facts.get("trigger")))
    return traits


def of_spans(spans: Iterable[Span]) -> Traits:
    """Count what spans carry: which convention, by which library, with which threads."""
    traits: Traits = {}
    traces: dict[str, bool] = {}
    libraries: dict[str, int] = {}
    for span in spans:
        _add(traits, "spans")
        _add(traits, f"convention.{convention_of(span)}")
        name = span.scope[:NAME_MAX] or "unnamed"
        libraries[name] = libraries.get(name, 0) + 1
        known = traces.get(span.trace_id, False)
        traces[span.trace_id] = known or _names_a_thread(span)
    _add(traits, "traces", len(traces))
    _add(traits, "threads", sum(traces.values()))
    most = sorted(libraries, key=lambda name: (-libraries[name], name))[:LIBRARIES_MAX]
    if most:
        traits["libraries"] = {name: libraries[name] for name in most}
    return traits


def convention_of(span: Span) -> str:
    """Name the convention that a span's attributes follow; "plain" is none we know."""
    for name, prefixes in _CONVENTIONS:
        if any(key.startswith(prefixes) for key in span.attributes):
            return name
    return "plain"


def together(many: Iterable[Mapping[str, Any]]) -> Traits:
    """Add up the traits of many batches."""
    total: Traits = {}
    libraries: dict[str, int] = {}
    for traits in many:
        for name, value in traits.items():
            if name == "libraries":
                for library, count in value.items():
                    libraries[library] = libraries.get(library, 0) + count
            else:
                _add(total, name, value)
    if libraries:
        total["libraries"] = libraries
    return total


def _names_a_thread(span: Span) -> bool:
    hints = hints_of(span)
    return bool(hints.run or hints.conversation)


def _add(traits: Traits, name: str, by: int = 1) -> None:
    if by:
        traits[name] = traits.get(name, 0) + int(by)
