"""Two runs side by side: their steps aligned by what they were for, and what differs.

Steps are the same when they intend the same: the same tool, the same verb asked for.
What they said or how it ended may differ, and then says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from runs.rules.answering import Answer
from runs.rules.lines import Line, LineKind
from runs.rules.story import Figure

LINES_MAX = 200
_NUMBER = re.compile(r"\d[\d.,:]*")
_WAITING = (LineKind.WAIT, LineKind.SYSTEM, LineKind.GAP)
# However often it was tried and however it ended, it was the same step.
_STEPS = ("Used", "Failed", "Asked to")


@dataclass(frozen=True)
class Pair:
    """One step of both runs, or of one of them. `differs` says how the two are unlike."""

    one: Line | None
    other: Line | None
    differs: bool

    @property
    def only(self) -> str:
        """Say which run did this alone: "one", "other", or neither."""
        if self.one is None:
            return "other"
        return "one" if self.other is None else ""


@dataclass(frozen=True)
class Difference:
    """One answer or figure of both runs."""

    key: str
    label: str
    one: str
    other: str

    @property
    def differs(self) -> bool:
        return self.one != self.other


def aligned(one: Sequence[Line], other: Sequence[Line]) -> tuple[Pair, ...]:
    """Align the lines of two runs by intent, in both their orders."""
    one, other = list(one)[:LINES_MAX], list(other)[:LINES_MAX]
    keys = [intent_of(line) for line in one], [intent_of(line) for line in other]
    matcher = SequenceMatcher(None, *keys, autojunk=False)
    pairs: list[Pair] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            for left, right in zip(one[a:b], other[c:d], strict=True):
                pairs.append(Pair(left, right, _differ(left, right)))
            continue
        pairs += [Pair(line, None, differs=True) for line in one[a:b]]
        pairs += [Pair(None, line, differs=True) for line in other[c:d]]
    return tuple(pairs)


def intent_of(line: Line) -> str:
    """Name what a line was for, without what is of this run alone."""
    if line.kind in _WAITING:
        return f"{line.kind}:{line.text.rpartition(' for ')[2] if ' for ' in line.text else ''}"
    if line.question == "tools":
        return f"tool:{line.text.partition(':')[0].partition(';')[0]}"
    if line.verb in _STEPS and line.question == "decided":
        return f"ask:{_NUMBER.sub('', line.text).partition(' for ')[0].strip()}"
    return f"{line.kind}:{line.verb}"


def answers_side_by_side(
    one: Sequence[Answer], other: Sequence[Answer]
) -> tuple[Difference, ...]:
    """Put the seven answers of two runs side by side."""
    return tuple(
        Difference(a.key, a.question, a.line, b.line)
        for a, b in zip(one, other, strict=True)
    )


def figures_side_by_side(
    one: Sequence[Figure], other: Sequence[Figure]
) -> tuple[Difference, ...]:
    """Put the five numbers of two runs side by side."""
    return tuple(
        Difference(a.key, _name_of(a, b), a.value, b.value)
        for a, b in zip(one, other, strict=True)
    )


def _name_of(one: Figure, other: Figure) -> str:
    label = one.label if one.label == other.label else f"{one.label} / {other.label}"
    return label[:1].upper() + label[1:]


def _differ(one: Line, other: Line) -> bool:
    # Numbers of orders and moments differ in any two runs; words and endings matter.
    same = (one.verb, one.tone) == (other.verb, other.tone)
    return not same or _NUMBER.sub("#", one.text) != _NUMBER.sub("#", other.text)
