"""Lines of a narrative as the timeline shows them: words made safe, tokens made chips."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from markupsafe import Markup

from portal.core.visible_marks import visible_marks
from runs.rules.lines import Line, LineKind, Technical
from runs.rules.redacting.tokens import KINDS, TOKEN

STEPS_SHOWN_MAX = 300
EVENTS_LINKED_MAX = 20
ANCHORS_MAX = 60
# A token stands for what was hidden before it was stored; equal values have equal ends.
_CHIP = (
    '<span class="redacted" title="Hidden before it was stored, by the redaction policy.'
    ' Equal values have the same ending.">{kind}, hidden<span class="redacted-ending"> · {ending}</span></span>'
)


@dataclass(frozen=True)
class LineShown:
    """One line as the timeline component takes it; words are made safe to show."""

    kind: str
    verb: str
    text: Markup
    time: Markup | str = ""
    mark: str = ""
    tone: str = ""
    provenance: str = ""
    by: str = ""
    detail: Markup | str = ""
    id: str = ""
    marks: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    steps: tuple[tuple[datetime, Markup], ...] = ()
    lines: tuple["LineShown", ...] = ()
    step_href: str = ""
    proposal: str = ""
    more_href: str = ""
    waited: tuple[int, int] | None = None
    whole: Markup | str = ""


def told(text: object) -> Markup:
    """Make what an agent said safe to show, and show what was hidden of it as chips."""
    safe = visible_marks(text)
    return Markup(TOKEN.sub(_chip, str(safe)))  # noqa: S704 - escaped; a token has no markup


def _chip(token: re.Match[str]) -> str:
    kind, ending = token.groups()
    return _CHIP.format(kind=KINDS.get(kind, kind), ending=ending[-4:])


def shown_lines(
    told_lines: Sequence[Line], *, run_id: UUID, first: date | None, ends: str = ""
) -> tuple[LineShown, ...]:
    """Write the lines for the timeline. `first` is the day that needs no saying.

    `ends` is the id of an event that must be reachable by its anchor.
    """
    shown: list[LineShown] = []
    for number, group in groupby(told_lines, key=lambda line: line.together):
        lines = list(group)
        if number:
            lines.sort(key=lambda line: line.span[1] if line.span else line.at)
        each = tuple(_shown(line, run_id, first, ends) for line in lines)
        shown += [_together(each)] if number else each
    return tuple(shown)


def folded_steps(
    steps: Sequence[Technical], *, more: int = 0, more_href: str = ""
) -> tuple[LineShown, ...]:
    """Write the line that says how many technical steps are hidden, if any are."""
    number = len(steps) + more
    if not number:
        return ()
    words = "1 technical step" if number == 1 else f"{number:,} technical steps"
    here = steps[:STEPS_SHOWN_MAX]
    if more_href:
        here = ()
    elif len(here) < number:
        words += f", the first {len(here)} of them here"
    line = LineShown(
        kind="folded",
        verb="",
        text=Markup("{}").format(words),
        steps=tuple((step.at, told(step.text)) for step in here),
        more_href=more_href,
    )
    return (line,)


def _together(lines: tuple[LineShown, ...]) -> LineShown:
    return LineShown(
        kind="together",
        verb="",
        text=Markup("{}").format(f"At the same time ({len(lines)})"),
        lines=lines,
    )


def _shown(line: Line, run_id: UUID, first: date | None, ends: str) -> LineShown:
    is_timed = line.kind in (LineKind.EVENT, LineKind.CONTRADICTION)
    waited = line.waited
    return LineShown(
        kind=line.kind.value,
        verb=line.verb,
        text=told(line.text),
        time=_time_link(line, first) if is_timed else "",
        mark=line.mark,
        tone=line.tone,
        provenance=line.provenance.lower() if is_timed and line.provenance else "",
        by=line.by,
        detail=told(" ".join(dict.fromkeys(line.notes))) if line.notes else "",
        id=line.anchor,
        marks=tuple(dict.fromkeys(line.marks)),
        anchors=_anchors(line, ends) if is_timed else (),
        step_href=step_href(run_id, line.event_ids) if is_timed else "",
        proposal=line.proposal,
        whole=told(line.whole) if line.whole else "",
        waited=(min(int(waited[0]), int(waited[1])), int(waited[1]))
        if waited
        else None,
    )


def step_href(run_id: UUID, event_ids: Sequence[UUID]) -> str:
    """Give the address of the record of a line: its first event, and the others with it."""
    first, *others = event_ids
    href = reverse("run_step", args=[run_id, first])
    if not others:
        return href
    named = ",".join(str(each) for each in others[:EVENTS_LINKED_MAX])
    return f"{href}?with={named}"


def _anchors(line: Line, ends: str) -> tuple[str, ...]:
    """Name the line by its further events too, so that a link to any of them arrives."""
    ids: Iterable[UUID] = line.event_ids[1:]
    names = [f"line-{each}" for each in ids][:ANCHORS_MAX]
    wanted = f"line-{ends}"
    if ends and wanted not in names and any(str(each) == ends for each in ids):
        names.append(wanted)
    return tuple(names)


def _time_link(line: Line, first: date | None) -> Markup:
    """Write the time as a link to its own line; the day too, where it is another one."""
    local = timezone.localtime(line.at)
    words = f"{local:%H:%M:%S}" if local.date() == first else f"{local:%d %b %H:%M}"
    return Markup(
        '<a href="#{0}" id="at-{0}"><time datetime="{1}" title="{2}">{3}</time></a>'
    ).format(line.anchor, line.at.isoformat(), f"{local:%d %b %Y, %H:%M:%S %Z}", words)
