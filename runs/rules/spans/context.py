"""What the other spans of one export know about a span. Nothing here is ever needed.

Children come before their parents and often in another batch, so every span is told
without these; where they are at hand, nothing is told twice and less is missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runs.rules.spans.aliases import Part
from runs.rules.spans.messages import input_messages, output_messages
from runs.rules.spans.reading import part_of
from runs.rules.spans.span import Span

STEPS_UP_MAX = 64

type Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Context:
    """What is known around one span: what it lies in, and what a root may borrow."""

    inside: Part | None = None
    is_leaf: bool = True
    lent_input: Span | None = None
    lent_output: Span | None = None


ALONE = Context()


def contexts_of(spans: Sequence[Span]) -> dict[Name, Context]:
    """Look at the spans of one export together."""
    by_name = {(span.trace_id, span.span_id): span for span in spans}
    parts = {name: part_of(span) for name, span in by_name.items()}
    wrappers = _wrappers(by_name, parts)
    lent = _lent(spans, parts)
    found = {}
    for name, span in by_name.items():
        asked, answered = lent.get(span.trace_id, (None, None))
        found[name] = Context(
            inside=_inside(span, by_name, parts),
            is_leaf=name not in wrappers,
            lent_input=asked if span.is_root else None,
            lent_output=answered if span.is_root and _covers(span, answered) else None,
        )
    return found


def _covers(root: Span, inner: Span | None) -> bool:
    """Say whether a span lies within a root's time: one trace may have several roots."""
    if inner is None or root.ended_at is None:
        return False
    return root.started_at <= inner.started_at <= root.ended_at


def _ancestors(span: Span, by_name: Mapping[Name, Span]) -> Iterable[Name]:
    at: Span | None = span
    for _ in range(STEPS_UP_MAX):
        if at is None or at.parent_id is None:
            return
        name = (at.trace_id, at.parent_id)
        at = by_name.get(name)
        if at is not None:
            yield name


def _inside(
    span: Span, by_name: Mapping[Name, Span], parts: Mapping[Name, Part | None]
) -> Part | None:
    """Say what the nearest step that means something is, among those around it."""
    for name in _ancestors(span, by_name):
        part = parts[name]
        if part is not None and part is not Part.PLUMBING:
            return part
    return None


def _wrappers(
    by_name: Mapping[Name, Span], parts: Mapping[Name, Part | None]
) -> set[Name]:
    """Give the model spans that have a model span inside: their tokens are counted there."""
    found: set[Name] = set()
    for name, span in by_name.items():
        if parts[name] is not Part.MODEL:
            continue
        for above in _ancestors(span, by_name):
            if parts[above] is Part.TOOL:
                break
            if parts[above] is Part.MODEL:
                found.add(above)
    return found


def _lent(
    spans: Sequence[Span], parts: Mapping[Name, Part | None]
) -> dict[str, tuple[Span | None, Span | None]]:
    """Find the first span of each trace that was asked something, and the last answer."""
    found: dict[str, tuple[Span | None, Span | None]] = {}
    for span in sorted(spans, key=lambda each: each.started_at):
        part = parts[span.trace_id, span.span_id]
        if part not in (Part.AGENT, Part.MODEL):
            continue
        asked, answered = found.get(span.trace_id, (None, None))
        if asked is None and any(m.role == "user" for m in input_messages(span)):
            asked = span
        if part is Part.MODEL and _answers(span):
            answered = span
        found[span.trace_id] = (asked, answered)
    return found


def _answers(span: Span) -> bool:
    said = output_messages(span)
    return bool(said) and bool(said[-1].text) and not said[-1].calls
