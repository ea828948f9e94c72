"""Reading the reports of replays; whoever may see the workflow sees its reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.accounts.access import visible, visible_or_404
from portal.accounts.actors import Actor
from portal.core.pagination import Page, keyset
from portal.home.models import ReplayReport

WRITES_SHOWN_MAX = 500


@dataclass(frozen=True)
class ReportLine:
    """One report in the list."""

    id: UUID
    workflow_name: str
    workflow_slug: str
    source: str
    finished_at: datetime
    sums: Mapping[str, Any]


@dataclass(frozen=True)
class WriteShown:
    """One writing call of a report, in words."""

    conversation: str
    run_id: str
    title: str
    verb: str
    system: str
    answer: str
    reason: str
    resolution: str
    message: str
    is_executed: bool
    outcome: str
    is_right: bool | None
    what_became: str


@dataclass(frozen=True)
class ReportPage:
    """One report with every write."""

    line: ReportLine
    seconds: float
    facts: tuple[tuple[str, str], ...]
    judged: tuple[tuple[str, str], ...]
    reasons: tuple[tuple[str, int, str], ...]
    writes: tuple[WriteShown, ...]
    left_out: int


def reports_for(*, actor: Actor, cursor: str | None = None) -> Page[ReportLine]:
    """Give one page of reports, newest first. Three queries at most."""
    rows = visible(
        ReplayReport.objects.select_related("workflow"),
        actor=actor,
        workflow_path="workflow_id",
    )
    page = keyset(rows, order=("-finished_at", "-id"), cursor=cursor)
    return Page(
        items=tuple(_line(row) for row in page.items),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
    )


def report_for(*, actor: Actor, report_id: UUID) -> ReportPage:
    """Give one report. Raises NotFound for one that this person may not see."""
    row = visible_or_404(
        visible(
            ReplayReport.objects.select_related("workflow"),
            actor=actor,
            workflow_path="workflow_id",
        ),
        id=report_id,
    )
    writes = [
        write
        for conversation in row.document["conversations"]
        for write in conversation["writes"]
    ]
    sums = row.document["sums"]
    return ReportPage(
        line=_line(row),
        seconds=row.document["seconds"],
        facts=_facts(sums),
        judged=_judged(sums) if sums["judged"] else (),
        reasons=tuple(
            (code, count, f"{count:,}") for code, count in sums["codes"].items()
        ),
        writes=tuple(_write(write) for write in writes[:WRITES_SHOWN_MAX]),
        left_out=max(0, len(writes) - WRITES_SHOWN_MAX),
    )


def _line(row: ReplayReport) -> ReportLine:
    return ReportLine(
        id=row.id,
        workflow_name=row.workflow.name,
        workflow_slug=row.workflow.slug,
        source=row.source,
        finished_at=row.finished_at,
        sums=row.document["sums"],
    )


def _facts(sums: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return (
        ("Conversations played", f"{sums['conversations']:,}"),
        ("Writing calls asked", f"{sums['asked']:,}"),
        ("Refused by the rulebook", f"{sums['refused_by_rulebook']:,}"),
        ("Sent to people", f"{sums['sent_to_people']:,}"),
        ("Allowed without a person", f"{sums['allowed']:,}"),
        ("Executed", f"{sums['executed']:,}"),
        ("Handed over to a human", f"{sums['handed_over']:,}"),
        ("Run events told", f"{sums['events_sent']:,}"),
    )


def _judged(sums: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return (
        ("Wrong calls asked", f"{sums['wrong_asked']:,}"),
        ("Wrong, refused by the rulebook", f"{sums['wrong_refused_by_rulebook']:,}"),
        ("Wrong, turned down by people", f"{sums['wrong_rejected_by_people']:,}"),
        ("Wrong, executed", f"{sums['wrong_executed']:,}"),
        (
            "Wrong, executed without a person",
            f"{sums['wrong_executed_without_a_person']:,}",
        ),
        ("Right calls asked", f"{sums['right_asked']:,}"),
        ("Right, refused by the rulebook", f"{sums['right_refused_by_rulebook']:,}"),
        ("Right, executed", f"{sums['right_executed']:,}"),
    )


def _write(write: Mapping[str, Any]) -> WriteShown:
    reasons = write["reasons"]
    named = next((str(v) for k, v in write["args"].items() if k.endswith("_id")), "")
    return WriteShown(
        conversation=write["conversation"],
        run_id=write["run_id"],
        title=f"{write['tool'].replace('_', ' ').capitalize()} {named}".strip(),
        verb=write["verb"],
        system=write["system"],
        answer=write["answer"],
        reason=reasons[0]["text"] if reasons else "",
        resolution=write["resolution"],
        message=write["message"],
        is_executed=write["is_executed"],
        outcome=write["outcome"],
        is_right=write["is_right"],
        what_became=_what_became(write),
    )


def _what_became(write: Mapping[str, Any]) -> str:
    if write["is_executed"]:
        return f"done, {write['outcome']}"
    if write["answer"] == "refuse":
        return "refused"
    return write["resolution"] or write["problem"] or "not done"
