"""One run as text and as data, for whoever reads without a browser. Nothing is left out."""

from django.urls import reverse

from runs.queries.stories import RunPage
from runs.queries.telling import WHOLE_MAX
from runs.rules.lines import Line, LineKind


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
    lines = [_markdown_line(line) for line in page.telling.lines]
    steps = [
        f"- {step.at:%Y-%m-%d %H:%M:%SZ} {step.text}" for step in page.telling.technical
    ]
    foot = ["", "## Technical steps", "", *steps] if steps else []
    if page.is_cut:
        foot = ["", _cut(page), *foot]
    return "\n".join([*head, *lines, *foot, ""])


def _cut(page: RunPage) -> str:
    return (
        f"Only the first {WHOLE_MAX:,} of the {page.event_count:,} events of this run"
        " are told here."
    )


def _markdown_line(line: Line) -> str:
    if line.kind in (LineKind.WAIT, LineKind.SYSTEM, LineKind.GAP):
        return f"- … {line.text}"
    source = (
        f" _({(line.provenance or '').lower()}{f' by {line.by}' if line.by else ''})_"
    )
    mark = "**Contradiction.** " if line.kind == LineKind.CONTRADICTION else ""
    stamp = f"{line.at:%Y-%m-%d %H:%M:%SZ}"
    said = [*(["at the same time"] if line.together else []), *line.marks]
    more = f" ({'; '.join(dict.fromkeys(said))})" if said else ""
    source = source if line.provenance else ""
    text = " ".join((line.whole or line.text).split())
    return f"- {stamp} {mark}**{line.verb}** {text}{more}{source}"


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
                "text": line.whole or line.text,
                "provenance": line.provenance.lower() if line.provenance else None,
                "by": line.by or None,
                "notes": line.notes,
                "marks": list(dict.fromkeys(line.marks)),
                "together": line.together or None,
                "events": [str(event_id) for event_id in line.event_ids],
            }
            for line in page.telling.lines
        ],
        "events_recorded": page.event_count,
        "is_cut": page.is_cut,
        "technical": [
            {"at": s.at.isoformat().replace("+00:00", "Z"), "text": s.text}
            for s in page.telling.technical
        ],
    }
