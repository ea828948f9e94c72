"""Hears the events of a run in their order and makes the lines of its narrative.

Attempts of one intent are one line, reads in a row are one line, and what contradicts our
records is a red line. Technical steps are kept apart. No event is lost.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runs.rules import change_words, wording
from runs.rules.clocks import SAID, moved_words
from runs.rules.events import PLUMBING, Event, Provenance, stamp_of
from runs.rules.folding import STANDING
from runs.rules.lines import Line, LineKind, Technical
from runs.rules.phrases import count, listed, rough, times
from runs.rules.together import interval_of, overlap
from runs.rules.values import short

CLOCK_AHEAD_SECONDS = 5
LATE_SECONDS = 300
READS_NAMED_MAX = 6
_TECHNICAL = (*PLUMBING, "granted", "redeemed")


@dataclass(frozen=True)
class Around:
    """What a run holds beyond the events that are told, as far as a line turns on it.

    `leave` counts the grants redeemed and not yet used, by "verb|system"; `ending` is the
    stamp of what ended the run, for a trace that only paused ends too. `verdicts` are what
    was made of changes that systems told, by the change's event.
    """

    redeemed: frozenset[str]
    leave: Mapping[str, int]
    tells_reads: bool
    ending: str = ""
    verdicts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    undone: tuple[str, ...] = ()


@dataclass
class _Intent:
    """The attempts at one tool call."""

    line: Line
    statuses: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass
class _Made:
    """What one grant changed, from whoever told it; the line says each change once."""

    line: Line
    changes: list[Mapping[str, Any]]

    def hears(self, changes: Sequence[Mapping[str, Any]]) -> None:
        self.changes += changes
        self.line.text, self.line.whole = change_words.changes(self.changes)


class Teller:
    """Hears events in order and keeps what later ones may join."""

    def __init__(self, around: Around) -> None:
        self.lines: list[Line] = []
        self.technical: list[Technical] = []
        self._reading: Line | None = None
        self._read_names: list[str] = []
        self._intents: dict[str, _Intent] = {}
        self._asked: dict[str, Line] = {}
        self._changed: dict[str, _Made] = {}
        self._redeemed = around.redeemed
        self._leave = dict(around.leave)
        self._tells_reads = around.tells_reads
        self._ending = around.ending
        self._verdicts = around.verdicts
        self._undone = around.undone

    def break_off(self) -> None:
        """Let reads after this begin a line of their own."""
        self._reading = None

    def hear(self, event: Event) -> None:
        # An agent that tells its reads tells a reading tool a second time.
        is_twice = self._tells_reads and event.kind == "tool.called" and _is_read(event)
        if _is_hidden(event) or is_twice or self._only_pauses(event):
            self._hide(event)
            return
        if _is_read(event):
            self._read(event)
            return
        self._reading = None
        special = {
            "tool.called": self._tool,
            "change.made": self._change,
            "asked": self._ask,
            "ruled": self._rule,
            "proposed": self._propose,
            "outcome": self._outcome,
        }
        handler = special.get(event.kind)
        if handler is not None:
            handler(event)
        else:
            self._plain(event)

    def _only_pauses(self, event: Event) -> bool:
        """Say whether this is the end of a trace and not of the run."""
        is_root = event.kind == "run.finished" and "began" in event.facts
        return is_root and stamp_of(event) != self._ending

    def _hide(self, event: Event) -> None:
        self.technical.append(Technical(event.at, wording.technical(event), event.id))

    def _add(self, event: Event, verb: str, text: str, **more: Any) -> Line:
        more.setdefault("provenance", event.provenance)
        if event.provenance is Provenance.CONFIRMED:
            more.setdefault("by", event.source)
        line = Line(stamp_of(event), event.at, verb, text, notes=_notes(event), **more)
        line.marks += _marks(event)
        line.takes(event)
        self.lines.append(line)
        return line

    def _join(self, line: Line, event: Event) -> None:
        line.takes(event)
        line.notes += _notes(event)
        line.marks += _marks(event)

    def _plain(self, event: Event) -> None:
        said = wording.said(event)
        if said is None:
            self._hide(event)
            return
        line = self._add(event, **said)
        if event.kind == "run.finished" and stamp_of(event) == self._ending:
            line.notes += [f"By our records: {text}." for text in self._undone]

    def _read(self, event: Event) -> None:
        name = short(event.facts.get("resource") or event.facts.get("tool"), 80)
        if self._reading is None:
            self._reading = self._add(event, "Looked at", name, question="looked_at")
            self._reading.span = interval_of(event)
            self._read_names = [name]
            return
        if overlap(self._reading.span, interval_of(event)):
            self._reading.marks.append("at the same time")
        self._join(self._reading, event)
        if name not in self._read_names:
            self._read_names.append(name)
        shown = self._read_names[:READS_NAMED_MAX]
        hidden = len(self._read_names) - len(shown)
        self._reading.text = listed(shown, hidden)
        total = len(self._reading.event_ids)
        if total > len(self._read_names):
            self._reading.text += f" ({count(total, 'read')})"

    def _tool(self, event: Event) -> None:
        facts = event.facts
        # A page is told with a digest in the place of long arguments.
        wanted = facts.get("args_digest") or _canonical(facts.get("args"))
        key = f"{facts.get('tool')}|{wanted}"
        intent = self._intents.get(key)
        is_again = isinstance(facts.get("attempt"), int) and facts["attempt"] > 1
        if intent is None or not (is_again or intent.statuses[-1] == "error"):
            line = self._add(event, "Used", "", question="tools")
            line.span = interval_of(event)
            intent = self._intents[key] = _Intent(line)
        else:
            self._join(intent.line, event)
        intent.statuses.append(str(facts.get("status")))
        if facts.get("status") == "error":
            intent.errors.append(short(facts.get("error") or "an error", 80))
        self._word_intent(intent, event)
        self._check_leave(event)

    def _word_intent(self, intent: _Intent, event: Event) -> None:
        line, tries = intent.line, len(intent.statuses)
        tool = short(event.facts.get("tool"), 80)
        is_fine = intent.statuses[-1] == "ok"
        if (event.facts.get("mapped") or {}).get("is_unknown"):
            tool, line.tone = f"an unregistered tool: {tool}", "review"
        if tries > 1:
            line.verb, line.mark = f"Tried {times(tries)}", "rotate-ccw"
            failures = count(len(intent.errors), "failure")
            why = (
                f"{failures} ({intent.errors[-1]})" if intent.errors else "not told why"
            )
            line.text = f"{tool}: {why}, {'then fine' if is_fine else 'and no success'}"
        elif is_fine:
            line.verb, line.text = "Used", tool
        elif intent.statuses[-1] == "asked":
            line.verb, line.mark, line.tone = "Asked to", "review", "review"
            line.text = f"use {tool}; whether it ran was not told"
        else:
            line.verb, line.mark, line.tone = "Failed", "x", "review"
            line.text = (
                f"{tool}: {intent.errors[-1] if intent.errors else 'no result told'}"
            )

    def _check_leave(self, event: Event) -> None:
        """Say so in red when a writing tool ran and nothing was redeemed for it."""
        mapped = event.facts.get("mapped") or {}
        if (
            mapped.get("tier") not in ("stage", "change")
            or event.facts.get("status") != "ok"
        ):
            return
        key = f"{mapped.get('verb')}|{mapped.get('system')}"
        if self._leave.get(key, 0) > 0:
            self._leave[key] -= 1
            return
        self._contradict(
            event,
            f"{event.source} reports that {short(event.facts.get('tool'), 80)} ran in"
            f" {mapped.get('system')}, and no grant was redeemed for it.",
        )

    def _contradict(self, event: Event, text: str) -> None:
        line = Line(
            stamp_of(event) + "!",
            event.at,
            "Unauthorised",
            text,
            kind=LineKind.CONTRADICTION,
            tone="never",
            mark="triangle-alert",
            provenance=Provenance.INFERRED,
            question="changed",
        )
        line.takes(event)
        self.lines.append(line)

    def _change(self, event: Event) -> None:
        grant = str(event.facts.get("grant") or "")
        what = change_words.change(event.facts)
        verdict = self._verdicts.get(str(event.id), {})
        word = verdict.get("verdict")
        if word in STANDING:
            why = short(verdict.get("sentence"), 300)
            self._contradict(
                event,
                f"{event.source} reports a change that no grant covers: {what}. {why}",
            )
            return
        is_confirmed = event.provenance is Provenance.CONFIRMED
        if word == "explained" or (is_confirmed and not word and not grant):
            line = self._add(event, "Changed", what, mark="square", question="changed")
            why = short(verdict.get("sentence"), 300)
            line.notes.append(
                f"Explained: {why}" if word else "Not matched to a grant yet."
            )
            return
        grant = str(verdict.get("grant") or grant)
        if grant not in self._redeemed and word != "matched":
            self._contradict(
                event,
                f"{event.source} reports a change, and no grant was redeemed for it: {what}",
            )
            return
        known = self._changed.get(grant)
        if known is None:
            line = self._add(event, "Changed", what, mark="square", question="changed")
            self._changed[grant] = _Made(line, [])
            self._changed[grant].hears([event.facts])
            return
        line = known.line
        line.takes(event)
        if line.verb in ("Failed", "Unknown"):
            if what not in line.text:
                line.text = f"{line.text}; {what}" if line.text else what
        else:
            known.hears([event.facts])
        if event.provenance is Provenance.CONFIRMED:
            line.provenance, line.by = Provenance.CONFIRMED, event.source
            if line.verb == "Failed":
                self._contradict(
                    event,
                    f"{event.source} reports a change that the agent said had failed: {what}",
                )

    def _outcome(self, event: Event) -> None:
        grant, status = str(event.facts.get("grant") or ""), event.facts.get("status")
        told = [c for c in event.facts.get("changes") or () if isinstance(c, Mapping)]
        named, whole = change_words.changes(told)
        known = self._changed.get(grant)
        if known is not None:
            known.line.takes(event)
            if status == "succeeded" and told:
                known.hears(told)
            elif status != "succeeded":
                self._contradict(
                    event,
                    f"The agent told the outcome as {status}, yet a change is reported.",
                )
            return
        # That it was told is our record; what was told is the agent's word.
        said = wording.outcome(status, named, event.facts)
        if status == "succeeded":
            said["whole"] = whole
        line = self._add(
            event, **said, provenance=Provenance.REPORTED, question="changed"
        )
        if grant:
            self._changed[grant] = _Made(line, told)

    def _ask(self, event: Event) -> None:
        headline = wording.headline(event.facts)
        line = self._add(event, "Asked to", headline, mark="review", question="decided")
        self._asked[str(event.facts.get("action_request"))] = line

    def _rule(self, event: Event) -> None:
        answer = event.facts.get("answer")
        first = event.facts.get("occasion", "ask") == "ask"
        if not first and answer != "refuse":
            self._hide(event)
            return
        reasons = wording.reasons(event.facts)
        asked = self._asked.get(str(event.facts.get("action_request")))
        if answer in ("allow", "refuse", "escalate") or asked is None:
            self._add(event, **wording.ruling(answer, reasons))
            return
        asked.takes(event)
        asked.tone = "review"
        asked.notes += [f"A person decides: {reason}" for reason in reasons]

    def _propose(self, event: Event) -> None:
        asked = self._asked.get(str(event.facts.get("action_request")))
        if asked is None:
            self._hide(event)
            return
        asked.takes(event)
        asked.proposal = str(event.facts.get("proposal") or "")


def _is_hidden(event: Event) -> bool:
    if event.kind not in _TECHNICAL:
        return False
    return event.kind in PLUMBING or event.is_moment


def _is_read(event: Event) -> bool:
    if event.kind == "data.read":
        return True
    mapped = event.facts.get("mapped") or {}
    is_retry = (
        isinstance(event.facts.get("attempt"), int) and event.facts["attempt"] > 1
    )
    return (
        event.kind == "tool.called"
        and mapped.get("tier") == "read"
        and event.facts.get("status") == "ok"
        and not is_retry
    )


def _notes(event: Event) -> list[str]:
    if event.is_late:
        return ["Arrived after the run had ended."]
    if SAID in event.facts:
        return [moved_words(event)]
    if (event.at - event.received_at).total_seconds() > CLOCK_AHEAD_SECONDS:
        return ["The sender's clock is ahead of ours."]
    return []


def _marks(event: Event) -> list[str]:
    """Say beside the line that an event came late, or from a clock that is wrong."""
    if SAID in event.facts:
        return ["clock behind"]
    ahead = (event.at - event.received_at).total_seconds()
    if ahead > CLOCK_AHEAD_SECONDS:
        return [f"clock {rough(ahead)} ahead"]
    if event.is_late or -ahead > LATE_SECONDS:
        return [f"arrived {rough(max(0, -ahead))} late"]
    return []


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
