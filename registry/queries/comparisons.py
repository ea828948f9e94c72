"""How a version differs from what is live, as the rulebook itself labels it.

A first version widens by definition: before it, everything was refused.
"""

import json
from dataclasses import dataclass

from registry.models import OperatingModelVersion, Workflow
from registry.queries.questions import BY_KEY
from registry.rules.changes import compare, label_of
from registry.rules.document import rulebook_of

WIDENING, NARROWING, NEUTRAL = "widening", "narrowing", "neutral"


@dataclass(frozen=True)
class ChangeLine:
    """One difference: where it is, whether it widens, and its sentence."""

    where: str
    label: str
    text: str


@dataclass(frozen=True)
class Difference:
    """All differences of one version from another; the label is the widest of them."""

    label: str
    compared_with: int | None
    changes: tuple[ChangeLine, ...]

    @property
    def is_widening(self) -> bool:
        return self.label == WIDENING


def document_of(version: OperatingModelVersion) -> dict:
    """Give what a version says: its frozen bytes, or the draft's page."""
    if version.content is not None:
        return json.loads(bytes(version.content))
    return version.document


def difference_from_live(
    *, workflow: Workflow, version: OperatingModelVersion
) -> Difference:
    """Compare a version with what is live. One query."""
    live = workflow.live_version
    if live is None:
        found = compare(None, rulebook_of(document_of(version)))
        lines = tuple(
            ChangeLine(each.where, each.label.value, each.text) for each in found
        )
        return Difference(label=WIDENING, compared_with=None, changes=lines)
    return difference_of(
        document_of(live), document_of(version), compared_with=live.number
    )


def difference_of(old: dict, new: dict, *, compared_with: int | None) -> Difference:
    """Compare two documents: what they allow, and what they say."""
    found = compare(rulebook_of(old), rulebook_of(new))
    lines = [ChangeLine(each.where, each.label.value, each.text) for each in found]
    return Difference(
        label=label_of(found).value,
        compared_with=compared_with,
        changes=(*lines, *_wording(old, new)),
    )


def _wording(old: dict, new: dict) -> list[ChangeLine]:
    before, after = old.get("answers", {}), new.get("answers", {})
    return [
        ChangeLine(
            f"answers.{question}",
            NEUTRAL,
            f"The answer to “{BY_KEY[question].text}” was rewritten.",
        )
        for question in sorted({*before, *after})
        if question in BY_KEY and before.get(question) != after.get(question)
    ]
