"""Change logs as people see them: who may import, the list, the columns, the report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Agent, AgentKind
from portal.accounts.queries import administrators_sentence, is_administrator
from portal.core.errors import Forbidden, Invalid, NotFound
from portal.core.pagination import keyset
from registry.queries.matrix import systems_known
from runs.models import ChangeImport, ChangeRow, InboxBatch, ReportedChange

LIST_MAX = 50
STATUSES = {
    "READY": "Would be taken in",
    "WRONG": "Wrong",
    "REPEATED": "Twice in the file",
    "KNOWN": "Taken in before",
}


@dataclass(frozen=True)
class LogHead:
    """One change log: where it stands, and how much of it."""

    id: UUID
    file_name: str
    source: str
    state: str
    state_word: str
    counts: Mapping[str, int]
    by: str
    created_at: datetime
    sent_at: datetime | None
    batches: int
    batches_done: int

    @property
    def ready(self) -> int:
        return self.counts.get("READY", 0)

    @property
    def is_sent(self) -> bool:
        return self.state == "SENT"

    @property
    def is_busy(self) -> bool:
        return self.is_sent and self.batches_done < self.batches


@dataclass(frozen=True)
class LogLine:
    """One row of a log and what became of it."""

    line: int
    what: str
    status: str
    status_word: str
    mark: str
    reason: str
    run_id: UUID | None = None
    incident_id: UUID | None = None


@dataclass(frozen=True)
class LogReport:
    lines: tuple[LogLine, ...]
    next_cursor: str | None
    previous_cursor: str | None
    waiting: int


def may_import(actor: Actor) -> bool:
    """Say whether a person may speak for a system of record by a file. Two queries."""
    return is_administrator(actor) or access.holds_everywhere(actor, access.ASSESS)


def must_import(actor: Actor) -> None:
    """Raise Forbidden, naming who can help; the command line speaks as the portal."""
    if actor.kind == "system" or may_import(actor):
        return
    raise Forbidden(
        "Only administrators and the risk team take in the change log of a system."
        f" {administrators_sentence()}",
        code="change_log.not_yours",
    )


def system_of_record(source_id: UUID | None, *, name: str = "") -> Agent:
    """Give a system of record by id, or by slug or name. Raises Invalid."""
    rows = Agent.objects.filter(kind=AgentKind.SYSTEM_OF_RECORD, is_active=True)
    if source_id is not None:
        found = rows.filter(id=source_id).first()
    else:
        found = rows.filter(slug=name).first() or rows.filter(name__iexact=name).first()
    if found is None:
        raise Invalid({"source": "Choose the system of record whose log this is."})
    return found


def called_by_grants(source: Agent) -> str:
    """Give what grants call the system of this log, or nothing where that is not known.

    A wrong name would match no grant, and every row would be an incident. One query.
    """
    asked = source.name.casefold()
    names = systems_known().values()
    return next(
        (each.slug for each in names if asked in (each.slug, each.name.casefold())), ""
    )


def systems_to_pick() -> tuple[tuple[str, str], ...]:
    """Give the systems of record. One query."""
    rows = Agent.objects.filter(kind=AgentKind.SYSTEM_OF_RECORD, is_active=True)
    return tuple(
        (str(each.id), each.name) for each in rows.order_by("name", "id")[:200]
    )


def import_seen_by(actor: Actor, import_id: UUID) -> ChangeImport:
    """Give a log to who may import, or raise NotFound."""
    if actor.kind != "system" and not may_import(actor):
        raise NotFound("There is nothing here, or you may not see it.")
    found = (
        ChangeImport.objects.select_related("source", "created_by")
        .filter(id=import_id)
        .first()
    )
    if found is None:
        raise NotFound("There is nothing here, or you may not see it.")
    return found


def logs_for(actor: Actor) -> tuple[LogHead, ...]:
    """Give the newest change logs. Three queries."""
    must_import(actor)
    rows = ChangeImport.objects.select_related("source", "created_by")
    return tuple(_head(row) for row in rows.order_by("-created_at", "-id")[:LIST_MAX])


def log_head(*, actor: Actor, import_id: UUID) -> LogHead:
    """Give where one log stands, with how far its rows are."""
    return _head(import_seen_by(actor, import_id), is_close=True)


def _head(row: ChangeImport, *, is_close: bool = False) -> LogHead:
    done = (
        InboxBatch.objects.filter(id__in=row.batches).exclude(state="PENDING").count()
        if is_close and row.batches
        else len(row.batches)
    )
    return LogHead(
        id=row.id,
        file_name=row.file_name,
        source=row.source.name,
        state=row.state,
        state_word=row.get_state_display(),
        counts=row.counts,
        by=row.created_by.name if row.created_by else "The portal",
        created_at=row.created_at,
        sent_at=row.sent_at,
        batches=len(row.batches),
        batches_done=done,
    )


def report_of(
    *, actor: Actor, import_id: UUID, status: str = "", cursor: str | None = None
) -> LogReport:
    """Give one page of rows with what became of each. Four queries."""
    source = import_seen_by(actor, import_id)
    rows = ChangeRow.objects.filter(source=source)
    if status in STATUSES:
        rows = rows.filter(status=status)
    page = keyset(rows, order=("line", "id"), cursor=cursor)
    waiting = ReportedChange.objects.filter(
        batch_id__in=source.batches, state=ReportedChange.State.WAITING
    )
    return LogReport(
        lines=tuple(_lines(source, list(page.items))),
        next_cursor=page.next_cursor,
        previous_cursor=page.previous_cursor,
        waiting=waiting.count() if source.batches else 0,
    )


def whole_report(*, actor: Actor, import_id: UUID) -> Iterator[LogLine]:
    """Give every row with what became of it, a thousand at a time. Raises NotFound."""
    source = import_seen_by(actor, import_id)
    rows = list(ChangeRow.objects.filter(source=source).order_by("line", "id"))
    # Whoever may not see it is told so before the first line is written.
    return chain.from_iterable(
        _lines(source, rows[start : start + 1000])
        for start in range(0, len(rows), 1000)
    )


def _lines(source: ChangeImport, rows: list[ChangeRow]) -> Iterator[LogLine]:
    ids = [row.event_id for row in rows if row.event_id]
    found = {
        each.source_event_id: each
        for each in ReportedChange.objects.filter(
            source_id=source.source_id, source_event_id__in=ids
        ).select_related("incident")
    }
    for row in rows:
        change = found.get(row.event_id)
        if source.state == "SENT" and row.status == "READY":
            yield _became(row, change)
        else:
            mark = {"READY": "draft", "WRONG": "failed"}.get(row.status, "info")
            yield LogLine(
                row.line, row.what, row.status, STATUSES[row.status], mark, row.reason
            )


def _became(row: ChangeRow, change: ReportedChange | None) -> LogLine:
    if change is None or change.state == ReportedChange.State.WAITING:
        return LogLine(row.line, row.what, "WAITING", "Being matched", "running", "")
    if change.state == ReportedChange.State.MATCHED:
        return LogLine(
            row.line,
            row.what,
            "MATCHED",
            "Covered by a grant",
            "done",
            "",
            change.run_id,
        )
    incident = getattr(change, "incident", None)
    return LogLine(
        row.line,
        row.what,
        "UNMATCHED",
        "No grant covers it",
        "failed",
        incident.why if incident else "",
        change.run_id,
        incident.id if incident else None,
    )
