"""The narrative of a run: events in order become sentences a business owner can read.

A wait for a person is a line, a gap says what kind it is, and steps at the same time say
so; the teller words the rest. A long run is told in parts, each against what the rest of
the run holds, so that no line reads otherwise for where a page was cut.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from runs.rules import undone, waits
from runs.rules.clocks import clamped
from runs.rules.events import Event, in_order
from runs.rules.folding import State, fold, redeemed_grants
from runs.rules.lines import Line, Telling
from runs.rules.teller import Around, Teller
from runs.rules.together import mark_together


@dataclass(frozen=True)
class Part:
    """Some events of a run in a row, with the neighbours that their lines turn on.

    `before` and `after` are neighbours and what shares a grant, a request or a proposal
    with the part. `quiet` is when nothing was recorded at all. `ends` are what the loose
    ends of the whole run are found in, given with the last part. `deep` events from its
    start the part before does not look any more.
    """

    events: Sequence[Event]
    before: Sequence[Event] = ()
    after: Sequence[Event] = ()
    following: Event | None = None
    quiet: Sequence[tuple[datetime, datetime]] = ()
    ends: Sequence[Event] | None = None
    deep: int = 0


def tell(events: Iterable[Event], *, now: datetime | None = None) -> Telling:
    """Tell a whole run. `now` ends the waits that are still open."""
    ordered = in_order(clamped(events))
    teller = Teller(around_of(ordered))
    for event in ordered:
        teller.hear(event)
    lines = teller.lines + waits.wait_lines(ordered, now=now)
    lines += waits.gap_lines(ordered)
    lines += waits.loose_ends(ordered, now=now)
    lines.sort(key=lambda line: line.sort_key)
    mark_together(lines)
    return Telling(tuple(lines), tuple(teller.technical))


def tell_part(part: Part, *, around: Around, now: datetime | None) -> Telling:
    """Tell one part of a run: the lines that begin in it, whatever joins them later.

    An event that joins a line of an earlier part is told there, unless it lies deeper in
    this part than the earlier one looks ahead: then the line is told again here.
    """
    known = in_order(clamped([*part.before, *part.events, *part.after]))
    shown = {event.id: event for event in known}
    teller = Teller(replace(around, verdicts=_verdicts(known)))
    for stretch in (part.before, part.events, part.after):
        teller.break_off()
        for event in in_order(shown[event.id] for event in stretch):
            teller.hear(event)
    here = {event.id for event in part.events}
    deep = {e.id for e in part.events[part.deep :] if e.kind == "tool.called"}
    lines = [line for line in teller.lines if _is_told_here(line, here, deep)]
    joined = [line for line in teller.lines if not here.isdisjoint(line.event_ids)]
    changed = [line for line in joined if line.event_ids[0] not in here]
    begun = {f"wait-{event.id}" for event in part.events}
    for wait in waits.wait_lines(known, now=now):
        (lines if wait.about in begun else changed).append(wait)
    row = [*part.events, *([part.following] if part.following else ())]
    lines += waits.gap_lines(row, known=known, quiet=list(part.quiet))
    if part.ends is not None and part.events:
        last = part.events[-1]
        lines += waits.loose_ends(in_order(part.ends), now=now, last=last)
    lines.sort(key=lambda line: line.sort_key)
    mark_together(lines)
    steps = [step for step in teller.technical if step.event_id in here]
    return Telling(tuple(lines), tuple(steps), tuple(changed))


def _is_told_here(line: Line, here: set, deep: set) -> bool:
    return line.event_ids[0] in here or not deep.isdisjoint(line.event_ids)


def around_of(ordered: Sequence[Event]) -> Around:
    """Read what lines turn on out of all events of a run."""
    redeemed = (
        str(e.facts.get("grant"))
        for e in ordered
        if e.is_moment and e.kind == "redeemed"
    )
    state = fold({}, ordered)
    return Around(
        redeemed=frozenset(redeemed),
        leave=_redeemed_by_verb(ordered),
        tells_reads=any(event.kind == "data.read" for event in ordered),
        ending=_ending(state),
        undone=tuple(undone.words(state)),
        verdicts=_verdicts(ordered),
    )


def around_in(state: State, used: Mapping[str, int]) -> Around:
    """Read the same out of what the run folds to; `used` are the writes told before."""
    leave: dict[str, int] = {}
    for ask in state.get("asks", {}).values():
        if "asked" in ask:
            key = f"{ask['asked'][2]}|{ask['asked'][3]}"
            leave[key] = leave.get(key, 0) + len(ask.get("redeemed", {}))
    return Around(
        redeemed=frozenset(redeemed_grants(state)),
        leave={key: max(0, left - used.get(key, 0)) for key, left in leave.items()},
        tells_reads=state.get("reads", 0) > 0,
        ending=_ending(state),
        undone=tuple(undone.words(state)),
    )


def _verdicts(ordered: Sequence[Event]) -> dict[str, Mapping[str, Any]]:
    return {
        str(event.facts.get("event")): event.facts
        for event in ordered
        if event.is_moment and event.kind == "reconciled"
    }


def _ending(state: State) -> str:
    return str(state["finished"][0]) if "finished" in state else ""


def anchors(telling: Telling) -> dict[str, str]:
    """Say where each of the seven answers is shown: the question's first line."""
    found: dict[str, str] = {}
    for line in telling.lines:
        if line.question and line.anchor:
            found.setdefault(line.question, line.anchor)
    if "looked_at" in found:
        # Where every tool only read, the reads show them.
        found.setdefault("tools", found["looked_at"])
    return found


def _redeemed_by_verb(ordered: Sequence[Event]) -> dict[str, int]:
    verbs: dict[str, str] = {}
    leave: dict[str, int] = {}
    for event in ordered:
        facts: Mapping[str, Any] = event.facts
        key = f"{facts.get('verb')}|{facts.get('system')}"
        ask = str(facts.get("action_request"))
        if event.is_moment and event.kind == "asked":
            verbs[ask] = key
        elif event.is_moment and event.kind == "redeemed":
            key = verbs.get(ask, key)
            leave[key] = leave.get(key, 0) + 1
    return leave
