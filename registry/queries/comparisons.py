"""How a version differs from what is live, as the rulebook itself labels it.

A first version widens by definition: before it, everything was refused.
"""

import json
from dataclasses import dataclass

from registry.models import OperatingModelVersion, Workflow
from registry.queries.questions import BY_KEY
from registry.rules.changes import compare, label_of
from registry.rules.document import rulebook_of
from registry.rules.measures import changed_baselines, targets_in

WIDENING, NARROWING, NEUTRAL = "widening", "narrowing", "neutral"
_WORDS = {
    "name": "name",
    "purpose": "purpose",
    "units": "name of what is counted",
    "department": "department",
    "template": "template",
}


@dataclass(frozen=True)
class ChangeLine:
    """One difference: where it is, whether it widens, its sentence; of words both texts."""

    where: str
    label: str
    text: str
    before: str = ""
    after: str = ""


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
    """Say what was reworded: it rules nothing, and a reader wants to see it."""
    lines = [
        _reworded(key, f"The {name} was changed.", old.get(key), new.get(key))
        for key, name in _WORDS.items()
        if (old.get(key) or "") != (new.get(key) or "")
    ]
    for part, name in (("answers", "answer to"), ("targets", "target")):
        before, after = old.get(part) or {}, new.get(part) or {}
        lines += [
            _reworded(
                f"{part}.{key}",
                f"The {name} “{BY_KEY[key].text if key in BY_KEY else key}” was changed.",
                _aim_words(key, before),
                _aim_words(key, after),
            )
            for key in sorted({*before, *after})
            if (before.get(key) or "") != (after.get(key) or "")
        ]
    lines += [
        _reworded(where, f"The baseline of “{label}” was changed.", was, now)
        for where, label, was, now in changed_baselines(old, new)
    ]
    return lines


def _aim_words(key: str, said: dict) -> object:
    """Give what a part says under a key; a measured target as its words."""
    if not isinstance(said.get(key), dict):
        return said.get(key)
    lines = targets_in({"targets": {key: said[key]}})
    return "; ".join(each.sentence for each in lines)


def _reworded(where: str, text: str, before: object, after: object) -> ChangeLine:
    said = ("" if value is None else str(value) for value in (before, after))
    return ChangeLine(where, NEUTRAL, text, *said)
