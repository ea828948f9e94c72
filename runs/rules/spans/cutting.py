"""Long values cut to what a page can show, after anything that must read them whole."""

from collections.abc import Mapping
from typing import Any

from runs.rules.spans.bounds import at_most, clean

TEXT_MAX = 4_000
PAYLOAD_MAX = 16_384
ATTRIBUTE_MAX = 1_000
ATTRIBUTES_MAX = 8_000
_PAYLOADS = frozenset({"args", "result", "asks", "before", "after"})


def cut(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Cut the facts of one event that a span told; what is cut is said in its place."""
    found: dict[str, Any] = {}
    for name, value in facts.items():
        if name == "span" and isinstance(value, Mapping):
            found[name] = _cut_span(value)
        elif name in _PAYLOADS:
            found[name] = at_most(value, PAYLOAD_MAX)
        else:
            found[name] = clean(value, TEXT_MAX) if isinstance(value, str) else value
    return found


def _cut_span(span: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(span)
    attributes = found.get("attributes")
    if isinstance(attributes, Mapping):
        each = {key: at_most(value, ATTRIBUTE_MAX) for key, value in attributes.items()}
        found["attributes"] = at_most(each, ATTRIBUTES_MAX)
    if "events" in found:
        found["events"] = at_most(found["events"], ATTRIBUTES_MAX // 2)
    return found
