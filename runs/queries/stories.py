"""One run, told: what the run page, its fragment, its text and its JSON are made of."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from markupsafe import Markup

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.visible_marks import visible_marks
from runs.models import Hold, Run, RunEvent, RunState
from runs.queries.lists import STATE_MARKS
from runs.rules import timeline
from runs.rules.answering import Answer, answers_of
from runs.rules.events import Event, Provenance
from runs.rules.folding import State, fold
from runs.rules.lines import Line, LineKind, Telling
from runs.rules.story import Figure, story_of

EVENTS_TOLD_MAX = 5_000
STEPS_SHOWN_MAX = 300


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
    steps: tuple[tuple[datetime, Markup], ...] = ()


@dataclass(frozen=True)
class AnswerShown:
    """One of the seven, with the address of the line that shows it."""

    key: str
    question: str
    line: str
    count: int
    is_answered: bool
    href: str


@dataclass(frozen=True)
class HoldShown:
    id: UUID
    rule_key: str
    sentence: str
    placed_at: datetime
    placed_by: str
    stopped_at: datetime | None


@dataclass(frozen=True)
class RunPage:
    """Everything the run page shows."""

    id: UUID
    title: str
    paragraph: str
    figures: tuple[Figure, ...]
    answers: tuple[AnswerShown, ...]
    answered: int
    lines: tuple[LineShown, ...]
    hidden_count: int
    event_count: int
    is_cut: bool
    state: str
    state_mark: str
    workflow: str
    workflow_slug: str
    agent: str
    agent_run_id: str
    started_at: datetime
    ended_at: datetime | None
    amended_at: datetime | None
    is_flagged: bool
    is_held: bool
    holds: tuple[HoldShown, ...]
    may_flag: bool
    contradictions: int
    telling: Telling


def run_page(*, actor: Actor, run_id: UUID, now: datetime) -> RunPage:
    """Tell one run. About eight queries. Raises NotFound for who may not see it."""
    run = _run_for(actor, run_id)
    rows = RunEvent.objects.filter(run_id=run.id).order_by("at", "id")
    events = [event_of(row) for row in rows[: EVENTS_TOLD_MAX + 1]]
    is_cut = len(events) > EVENTS_TOLD_MAX
    telling = timeline.tell(events[:EVENTS_TOLD_MAX], now=now)
    # A state of another make than ours is worked out again from the events.
    state: State = run.fold or fold({}, events)
    story = story_of(state, now=now)
    holds = _holds(run) if run.is_held else ()
    found = answers_of(state)
    return RunPage(
        id=run.id,
        title=story.title,
        paragraph=story.paragraph,
        figures=story.figures,
        answers=_answers(found, telling),
        answered=sum(answer.is_answered for answer in found),
        lines=shown_lines(telling),
        hidden_count=len(telling.technical),
        event_count=run.event_count,
        is_cut=is_cut,
        state="On hold" if run.is_held else RunState(run.state).label,
        state_mark="held" if run.is_held else STATE_MARKS[RunState(run.state)],
        workflow=run.workflow.name,
        workflow_slug=run.workflow.slug,
        agent=run.agent.name,
        agent_run_id=run.agent_run_id,
        started_at=run.started_at,
        ended_at=run.ended_at,
        amended_at=run.amended_at,
        is_flagged=run.is_flagged,
        is_held=run.is_held,
        holds=holds,
        may_flag=not run.is_flagged,
        contradictions=sum(
            line.kind == LineKind.CONTRADICTION for line in telling.lines
        ),
        telling=telling,
    )


def _run_for(actor: Actor, run_id: UUID) -> Run:
    rows = access.visible(
        Run.objects.select_related("workflow", "agent"),
        actor=actor,
        workflow_path="workflow_id",
    )
    return access.visible_or_404(rows, id=run_id)


def event_of(row: RunEvent) -> Event:
    """Read a stored event into what the rules see."""
    return Event(
        id=row.id,
        kind=row.kind,
        at=row.at,
        received_at=row.received_at,
        provenance=Provenance(row.provenance),
        source=row.source_name,
        facts=row.facts,
        is_late=row.is_late,
        source_id=row.source_id,
    )


def shown_lines(telling: Telling) -> tuple[LineShown, ...]:
    """Write the lines for the timeline; what an agent said is made safe to show."""
    first = timezone.localtime(telling.lines[0].at).date() if telling.lines else None
    shown = [_shown(line, first) for line in telling.lines]
    if telling.technical:
        steps = telling.technical[:STEPS_SHOWN_MAX]
        number = len(telling.technical)
        words = "1 technical step" if number == 1 else f"{number:,} technical steps"
        if number > STEPS_SHOWN_MAX:
            words += f", the first {STEPS_SHOWN_MAX} of them here"
        shown.append(
            LineShown(
                kind="folded",
                verb="",
                text=Markup("{}").format(words),
                steps=tuple((step.at, visible_marks(step.text)) for step in steps),
            )
        )
    return tuple(shown)


def _shown(line: Line, first: date | None) -> LineShown:
    is_timed = line.kind in (LineKind.EVENT, LineKind.CONTRADICTION)
    return LineShown(
        kind=line.kind.value,
        verb=line.verb,
        text=visible_marks(line.text),
        time=_time_link(line, first) if is_timed else "",
        mark=line.mark,
        tone=line.tone,
        provenance=line.provenance.lower() if is_timed and line.provenance else "",
        by=line.by,
        detail=visible_marks(" ".join(dict.fromkeys(line.notes))) if line.notes else "",
        id=line.anchor,
    )


def _time_link(line: Line, first: date | None) -> Markup:
    """Write the time as a link to its own line; the day too, where it is another one."""
    local = timezone.localtime(line.at)
    words = f"{local:%H:%M:%S}" if local.date() == first else f"{local:%d %b %H:%M}"
    return Markup(
        '<a href="#{}" data-list-item><time datetime="{}" title="{}">{}</time></a>'
    ).format(line.anchor, line.at.isoformat(), f"{local:%d %b %Y, %H:%M:%S %Z}", words)


def _answers(found: tuple[Answer, ...], telling: Telling) -> tuple[AnswerShown, ...]:
    anchors = timeline.anchors(telling)
    return tuple(
        AnswerShown(
            key=answer.key,
            question=answer.question,
            line=answer.line,
            count=answer.count,
            is_answered=answer.is_answered,
            href=f"#{anchors[answer.key]}" if answer.key in anchors else "",
        )
        for answer in found
    )


def _holds(run: Run) -> tuple[HoldShown, ...]:
    rows = Hold.objects.filter(run_id=run.id, resumed_at=None).order_by(
        "placed_at", "id"
    )
    return tuple(
        HoldShown(
            row.id,
            row.rule_key,
            row.sentence,
            row.placed_at,
            row.placed_by_name,
            row.stopped_at,
        )
        for row in rows
    )


def as_markdown(page: RunPage) -> str:
    """Write a run as text that reads without a browser."""
    head = [
        f"# {page.title}",
        "",
        page.paragraph,
        "",
        f"{page.workflow} · {page.agent} · {page.state} · run {page.agent_run_id}",
        " · ".join(f"{figure.value} {figure.label}" for figure in page.figures),
        "",
        "## The seven answers",
        "",
        *(f"- **{answer.question}**: {answer.line}" for answer in page.answers),
        "",
        "## What happened",
        "",
    ]
    return "\n".join(
        [*head, *(_markdown_line(line) for line in page.telling.lines), ""]
    )


def _markdown_line(line: Line) -> str:
    if line.kind in (LineKind.WAIT, LineKind.GAP):
        return f"- … {line.text}"
    source = (
        f" _({(line.provenance or '').lower()}{f' by {line.by}' if line.by else ''})_"
    )
    mark = "**Contradiction.** " if line.kind == LineKind.CONTRADICTION else ""
    stamp = f"{line.at:%Y-%m-%d %H:%M:%SZ}"
    return f"- {stamp} {mark}**{line.verb}** {line.text}{source if line.provenance else ''}"


def as_document(page: RunPage) -> dict[str, object]:
    """Give a run as plain data, in the order of the page."""
    return {
        "id": str(page.id),
        "url": reverse("run", args=[page.id]),
        "workflow": page.workflow_slug,
        "agent": page.agent,
        "run": page.agent_run_id,
        "state": page.state,
        "title": page.title,
        "story": page.paragraph,
        "figures": {f.key: f"{f.value} {f.label}" for f in page.figures},
        "answers": [
            {
                "key": a.key,
                "question": a.question,
                "answer": a.line,
                "answered": a.is_answered,
            }
            for a in page.answers
        ],
        "lines": [
            {
                "at": line.at.isoformat().replace("+00:00", "Z"),
                "kind": line.kind.value,
                "verb": line.verb,
                "text": line.text,
                "provenance": line.provenance.lower() if line.provenance else None,
                "by": line.by or None,
                "notes": line.notes,
                "events": [str(event_id) for event_id in line.event_ids],
            }
            for line in page.telling.lines
        ],
        "technical": [
            {"at": s.at.isoformat().replace("+00:00", "Z"), "text": s.text}
            for s in page.telling.technical
        ],
    }
