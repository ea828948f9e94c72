"""Backtests as pages show them: a workflow's list, one with its progress or result, its rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from approvals.models import Backtest, BacktestRow
from approvals.models.backtesting import UNFINISHED, BacktestState
from approvals.queries.backtest_access import (
    backtest_seen_by,
    may_run,
    workflow_to_backtest,
)
from approvals.queries.backtest_summary import Summary, code_words, summary_of
from approvals.queries.history import first_asked_at
from approvals.rules.backtest_words import CHANGE_WORDS, VERDICT_WORDS, period
from approvals.rules.backtests import Change
from portal.accounts.actors import Actor
from portal.core.pagination import keyset
from registry.queries.evidence import EvidenceTarget, evidence_target
from registry.queries.workflows import WorkflowHead, workflow_head

LISTED_MAX = 30
STATE_KINDS = {
    BacktestState.WAITING: "waiting",
    BacktestState.RUNNING: "running",
    BacktestState.DONE: "done",
    BacktestState.CANCELLED: "draft",
    BacktestState.FAILED: "failed",
}


@dataclass(frozen=True)
class BacktestHead:
    """One backtest: what it tried on what, where it stands, and whether it still holds."""

    id: UUID
    slug: str
    workflow: str
    version_number: int
    live_number: int | None
    period: str
    since: datetime | None
    until: datetime
    state: str
    state_word: str
    state_kind: str
    reason: str
    total: int | None
    done: int
    by: str
    asked_at: datetime
    finished_at: datetime | None
    digest: str
    document_digest: str
    attached_by: str | None
    attached_at: datetime | None
    outdated: str
    is_for_submitted: bool
    sentence: str

    @property
    def is_running(self) -> bool:
        return self.state in UNFINISHED

    @property
    def is_done(self) -> bool:
        return self.state == BacktestState.DONE

    @property
    def is_attached(self) -> bool:
        return self.attached_at is not None

    @property
    def may_attach(self) -> bool:
        return self.is_done and not self.is_attached and not self.outdated

    @property
    def share(self) -> int:
        """Say how much of it is done, in percent."""
        return min(100, 100 * self.done // self.total) if self.total else 0


@dataclass(frozen=True)
class BacktestsPage:
    """Where a backtest begins, and the earlier ones of a workflow."""

    workflow: WorkflowHead
    open_number: int | None
    is_submitted: bool
    first_asked_at: datetime | None
    found: tuple[BacktestHead, ...]

    @property
    def running(self) -> BacktestHead | None:
        return next((each for each in self.found if each.is_running), None)


@dataclass(frozen=True)
class BacktestPage:
    head: BacktestHead
    summary: Summary | None
    may_run: bool


@dataclass(frozen=True)
class LatestBacktest:
    """The newest backtest of the open version, for the pages about that version."""

    workflow: WorkflowHead
    found: BacktestHead | None
    may_run: bool
    may_begin: bool


@dataclass(frozen=True)
class RowFilter:
    """Which rows are wanted; what is empty is not asked for.

    Without a change it is every row that changes, unless `with_same` says otherwise.
    """

    change: str = ""
    verdict: str = ""
    verb: str = ""
    system: str = ""
    cause: str = ""
    amount_min: Decimal | None = None
    currency: str = ""
    with_same: bool = False


@dataclass(frozen=True)
class RowLine:
    """One request: what changed about it, why, and what people had said."""

    place: int
    headline: str
    run_id: UUID
    action_id: UUID
    asked_at: datetime
    verb: str
    system: str
    amount: Decimal | None
    currency: str
    change: str
    change_words: str
    verdict: str
    verdict_words: str
    answer_then: str
    version_then: int | None
    answer_before: str
    answer_after: str
    text_before: str
    text_after: str
    code_before: str
    code_after: str
    cause_words: str


@dataclass(frozen=True)
class RowsPage:
    lines: tuple[RowLine, ...]
    next_cursor: str | None
    previous_cursor: str | None


def backtests_page(*, actor: Actor, slug: str) -> BacktestsPage:
    """Give the backtests of a workflow to whoever may run one. About a dozen queries."""
    head = workflow_to_backtest(actor=actor, slug=slug)
    target = evidence_target(workflow_id=head.id)
    rows = _with_people(Backtest.objects.filter(workflow_id=head.id))
    return BacktestsPage(
        workflow=head,
        open_number=target.number if target else None,
        is_submitted=target is not None and target.is_submitted,
        first_asked_at=first_asked_at(workflow_id=head.id),
        found=tuple(head_of(row, target) for row in rows.order_by("-id")[:LISTED_MAX]),
    )


def backtest_page(*, actor: Actor, backtest_id: UUID) -> BacktestPage:
    """Give one backtest, with its result when it is finished. About ten queries."""
    found = backtest_seen_by(actor=actor, backtest_id=backtest_id)
    target = evidence_target(workflow_id=found.workflow_id)
    is_done = found.state == BacktestState.DONE
    return BacktestPage(
        head=head_of(found, target),
        summary=summary_of(found) if is_done else None,
        may_run=may_run(actor, found.workflow_id),
    )


def latest_of(*, actor: Actor, slug: str) -> LatestBacktest:
    """Give the newest backtest of the open version that this person may read, if any."""
    head = workflow_head(actor=actor, slug=slug)
    target = evidence_target(workflow_id=head.id)
    runs = may_run(actor, head.id)
    rows = Backtest.objects.filter(workflow_id=head.id)
    if target is not None:
        rows = rows.filter(version_id=target.version_id)
    if not runs:
        rows = rows.filter(attached_as__isnull=False)
    wanted = rows.filter(state__in=(*UNFINISHED, BacktestState.DONE))
    row = _with_people(wanted).order_by("-id").first()
    return LatestBacktest(
        workflow=head,
        found=head_of(row, target) if row else None,
        may_run=runs,
        may_begin=runs and target is not None,
    )


def rows_of(
    *, actor: Actor, backtest_id: UUID, wanted: RowFilter, cursor: str | None = None
) -> RowsPage:
    """Give one page of the rows that are kept, newest first. About six queries."""
    rows = _rows(actor, backtest_id, wanted)
    page = keyset(rows, order=("-place",), cursor=cursor)
    return RowsPage(
        tuple(_line(row) for row in page.items), page.next_cursor, page.previous_cursor
    )


def every_row(
    *, actor: Actor, backtest_id: UUID, wanted: RowFilter
) -> Iterator[RowLine]:
    """Give every row that is kept, a few hundred in memory at a time."""
    rows = _rows(actor, backtest_id, wanted).order_by("place")
    return (_line(row) for row in rows.iterator(chunk_size=500))


def head_of(row: Backtest, target: EvidenceTarget | None) -> BacktestHead:
    """Give the head of a backtest that may be shown. No query."""
    is_done = row.state == BacktestState.DONE
    return BacktestHead(
        id=row.id,
        slug=row.workflow.slug,
        workflow=row.workflow.name,
        version_number=row.version_number,
        live_number=row.live_number,
        period=period(row.days),
        since=row.since,
        until=row.until,
        state=row.state,
        state_word=str(row.get_state_display()),
        state_kind=STATE_KINDS[BacktestState(row.state)],
        reason=row.reason,
        total=row.total,
        done=row.done,
        by=row.asked_by.name if row.asked_by else "Countersign",
        asked_at=row.asked_at,
        finished_at=row.finished_at,
        digest=row.result_digest,
        document_digest=row.document_digest,
        attached_by=row.attached_by.name if row.attached_by else None,
        attached_at=row.attached_at,
        outdated=_outdated(row, target),
        is_for_submitted=target is not None and target.is_submitted,
        sentence=summary_of(row).sentence if is_done else "",
    )


def _outdated(row: Backtest, target: EvidenceTarget | None) -> str:
    """Say why a backtest no longer speaks of what is open, or nothing when it does."""
    number = row.version_number
    if target is None or target.version_id != row.version_id:
        return (
            f"Version {number} is no longer open: it went live, or it was taken back."
            " This stays as it was."
        )
    if target.document_digest != row.document_digest:
        return (
            f"This is of an older draft: version {number} was changed after it began."
            " Run it again to see what the draft does now."
        )
    return ""


def _with_people(rows: QuerySet[Backtest]) -> QuerySet[Backtest]:
    return rows.select_related("workflow", "asked_by", "attached_by")


def _rows(actor: Actor, backtest_id: UUID, wanted: RowFilter) -> QuerySet[BacktestRow]:
    found = backtest_seen_by(actor=actor, backtest_id=backtest_id)
    rows = BacktestRow.objects.filter(backtest=found)
    for name in ("change", "verdict", "verb", "system", "cause", "currency"):
        value = getattr(wanted, name)
        if value:
            rows = rows.filter(**{name: value})
    if not wanted.change and not wanted.with_same:
        rows = rows.exclude(change=Change.SAME)
    if wanted.amount_min is not None:
        rows = rows.filter(amount__gte=wanted.amount_min)
    # Until it is finished, what is kept may still be thrown away.
    return rows if found.state == BacktestState.DONE else rows.none()


def _line(row: BacktestRow) -> RowLine:
    return RowLine(
        place=row.place,
        headline=row.headline,
        run_id=row.run_id,
        action_id=row.action_request_id,
        asked_at=row.asked_at,
        verb=row.verb,
        system=row.system,
        amount=row.amount,
        currency=row.currency,
        change=row.change,
        change_words=CHANGE_WORDS[row.change],
        verdict=row.verdict,
        verdict_words=VERDICT_WORDS[row.verdict],
        answer_then=row.answer_then,
        version_then=row.version_then,
        answer_before=row.answer_before,
        answer_after=row.answer_after,
        text_before=row.text_before,
        text_after=row.text_after,
        code_before=row.code_before,
        code_after=row.code_after,
        cause_words=code_words(row.cause),
    )
