"""The words of single events: verb, text and mark of each kind."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runs.rules.change_words import said as value_words
from runs.rules.events import Event
from runs.rules.phrases import bare, listed, money
from runs.rules.values import short

Said = dict[str, Any]
WORDS_MAX = 400
CHANGES_NAMED_MAX = 4


def said(event: Event) -> Said | None:
    """Say one event that stands alone; None for a kind that has no words."""
    handler = (_MOMENTS if event.is_moment else _TOLD).get(event.kind)
    return handler(event) if handler else None


def headline(facts: Mapping[str, Any]) -> str:
    """Say what was asked for, as the end of "Asked to"."""
    text = bare(
        str(facts.get("headline") or facts.get("title") or facts.get("verb") or "act")
    )
    return text[:1].lower() + text[1:]


def reasons(facts: Mapping[str, Any]) -> list[str]:
    """Give the reasons of a ruling as sentences."""
    found = [
        r.get("text") if isinstance(r, Mapping) else r
        for r in facts.get("reasons") or ()
    ]
    return [short(text, 300) for text in found if text]


def ruling(answer: object, why: Sequence[str]) -> Said:
    """Say what the rulebook answered."""
    verb, tone, mark, question = {
        "allow": ("Allowed", "allowed", "allowed", "approved"),
        "escalate": ("Escalated", "review", "escalate", "escalated"),
        "refuse": ("Refused", "never", "never", "approved"),
    }.get(str(answer), ("Held", "review", "review", "approved"))
    said: Said = {
        "verb": verb,
        "text": f"by the rulebook: {why[0]}" if why else "by the rulebook",
        "tone": tone,
        "mark": mark,
        "question": question,
    }
    return said


def outcome(status: object, named: str, facts: Mapping[str, Any]) -> Said:
    """Say the outcome that was told of a redeemed grant; `named` are its changes."""
    detail = short(facts.get("detail"), 200)
    if status == "succeeded":
        verb = "Changed" if named else "Done"
        text = named or detail or headline(facts)
        return {"verb": verb, "text": text, "mark": "square"}
    if status == "failed":
        text = detail or headline(facts)
        return {"verb": "Failed", "text": text, "mark": "x", "tone": "never"}
    text = detail or "nobody knows whether it was done"
    return {
        "verb": "Unknown",
        "text": text,
        "mark": "circle-question-mark",
        "tone": "review",
    }


def technical(event: Event) -> str:
    """Say a hidden step."""
    facts = event.facts
    if event.kind == "model.called":
        tokens = [facts.get("input_tokens"), facts.get("output_tokens")]
        told = (
            f", {sum(t for t in tokens if isinstance(t, int)):,} tokens"
            if any(tokens)
            else ""
        )
        return f"Model {short(facts.get('model'), 60)}{told}{_cost(facts.get('cost'))}"
    if event.kind == "cost":
        return f"Cost{_cost(facts)}"
    if event.kind == "tool.called":
        return f"Tool {short(facts.get('tool'), 60)}, {facts.get('status')}"
    if event.kind == "span":
        span = facts.get("span")
        return (
            short(span.get("name") if isinstance(span, Mapping) else "", 120)
            or "A step without a name"
        )
    words = {
        "granted": "Grant issued",
        "redeemed": f"Grant used by {event.source}",
        "proposed": "A person was asked",
        "ruled": f"The rulebook was asked again: {facts.get('answer')}",
    }
    return words.get(event.kind, f"{event.kind} from {event.source}")


def _cost(cost: object) -> str:
    if not isinstance(cost, Mapping) or not cost.get("value"):
        return ""
    return f", {money(cost['value'], cost.get('currency'))}"


def _told(value: object) -> Said:
    """Say what somebody said: cut on the line, and whole for who unfolds it."""
    whole = str(value or "").strip()
    text = short(whole, WORDS_MAX)
    return {
        "text": text,
        "whole": whole if text.endswith("…") and text != whole else "",
    }


def _started(event: Event) -> Said:
    told = _told(event.facts.get("trigger") or "what started it was not told")
    return {"verb": "Started", "question": "triggered", **told}


def _decision(event: Event) -> Said:
    confidence = event.facts.get("confidence")
    told = _told(event.facts.get("text"))
    if confidence is not None:
        told["text"] = f"{told['text']} · {confidence}"
    return {"verb": "Decided", "mark": "diamond", "question": "decided", **told}


def _finished(event: Event) -> Said:
    status = event.facts.get("status")
    verb, tone, mark = {
        "completed": ("Finished", "allowed", "circle-check"),
        "failed": ("Failed", "never", "x"),
        "stopped": ("Stopped", "review", "hand"),
        "cancelled": ("Cancelled", "", "x"),
    }.get(str(status), ("Ended", "", "ring"))
    return {
        "verb": verb,
        **_told(event.facts.get("summary")),
        "tone": tone,
        "mark": mark,
    }


def _note(event: Event) -> Said:
    return {"verb": "Noted", **_told(event.facts.get("text"))}


def _handoff(event: Event) -> Said:
    to = short(event.facts.get("to"), 80)
    if event.facts.get("to_agent"):
        return {"verb": "Passed work", "text": f"to {to}", "mark": "arrow-right"}
    return {
        "verb": "Handed over",
        "text": f"to {to}",
        "mark": "arrow-up",
        "question": "escalated",
    }


def _told_escalation(event: Event) -> Said:
    return {
        "verb": "Escalated",
        **_told(event.facts.get("reason")),
        "mark": "escalate",
        "question": "escalated",
    }


def _paused(event: Event) -> Said:
    asks = [a for a in event.facts.get("asks") or () if isinstance(a, Mapping)]
    tools = [short(ask.get("tool"), 60) for ask in asks if ask.get("tool")]
    text = short(event.facts.get("reason"), 300)
    if tools:
        named = listed(tools[:CHANGES_NAMED_MAX], len(tools) - CHANGES_NAMED_MAX)
        text = f"{text}: asked to use {named}" if text else f"asked to use {named}"
    return {"verb": "Paused", "text": text, "mark": "hourglass", "tone": "review"}


def _went_on(event: Event) -> Said:
    return {
        "verb": "Went on",
        "text": short(event.facts.get("reason"), 300),
        "mark": "play",
    }


def _confirmed(event: Event) -> Said:
    by = short(event.facts.get("by"), 80) or event.source
    is_resolved = event.facts.get("resolved")
    text = f"{'resolved' if is_resolved else 'not resolved'}, says {by}"
    return {"verb": "Confirmed", "text": text, "mark": "check" if is_resolved else "x"}


def _decided(event: Event) -> Said:
    facts = event.facts
    verdict = str(facts.get("verdict") or "")
    verb, tone, mark = {
        "approve": ("Approved", "allowed", "check"),
        "edit": ("Approved", "allowed", "pencil"),
        "reject": ("Rejected", "never", "x"),
        "respond": ("Answered", "", "send"),
    }.get(verdict, ("Decided", "", "check"))
    text = event.source
    total = facts.get("evidence_total")
    if total:
        text += f", who opened {facts.get('evidence_opened') or 0} of {total} evidence items"
    if verdict == "edit":
        text += ", as edited"
    if not facts.get("resolution"):
        text += "; more approvals are needed"
    words = [facts.get("reason_code"), facts.get("message")]
    why = ": ".join(str(word) for word in words if word)
    return {
        "verb": verb,
        **_told(f"{text}: {why}" if why else text),
        "tone": tone,
        "mark": mark,
        "question": "approved",
    }


def _edited(event: Event) -> Said:
    fields = [short(name, 60) for name in event.facts.get("edited_fields") or ()]
    changes = [
        _path(c) for c in event.facts.get("changes") or () if isinstance(c, Mapping)
    ]
    what = "; ".join(changes[:CHANGES_NAMED_MAX]) or listed(fields[:CHANGES_NAMED_MAX])
    return {
        "verb": "Edited",
        "text": f"{event.source}: {what or 'the action'}",
        "mark": "pencil",
    }


def _path(entry: Mapping[str, Any]) -> str:
    name = short(entry.get("path") or entry.get("field"), 60)
    return (
        f"{name} {value_words(entry.get('before'))} → {value_words(entry.get('after'))}"
    )


def _words(verb: str, mark: str, **more: Any) -> Callable[[Event], Said]:
    def say(event: Event) -> Said:
        facts = event.facts
        text = (
            facts.get("message") or facts.get("reason") or facts.get("sentence") or ""
        )
        told = _told(f"{event.source}: {text}" if text else event.source)
        return {"verb": verb, "mark": mark, **told, **more}

    return say


def _expired(event: Event) -> Said:
    if event.facts.get("grant"):
        return {
            "verb": "Ran out",
            "text": "the grant was not used in time",
            "mark": "clock",
        }
    return {
        "verb": "Expired",
        "text": "nobody decided in time",
        "mark": "clock",
        "tone": "review",
    }


def _merged(event: Event) -> Said:
    facts = event.facts
    told = facts.get("events") or 0
    number = "1 event" if told == 1 else f"{told:,} events"
    text = f"with {short(facts.get('run'), 80)}, {number}: {short(facts.get('reason'), 200)}"
    if facts.get("rule") == "person":
        text = f"{event.source}: {text}"
    return {"verb": "Merged", "text": text, "mark": "link"}


def _held(event: Event) -> Said:
    text = short(event.facts.get("sentence"), 300)
    more = {"tone": "never", "mark": "hand", "question": "escalated"}
    return {"verb": "Put on hold", "text": text, **more}


def _reconciled(event: Event) -> Said | None:
    """Say what a person made of a change without a grant; the rest shows at the change."""
    verdict = event.facts.get("verdict")
    if not event.facts.get("by") or verdict not in ("explained", "confirmed"):
        return None
    text = f"{event.source}: {short(event.facts.get('sentence'), 300)}"
    if verdict == "explained":
        return {"verb": "Explained", "text": text, "mark": "check"}
    return {
        "verb": "Confirmed as unauthorised",
        "text": text,
        "mark": "triangle-alert",
        "tone": "never",
    }


_TOLD: dict[str, Callable[[Event], Said]] = {
    "run.started": _started,
    "decision.made": _decision,
    "run.finished": _finished,
    "note": _note,
    "handoff": _handoff,
    "paused": _paused,
    "resumed": _went_on,
    "escalated": _told_escalation,
    "outcome.confirmed": _confirmed,
}
_MOMENTS: dict[str, Callable[[Event], Said | None]] = {
    "decided": _decided,
    "edited": _edited,
    "question": _words("Asked back", "circle-question-mark"),
    "answer": _words("Answered", "send"),
    "escalated": _words("Escalated", "escalate", tone="review", question="escalated"),
    "withdrawn": _words("Withdrawn", "undo-2"),
    "revoked": _words("Taken back", "undo-2", tone="review"),
    "glass_broken": _words(
        "Let run in an emergency, without all its approvals",
        "triangle-alert",
        tone="never",
        question="escalated",
    ),
    "expired": _expired,
    "held": _held,
    "resumed": _words("Let go on", "play"),
    "stopped": _words("Stopped for good", "hand", tone="never", question="escalated"),
    "flagged": _words("Flagged", "flag"),
    "merged": _merged,
    "reconciled": _reconciled,
}
