"""Which run the spans of a trace belong to. A run is not a trace: every pause splits one.

The order is settled: what the sender says outright, then an id that this portal gave out,
then a link to a trace of a known run, then the conversation while its run goes on, then the
trace id alone. A weaker reason never takes a trace away from a stronger one.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from runs.rules import folding
from runs.rules.spans.span import Hints, Span

KEY_LENGTH_MAX = 128
HINTS_KEPT_MAX = 200
_HEAD = 100


class Rule(StrEnum):
    """Why a trace belongs to a run, the strongest first."""

    PERSON = "person"
    RUN = "run"
    MINTED = "minted"
    LINK = "link"
    CONVERSATION = "conversation"
    TRACE = "trace"


_STRENGTH = {rule: number for number, rule in enumerate(Rule)}


class Why(StrEnum):
    """Why a trace could not be placed."""

    NO_WORKFLOW = "no_workflow"
    NOT_SERVED = "not_served"
    SEVERAL = "several_workflows"
    SERVES_NONE = "serves_none"
    DISMISSED = "dismissed"


WHY_WORDS = {
    Why.NO_WORKFLOW: "Its agent serves several workflows and does not say which.",
    Why.NOT_SERVED: "It names a workflow that its agent does not serve.",
    Why.SEVERAL: "It names several workflows at once.",
    Why.SERVES_NONE: "Its agent serves no workflow.",
    Why.DISMISSED: "More of a trace that was dismissed.",
}


@dataclass
class Gathered:
    """What all spans of one trace hint at together, each once, in their order."""

    trace_id: str
    span_ids: list[str] = field(default_factory=list)
    first_name: str = ""
    workflows: dict[str, None] = field(default_factory=dict)
    called: dict[str, None] = field(default_factory=dict)
    runs: dict[str, None] = field(default_factory=dict)
    minted: dict[str, None] = field(default_factory=dict)
    linked: dict[str, None] = field(default_factory=dict)
    conversations: dict[str, None] = field(default_factory=dict)
    runs_of_spans: dict[str, str] = field(default_factory=dict)

    @property
    def run(self) -> str:
        """Give the run that the trace names first."""
        return next(iter(self.runs), "")

    @property
    def conversation(self) -> str:
        return next(iter(self.conversations), "")


@dataclass(frozen=True)
class Known:
    """A run that is known already, as far as placing needs it."""

    id: object
    name: str
    is_guessed: bool
    can_go_on: bool


@dataclass(frozen=True)
class Choice:
    """Where a trace belongs: the run's name, why, and the run if it is known."""

    name: str
    rule: Rule
    run: Known | None = None


def key_of(text: object) -> str:
    """Make a key out of what a sender calls something: short, printable, still its own."""
    value = str(text).replace("\x00", "").strip()
    if len(value) <= KEY_LENGTH_MAX:
        return value
    return f"{value[:_HEAD]}~{hashlib.sha256(value.encode()).hexdigest()[:16]}"


def gather(
    spans: Iterable[Span], *, hints_of: Callable[[Span], Hints]
) -> dict[str, Gathered]:
    """Add up what the spans of each trace hint at. Order of arrival does not matter."""
    found: dict[str, Gathered] = {}
    for span in sorted(spans, key=lambda one: (one.started_at, one.span_id)):
        trace_id = key_of(span.trace_id)
        one = found.setdefault(trace_id, Gathered(trace_id))
        hints = hints_of(span)
        one.span_ids.append(span.span_id)
        one.first_name = one.first_name or span.name[:200].replace("\x00", "")
        run = key_of(hints.run)
        if run:
            one.runs_of_spans[span.span_id] = run
        _add(one.workflows, key_of(hints.workflow))
        for name in hints.workflow_names:
            _add(one.called, key_of(name))
        _add(one.runs, run)
        _add(one.conversations, key_of(hints.conversation))
        for minted in hints.minted:
            _add(one.minted, key_of(minted))
        for trace, _ in span.links:
            if key_of(trace) != trace_id:
                _add(one.linked, key_of(trace))
    return found


def _add(kept: dict[str, None], value: str) -> None:
    if value and len(kept) < HINTS_KEPT_MAX:
        kept.setdefault(value)


def workflow_of(
    told: Gathered, *, served: Iterable[str], hinted: str = "", by_person: str = ""
) -> str | Why:
    """Say which workflow a trace belongs to, or why nobody can say.

    What it names counts only if its agent serves it. `hinted` is the workflow of what is
    known of it already: its trace, its conversation, an id that we gave out. What a person
    said of this trace goes before everything.
    """
    served = set(served)
    if by_person in served:
        return by_person
    named = [slug for slug in told.workflows if slug in served]
    if len(named) == 1:
        return named[0]
    if len(named) > 1:
        return hinted if hinted in named else Why.SEVERAL
    if told.workflows:
        return Why.NOT_SERVED
    # What a framework calls its workflow counts where it happens to be one of ours.
    called = [slug for slug in told.called if slug in served]
    if len(called) == 1:
        return called[0]
    if hinted in served:
        return hinted
    if len(served) == 1:
        return next(iter(served))
    return Why.NO_WORKFLOW if served else Why.SERVES_NONE


def choose(
    told: Gathered,
    *,
    minted: Known | None = None,
    linked: Known | None = None,
    conversation: Known | None = None,
    conversation_runs: int = 0,
) -> Choice:
    """Choose the run of a trace by the first rule that applies.

    `conversation` is the newest run of its conversation, `conversation_runs` how many that
    conversation has had: one that is over is followed by a run of its own.
    """
    if told.run:
        return Choice(told.run, Rule.RUN)
    if minted is not None:
        return Choice(minted.name, Rule.MINTED, minted)
    if linked is not None:
        return Choice(linked.name, Rule.LINK, linked)
    if told.conversation:
        if conversation is not None and conversation.can_go_on:
            return Choice(conversation.name, Rule.CONVERSATION, conversation)
        return Choice(
            numbered(told.conversation, conversation_runs + 1), Rule.CONVERSATION
        )
    return Choice(told.trace_id, Rule.TRACE)


def numbered(name: str, number: int) -> str:
    """Name the first run of a conversation like it, and the later ones with a number."""
    return name if number <= 1 else f"{name[: KEY_LENGTH_MAX - 8]}#{number}"


def settle(
    *, present: Known | None, present_rule: str, chosen: Choice
) -> tuple[Choice, bool]:
    """Say where a trace belongs that is placed already, and whether its run joins another.

    A stronger reason wins. The run it was in joins the other one only if its name was our
    guess: what an agent named itself stays a run of its own.
    """
    if present is None or not present_rule:
        return chosen, False
    kept = Choice(present.name, Rule(present_rule), present)
    if chosen.name == present.name:
        return (chosen if _is_stronger(chosen.rule, kept.rule) else kept), False
    if not _is_stronger(chosen.rule, kept.rule):
        return kept, False
    if not present.is_guessed:
        return kept, False
    return chosen, True


def _is_stronger(one: Rule, other: Rule) -> bool:
    return _STRENGTH[one] < _STRENGTH[other]


def can_go_on(state: Mapping[str, Any]) -> bool:
    """Say whether more of the same conversation belongs to this run.

    It does while the run is not over, while a person is asked, and after a person answered
    what was asked before the run told its end: that is the pause which splits traces.
    """
    if "finished" not in state or folding.open_asks(state):
        return True
    endings = [
        ask[name][0]
        for ask in state.get("asks", {}).values()
        for name in ("resolved", "ended")
        if name in ask
    ]
    return bool(endings) and max(endings) > state["finished"][0]
