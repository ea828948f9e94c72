"""The records behind the lines: one step in full, and every step as it was recorded.

What was told is shown as it came, bounded: a long value is read in pages of 16 kB, and
nothing of it is loaded before somebody asks.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from markupsafe import Markup

from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from portal.core.pagination import keyset
from runs.models import RunEvent
from runs.queries.redactions import may_reveal
from runs.queries.shown import EVENTS_LINKED_MAX, told
from runs.queries.stories import event_of, run_for
from runs.queries.telling import event_of_row, slim_events
from runs.rules import wording
from runs.rules.events import PLUMBING, Event
from runs.rules.redacting.tokens import TOKEN

PAGE_CHARACTERS = 16_000
PREVIEW_CHARACTERS = 2_000
ROWS_MAX = 40
STEPS_A_PAGE = 100
_TECHNICAL = (*PLUMBING, "granted", "redeemed")
_TITLES = {
    "args": "What it was called with",
    "result": "What it gave back",
    "error": "The error",
    "before": "Before",
    "after": "After",
    "changes": "What changed",
    "reasons": "The rulebook's reasons",
    "attributes": "Span attributes",
}
_APART = ("args", "result", "error", "before", "after", "changes", "reasons")
_INNER = ("span", "mapped")


@dataclass(frozen=True)
class Payload:
    """One long value: its first piece, and where the next begins (0 at the end)."""

    name: str
    title: str
    text: Markup
    plain: str
    length: int
    start: int
    next_start: int


@dataclass(frozen=True)
class StepShown:
    """One recorded event in full."""

    id: UUID
    title: str
    at: datetime
    received_at: datetime
    lag_seconds: float
    provenance: str
    source: str
    batch_id: UUID | None
    rows: tuple[tuple[str, Markup], ...]
    payloads: tuple[Payload, ...]
    tokens: tuple[str, ...]


@dataclass(frozen=True)
class StepPage:
    """What the drawer of one line shows: its events, the newest attempt last."""

    run_id: UUID
    run_title: str
    agent_run_id: str
    workflow_id: UUID
    steps: tuple[StepShown, ...]
    only: str = ""
    may_reveal: bool = False


@dataclass(frozen=True)
class StepRow:
    """One event in the list of all that was recorded."""

    id: UUID
    at: datetime
    kind: str
    text: Markup
    source: str
    provenance: str


@dataclass(frozen=True)
class StepList:
    run_id: UUID
    run_title: str
    agent_run_id: str
    rows: tuple[StepRow, ...]
    next_cursor: str | None
    previous_cursor: str | None
    only: str


def step_page(
    *,
    actor: Actor,
    run_id: UUID,
    event_id: UUID,
    others: tuple[UUID, ...] = (),
    only: str = "",
    start: int = 0,
) -> StepPage:
    """Show one event, and those that share its line. Four to six queries.

    `only` names one value to read from the character `start` on. Raises NotFound for an
    event of another run, and for who may not see the run.
    """
    run = run_for(actor, run_id)
    wanted = [event_id, *others[:EVENTS_LINKED_MAX]]
    found = {
        row.id: row for row in RunEvent.objects.filter(run_id=run.id, id__in=wanted)
    }
    if event_id not in found:
        raise NotFound("There is nothing here, or you may not see it.")
    rows = [found[each] for each in dict.fromkeys(wanted) if each in found]
    steps = tuple(_step(row, only, start) for row in rows)
    has_hidden = any(step.tokens for step in steps)
    return StepPage(
        run_id=run.id,
        run_title=run.title,
        agent_run_id=run.agent_run_id,
        workflow_id=run.workflow_id,
        steps=steps,
        only=only,
        may_reveal=has_hidden and may_reveal(actor, run.workflow_id),
    )


def step_list(
    *, actor: Actor, run_id: UUID, only: str = "", cursor: str | None = None
) -> StepList:
    """List what was recorded of a run, in its order, a page at a time. Four queries.

    Raises NotFound for who may not see it, Malformed for a cursor not made here.
    """
    run = run_for(actor, run_id)
    rows = RunEvent.objects.filter(run_id=run.id)
    if only == "technical":
        rows = rows.filter(kind__in=_TECHNICAL)
    page = keyset(
        rows.only("id", "at", "run_id"),
        order=("at", "id"),
        cursor=cursor,
        size=STEPS_A_PAGE,
    )
    ids = [row.id for row in page.items]
    slim = slim_events(run.id).filter(Q(id__in=ids)).order_by("at", "id")
    return StepList(
        run_id=run.id,
        run_title=run.title,
        agent_run_id=run.agent_run_id,
        rows=tuple(_row(event_of_row(row)) for row in slim) if ids else (),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
        only=only,
    )


def _row(event: Event) -> StepRow:
    return StepRow(
        id=event.id,
        at=event.at,
        kind=event.kind,
        text=told(named(event)),
        source=event.source,
        provenance=event.provenance.lower(),
    )


def named(event: Event) -> str:
    """Say one event on its own, whatever its kind."""
    said = wording.said(event)
    if said is None or not (said.get("verb") or said.get("text")):
        return wording.technical(event)
    return f"{said['verb']} {said['text']}".strip()


def _step(row: RunEvent, only: str, start: int) -> StepShown:
    event = event_of(row)
    values = _values(row.facts)
    if only:
        values = {name: value for name, value in values.items() if name == only}
    payloads = tuple(
        _payload(name, value, only, start) for name, value in values.items()
    )
    if row.kind == "asked":
        payloads = tuple(
            replace(each, title="What it asked to do it with")
            if each.name == "args"
            else each
            for each in payloads
        )
    return StepShown(
        id=row.id,
        title=named(event) if row.kind != "tool.called" else _tool_title(row.facts),
        at=row.at,
        received_at=row.received_at,
        lag_seconds=(row.received_at - row.at).total_seconds(),
        provenance=row.provenance.lower(),
        source=row.source_name,
        batch_id=row.batch_id,
        rows=() if only else _rows(row.facts),
        payloads=payloads,
        tokens=tuple(
            dict.fromkeys(
                match.group()[1:-1]
                for payload in payloads
                for match in TOKEN.finditer(payload.plain)
            )
        ),
    )


def _tool_title(facts: Mapping[str, Any]) -> str:
    attempt = facts.get("attempt")
    again = f", attempt {attempt}" if isinstance(attempt, int) and attempt > 1 else ""
    ended = {"ok": "succeeded", "error": "failed", "asked": "was asked for"}
    status = ended.get(str(facts.get("status")), "ran")
    return f"Tool {facts.get('tool')} {status}{again}"


def _values(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give what may be long, each to be read apart."""
    values = {name: facts[name] for name in _APART if name in facts}
    span = facts.get("span")
    if isinstance(span, Mapping) and span.get("attributes"):
        values["attributes"] = span["attributes"]
    return values


def _rows(facts: Mapping[str, Any]) -> tuple[tuple[str, Markup], ...]:
    """Give what is short as rows, in the order in which it was told."""
    rows = []
    for name, value in facts.items():
        if name in _APART or name in _INNER or value in (None, "", [], {}):
            continue
        text = (
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        )
        rows.append((_label(name), told(_short(text))))
    span = facts.get("span")
    if isinstance(span, Mapping):
        for name in ("name", "status", "start", "end", "trace", "id", "parent"):
            if span.get(name):
                rows.append((f"Span {name}", told(_short(str(span[name])))))
    return tuple(rows[:ROWS_MAX])


def _label(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _short(text: str) -> str:
    if len(text) <= PREVIEW_CHARACTERS:
        return text
    return text[:PREVIEW_CHARACTERS] + "…"


def _payload(name: str, value: object, only: str, start: int) -> Payload:
    text = (
        value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, indent=2)
    )
    size = PAGE_CHARACTERS if only else PREVIEW_CHARACTERS
    start = max(0, min(start, len(text))) if only else 0
    piece = text[start : start + size]
    return Payload(
        name=name,
        title=_TITLES[name],
        text=told(piece),
        plain=piece,
        length=len(text),
        start=start,
        next_start=start + size if start + size < len(text) else 0,
    )
