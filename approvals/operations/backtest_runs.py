"""Running a backtest: claimed, worked through in chunks, each committed with all it found.

A chunk says where it stopped, what it counted and what it took from the caps, so the
chunks are the whole state. A worker that dies loses at most the chunk in hand; whoever
claims the backtest next goes on after the last one that was kept, and comes to the same
digest. The claim's number is the fence: a worker that was thought dead writes no more.
"""

import json
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from approvals.models import Backtest, BacktestChunk
from approvals.models.backtesting import UNFINISHED, BacktestState
from approvals.operations.backtesting import TASK, draft_of
from approvals.operations.ruling import currency_of, storable
from approvals.queries.history import Place, count_between, stretch_of
from approvals.queries.replaying import Replay, Replayed, Stretch
from approvals.rules.backtests import Tally
from approvals.rules.ledgers import micros, read, window_hours, written
from portal.accounts.actors import SYSTEM
from portal.audit.operation import operation, record
from portal.core.digest import canonical, sha256_of
from portal.core.errors import AlreadyDone
from portal.core.ids import new_id
from portal.core.outbox import enqueue
from registry.queries.rulebooks import live_rulebook

CHUNK_ROWS = 2_000
LEASE = timedelta(seconds=30)
# Short, so that a worker with one hand does its sweeps in between.
SLICE_SECONDS = 5.0
# So often it is begun again at one place before it is given up.
ATTEMPTS_MAX = 5
_COLUMNS = (
    "id", "backtest_id", "place", "action_request_id", "run_id", "asked_at", "verb",
    "system", "headline", "amount", "currency", "change", "verdict", "answer_then",
    "version_then", "answer_before", "answer_after", "cause", "code_before",
    "text_before", "code_after", "text_after",
)  # fmt: skip
_COPY = f"COPY approvals_backtestrow ({', '.join(_COLUMNS)}) FROM STDIN"
_CLAIM = (
    "UPDATE approvals_backtest SET state = 'RUNNING', attempts = attempts + 1,"
    " claim = claim + 1, started_at = coalesce(started_at, clock_timestamp()),"
    " lease_until = clock_timestamp() + %s * interval '1 second'"
    " WHERE id IN (SELECT id FROM approvals_backtest"
    " WHERE state IN ('WAITING', 'RUNNING') AND (%s::uuid IS NULL OR id = %s)"
    " AND (lease_until IS NULL OR lease_until < clock_timestamp())"
    " ORDER BY asked_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"
)
# Compare-and-set on the claim: a worker whose lease ran out finds another number here.
_KEEP_ON = (
    "UPDATE approvals_backtest SET done = done + %s, attempts = 0, lease_until ="
    " clock_timestamp() + %s * interval '1 second'"
    " WHERE id = %s AND claim = %s AND state = 'RUNNING'"
)
_LET_GO = (
    "UPDATE approvals_backtest SET lease_until = NULL, attempts = 0"
    " WHERE id = %s AND claim = %s AND state = 'RUNNING'"
)


class TakenOver(Exception):  # noqa: N818 - it is an answer, not our error
    """Another worker has this backtest by now, or a person stopped it."""


@dataclass
class Position:
    """Where a backtest stands after its last kept chunk."""

    number: int
    place: Place
    rows_kept: int
    chain: str


def claim_backtest(*, backtest_id: UUID | None = None) -> UUID | None:
    """Lease the backtest that waits longest, or this one. One statement, committed."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [LEASE.total_seconds(), backtest_id, backtest_id])
        found = cursor.fetchone()
    return found[0] if found else None


def run_slice(
    *, backtest_id: UUID, now: datetime, seconds: float = SLICE_SECONDS
) -> bool:
    """Go on with a claimed backtest for some seconds; says whether it is over.

    Two transactions a chunk at most, none of them long. What it could not finish is
    let go of, and a hint is left that it waits.
    """
    backtest = Backtest.objects.get(id=backtest_id)
    if backtest.state != BacktestState.RUNNING:
        return True
    if backtest.attempts > ATTEMPTS_MAX:
        reason = "It was begun several times and never got further. Ask for it again."
        fail_backtest(backtest_id=backtest_id, reason=reason, now=now)
        return True
    ends = time.monotonic() + seconds
    try:
        replay, position = _set_up(backtest)
        while time.monotonic() < ends:
            asked = stretch_of(
                workflow_id=backtest.workflow_id,
                after=position.place,
                until=backtest.until,
                limit=CHUNK_ROWS,
            )
            if not asked:
                finish_backtest(backtest_id=backtest_id, claim=backtest.claim, now=now)
                return True
            found = replay.stretch(asked)
            position = _keep(backtest, position, asked[-1].place, found)
        _let_go(backtest)
    except (TakenOver, AlreadyDone):
        return True
    return False


@operation(leaves="backtest.finished")
def finish_backtest(*, backtest_id: UUID, claim: int, now: datetime) -> Backtest:
    """Add the chunks up to the result, with a digest over what went in and came out.

    Raises AlreadyDone when another worker did, or a person stopped it.
    """
    found = Backtest.objects.select_for_update(no_key=True, of=("self",)).get(
        id=backtest_id
    )
    if found.state != BacktestState.RUNNING or found.claim != claim:
        raise AlreadyDone("backtest.over", "Somebody else has finished this.")
    tally, chain = Tally(), ""
    for chunk in found.chunks.order_by("number").iterator(chunk_size=200):
        tally.merge(chunk.part)
        chain = chunk.part["chain"]
    result = tally.as_document()
    found.result = result
    found.result_digest = sha256_of(canonical(_inputs(found)), canonical(result), chain)
    found.state = BacktestState.DONE
    found.total = found.done = tally.rows + tally.unreadable
    found.finished_at = now
    found.lease_until = None
    found.save()
    found.chunks.all().delete()
    record(
        "backtest.finished",
        actor=SYSTEM,
        subject=("backtest", found.id),
        workflow_id=found.workflow_id,
        workflow=found.workflow.name,
        version=found.version_number,
        count=f"{tally.rows:,}",
        digest=found.result_digest,
    )
    return found


@operation(leaves="backtest.failed")
def fail_backtest(*, backtest_id: UUID, reason: str, now: datetime) -> None:
    """Give a backtest up, with the reason; nothing of it stays. Raises AlreadyDone."""
    found = (
        Backtest.objects.select_for_update(no_key=True, of=("self",))
        .select_related("workflow")
        .get(id=backtest_id)
    )
    if found.state not in UNFINISHED:
        raise AlreadyDone("backtest.over", "This backtest is over already.")
    found.chunks.all().delete()
    found.rows.all().delete()
    found.state = BacktestState.FAILED
    found.reason = reason[:500]
    found.finished_at = now
    found.lease_until = None
    found.save(update_fields=("state", "reason", "finished_at", "lease_until"))
    record(
        "backtest.failed",
        actor=SYSTEM,
        subject=("backtest", found.id),
        workflow_id=found.workflow_id,
        workflow=found.workflow.name,
        version=found.version_number,
        reason=reason[:300],
    )


def _set_up(backtest: Backtest) -> tuple[Replay, Position]:
    """Make the replay as it stood after the last kept chunk. Two or three queries."""
    live_id = backtest.live_version_id
    replay = Replay(
        live=live_rulebook(live_id) if live_id else None,
        draft=draft_of(backtest),
        facts=backtest.facts,
        since=backtest.since,
        until=backtest.until,
    )
    if backtest.total is None:
        backtest.total = count_between(
            workflow_id=backtest.workflow_id,
            since=backtest.since,
            until=backtest.until,
        )
        Backtest.objects.filter(id=backtest.id).update(total=backtest.total)
    # Requests before `warm_since` are never read: nothing of them could still count.
    position = Position(-1, Place(), 0, "")
    if backtest.warm_since is not None:
        position.place = Place(backtest.warm_since)
    hours = max(map(window_hours, replay.books))
    chunks = backtest.chunks.order_by("number")
    last = chunks.last()
    if last is None:
        return replay, position
    edge = last.last_at - timedelta(hours=hours)
    for chunk in chunks.iterator(chunk_size=50):
        replay.kept.update(chunk.part["kept"])
        if chunk.last_at > edge:
            _remember(replay, bytes(chunk.takes), micros(edge))
    position = Position(
        last.number,
        Place(last.last_at, last.last_id),
        replay.kept.total(),
        last.part["chain"],
    )
    return replay, position


def _remember(replay: Replay, takes: bytes, edge: int) -> None:
    for ledger, document in zip(
        replay.ledgers, json.loads(zlib.decompress(takes)), strict=True
    ):
        for taken in read(document):
            if taken[0] > edge:
                ledger.put(taken)


def _keep(
    backtest: Backtest, position: Position, place: Place, found: Stretch
) -> Position:
    """Commit what a chunk found: its counts, its rows and how far it is, or nothing."""
    rows = [
        _values(backtest.id, position.rows_kept + number, row)
        for number, row in enumerate(found.rows)
    ]
    # The ids of the rows are new each time; everything else of them is in the digest.
    chain = sha256_of(position.chain, canonical([row[2:] for row in rows]))
    takes = [written(each) for each in found.takes]
    with transaction.atomic():  # noqa: TID251 - progress is no business fact
        done = found.tally.rows + found.tally.unreadable
        with connection.cursor() as cursor:
            cursor.execute(
                _KEEP_ON, [done, LEASE.total_seconds(), backtest.id, backtest.claim]
            )
            if not cursor.rowcount:
                raise TakenOver
            BacktestChunk.objects.create(
                backtest_id=backtest.id,
                number=position.number + 1,
                last_at=place.at,
                last_id=place.id,
                part={**found.tally.as_document(), "chain": chain},
                takes=zlib.compress(json.dumps(takes).encode(), 1),
            )
            if rows:
                _copy(cursor, rows)
    return Position(position.number + 1, place, position.rows_kept + len(rows), chain)


def _copy(cursor, rows: Iterable[tuple]) -> None:
    with cursor.copy(_COPY) as copy:
        for row in rows:
            copy.write_row(row)


def _values(backtest_id: UUID, place: int, row: Replayed) -> tuple:
    asked, money = row.asked, row.after.amount or row.before.amount
    before, after = row.before.reasons[0], row.after.reasons[0]
    return (
        new_id(),
        backtest_id,
        place,
        asked.id,
        asked.run_id,
        asked.asked_at,
        row.request.verb,
        row.request.system,
        asked.headline,
        storable(money),
        currency_of(money),
        row.change.value,
        row.verdict.value,
        asked.answer,
        asked.version_number,
        row.before.answer.value,
        row.after.answer.value,
        row.cause,
        before.code,
        before.text,
        after.code,
        after.text,
    )


def _let_go(backtest: Backtest) -> None:
    with transaction.atomic():  # noqa: TID251 - progress is no business fact
        with connection.cursor() as cursor:
            cursor.execute(_LET_GO, [backtest.id, backtest.claim])
        enqueue(topic="hint", payload={"task": TASK})


def _inputs(backtest: Backtest) -> dict[str, object]:
    return {
        "workflow": backtest.workflow_id,
        "document_digest": backtest.document_digest,
        "live_version": backtest.live_version_id,
        "facts": backtest.facts,
        "warm_since": backtest.warm_since,
        "since": backtest.since,
        "until": backtest.until,
    }
