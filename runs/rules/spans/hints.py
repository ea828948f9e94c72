"""What a span says about where it belongs."""

from collections.abc import Iterator, Mapping
from typing import Any

from runs.rules.spans.aliases import KEYS
from runs.rules.spans.reading import metadata
from runs.rules.spans.span import Hints, Span

NAME_MAX = 128
MINTED_MAX = 20


def hints_of(span: Span) -> Hints:
    """Read the hints of a span: its own attributes first, then its resource's."""
    places = (span.attributes, metadata(span), span.resource)
    return Hints(
        workflow=_first(places, "workflow"),
        run=_first(places, "run"),
        conversation=_first(places, "conversation"),
        minted=tuple(dict.fromkeys(_all(places[:2], "minted")))[:MINTED_MAX],
        workflow_names=tuple(dict.fromkeys(_all(places, "workflow_name"))),
    )


def _first(places: tuple[Mapping[str, Any], ...], meaning: str) -> str:
    return next(_all(places, meaning), "")


def _all(places: tuple[Mapping[str, Any], ...], meaning: str) -> Iterator[str]:
    for place in places:
        for key in KEYS[meaning]:
            value = place.get(key)
            text = str(value).strip() if isinstance(value, str | int) else ""
            if text and len(text) <= NAME_MAX and not isinstance(value, bool):
                yield text
