"""Where a run left its rulebook, each way by its name, and what its record lacks.

What the gateway makes impossible is looked for too: a number that can only be zero is
worth what the looking is worth.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from runs.rules import folding
from runs.rules.events import Event, in_order

DEVIATIONS = {
    "ungranted": "acted without a grant",
    "refused": "acted after the rulebook had refused it",
    "held": "went on while a stop rule held it",
    "emergency": "acted on an emergency's word, without an approval",
    "self": "was approved by whoever asked for it",
    "late": "was decided after its time had run out",
    "untold": "used a grant and never told the outcome",
    "silent": "fell silent without telling its end",
    "over_cap": "told costs that passed a spend cap",
}
LACKS = {
    "start": "what started it",
    "steps": "a read, a tool call or a decision",
    "end": "how it ended",
    "outcome": "what came of a grant that it used",
    "link": "a name: only a trace of it is known",
}


def deviations_of(
    events: Iterable[Event],
    state: Mapping[str, Any],
    *,
    is_silent: bool,
    has_passed_cap: bool,
) -> tuple[str, ...]:
    """Name each way in which a run left its rulebook, once."""
    ordered = in_order(events)
    found = {
        "ungranted": folding.unauthorised(state) > 0,
        "refused": _acted_after_refusal(ordered),
        "held": _went_on_while_held(ordered),
        "emergency": any(e.is_moment and e.kind == "glass_broken" for e in ordered),
        "self": _approved_by_asker(ordered),
        "late": _decided_late(ordered),
        "untold": bool(_untold(state)),
        "silent": is_silent,
        "over_cap": has_passed_cap,
    }
    return tuple(name for name in DEVIATIONS if found[name])


def lacks_of(
    state: Mapping[str, Any], *, is_silent: bool, is_named: bool
) -> tuple[str, ...]:
    """Name what the record of a run lacks."""
    has_steps = any(
        state.get(name) for name in ("reads", "tools", "decisions", "model_calls")
    )
    found = {
        "start": not (state.get("started") or ["", ""])[1],
        "steps": not has_steps and not state.get("asks"),
        "end": is_silent,
        "outcome": bool(_untold(state)),
        "link": not is_named,
    }
    return tuple(name for name in LACKS if found[name])


def _untold(state: Mapping[str, Any]) -> list[Any]:
    told = {*state.get("changes", {}), *folding.matched_grants(state)}
    return [
        ask
        for ask in state.get("asks", {}).values()
        if ask.get("redeemed")
        and "outcome" not in ask
        and not set(ask["redeemed"]) & told
    ]


def _acted_after_refusal(ordered: Iterable[Event]) -> bool:
    answers: dict[str, object] = {}
    for event in ordered:
        if not event.is_moment:
            continue
        ask = str(event.facts.get("action_request"))
        if event.kind == "ruled":
            answers[ask] = event.facts.get("answer")
        elif event.kind == "redeemed" and answers.get(ask) == "refuse":
            return True
    return False


def _went_on_while_held(ordered: Iterable[Event]) -> bool:
    is_held = False
    for event in ordered:
        if event.is_moment and event.kind in ("held", "resumed"):
            is_held = event.kind == "held"
        elif is_held and _is_act(event):
            return True
    return False


def _is_act(event: Event) -> bool:
    if event.is_moment:
        return event.kind == "redeemed"
    if event.kind == "change.made":
        return event.provenance == "REPORTED"
    mapped = event.facts.get("mapped") or {}
    return (
        event.kind == "tool.called"
        and event.facts.get("status") == "ok"
        and mapped.get("tier") in ("stage", "change")
    )


def _approved_by_asker(ordered: Iterable[Event]) -> bool:
    askers: dict[str, object] = {}
    for event in ordered:
        if not event.is_moment:
            continue
        ask = str(event.facts.get("action_request"))
        if event.kind == "asked":
            askers.setdefault(ask, event.source_id)
        elif event.kind == "decided" and event.facts.get("resolution") == "approved":
            asker = askers.get(ask)
            if asker is not None and str(event.facts.get("person")) == str(asker):
                return True
    return False


def _decided_late(ordered: Iterable[Event]) -> bool:
    expired: set[str] = set()
    for event in ordered:
        if not event.is_moment or event.facts.get("grant"):
            continue
        proposal = str(event.facts.get("proposal"))
        if event.kind == "expired" and event.facts.get("proposal"):
            expired.add(proposal)
        elif event.kind == "decided" and proposal in expired:
            return True
    return False
