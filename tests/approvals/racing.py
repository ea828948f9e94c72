"""Races in many rounds: threads that keep their connection and start each round together.

`RACE_ROUNDS_OF_FIFTY` sets how often fifty race at once; the suite runs few, a quiet
machine 200.
"""

import contextlib
import json
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import connection, connections

from approvals.models import Proposal
from approvals.operations import decide, edit, sitting
from approvals.operations.ask import ask_action
from approvals.operations.grants import redeem_grant
from approvals.queries.envelope import Asking, action_bytes
from portal.accounts.actors import actor_for
from portal.accounts.keys import authenticate
from portal.core.clock import wall_clock
from portal.core.errors import Unavailable
from portal.core.strict_json import parse_object
from tests.approvals.asking import Portal, digest_of_proposal, make_portal
from tests.people import refunds_document

ROUNDS = 200
ROUNDS_OF_FIFTY = int(os.environ.get("RACE_ROUNDS_OF_FIFTY", "4"))
WAIT_SECONDS = 30
TRIES = 20
type Call = Callable[[], object]


class Racers:
    """So many threads, each with one connection for all rounds."""

    def __init__(self, count: int) -> None:
        self._start = threading.Barrier(count, timeout=WAIT_SECONDS)
        self._done: queue.Queue[tuple[int, object]] = queue.Queue()
        self._calls: list[queue.Queue[Call | None]] = [
            queue.Queue() for _ in range(count)
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(n,), daemon=True)
            for n in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, number: int) -> None:
        connection.ensure_connection()
        while call := self._calls[number].get():
            try:
                self._start.wait()
                found: object = patiently(call)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                found = error
            self._done.put((number, found))
        connections.close_all()

    def race(self, *calls: Call) -> list[Any]:
        """Run one call on each thread at once; give results or exceptions in order."""
        for waiting, call in zip(self._calls, calls, strict=True):
            waiting.put(call)
        found = dict(self._done.get(timeout=WAIT_SECONDS * 2) for _ in calls)
        return [found[number] for number in range(len(calls))]

    def stop(self) -> None:
        for waiting in self._calls:
            waiting.put(None)
        for thread in self._threads:
            thread.join(WAIT_SECONDS)


@contextmanager
def racers(count: int) -> Iterator[Racers]:
    """Give a field of racers, and let go of their connections afterwards."""
    field = Racers(count)
    try:
        yield field
    finally:
        field.stop()


def patiently(call: Call) -> object:
    """Try again when a lock was not had in time, as a client does on a 503."""
    for _ in range(TRIES):
        with contextlib.suppress(Unavailable):
            return call()
    raise AssertionError("never had the lock")


def roomy_portal(*, quorum: int = 1) -> Portal:
    """Give a live workflow whose cap is never reached, by so many refunds either."""
    caps = [refunds_document()["caps"][0] | {"limit": "900000.00"}]
    rows = refunds_document()["allowances"]
    rows[1] |= {"quorum": quorum, "authority": "review"} if quorum > 1 else {}
    return make_portal(document=refunds_document(caps=caps, allowances=rows))


def asking(portal: Portal, amount: str, run: str) -> Asking:
    """Give a request as the door reads it."""
    body = portal.body(amount, run=run)
    raw = json.dumps(body).encode()
    return Asking(
        workflow=body["workflow"],
        run=run,
        raw=raw,
        action=action_bytes(raw),
        body=parse_object(raw),
    )


def ask(portal: Portal, amount: str, run: str):
    """Ask by the operation, without HTTP."""
    principal = authenticate(f"Bearer {portal.key}")
    return ask_action(
        principal=principal, asking=asking(portal, amount, run), now=wall_clock()
    )


def open_proposal(portal: Portal, run: str) -> Proposal:
    """Ask for what a person decides."""
    proposal = ask(portal, "84.20", run).proposal
    assert proposal is not None
    return proposal


def approver(portal: Portal, who: str, proposal: Proposal, digest: str = "") -> Call:
    """Give a call that approves what is current now."""
    seen = digest or digest_of_proposal(str(proposal.id))
    actor = actor_for(portal.people.people[who])
    return lambda: decide.approve_proposal(
        actor=actor, proposal_id=proposal.id, digest=seen, now=wall_clock()
    )


def rejecter(portal: Portal, who: str, proposal: Proposal) -> Call:
    seen = digest_of_proposal(str(proposal.id))
    actor = actor_for(portal.people.people[who])
    return lambda: decide.reject_proposal(
        actor=actor,
        proposal_id=proposal.id,
        digest=seen,
        reason_code="duplicate",
        message="",
        now=wall_clock(),
    )


def editor(portal: Portal, who: str, proposal: Proposal, amount: str) -> Call:
    """Give a call that edits the amount of what is current now, and approves it."""
    seen = digest_of_proposal(str(proposal.id))
    actor = actor_for(portal.people.people[who])
    return lambda: edit.edit_and_approve(
        actor=actor,
        proposal_id=proposal.id,
        digest=seen,
        edits={"arg-0": amount},
        now=wall_clock(),
    )


def redeemer(portal: Portal, grant_token: str, digest: str) -> Call:
    principal = authenticate(f"Bearer {portal.key}")
    return lambda: redeem_grant(
        actor=principal.actor,
        key_id=principal.key_id,
        token=grant_token,
        action_digest=digest,
    )


def without_locks(monkeypatch, *calls: Call, places=(sitting,)) -> list[Call]:
    """Take the proposal's lock away: all read it, and only then does one after another act.

    Each acts when the one before has ended, so that nothing but the missing lock matters.
    """
    meeting = threading.Barrier(len(calls), timeout=10)
    ended = [threading.Event() for _ in calls]
    own = threading.local()

    def unlocked(proposal_id):
        found = Proposal.objects.select_related(
            "action_request", "resolved_by", "workflow__department"
        ).get(id=proposal_id)
        meeting.wait()
        if own.number:
            ended[own.number - 1].wait(10)
        return found

    def in_turn(number: int, call: Call) -> object:
        own.number = number
        try:
            return call()
        finally:
            ended[number].set()

    for place in places:
        monkeypatch.setattr(place, "lock_proposal", unlocked)
    return [partial(in_turn, number, call) for number, call in enumerate(calls)]


def without_triggers(database, *tables: str) -> None:
    """Let the database itself catch nothing, so that the control sees the code alone."""
    with database.superuser_connection() as superuser:
        for table in tables:
            superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


def journal_after(first: Sequence[str], then: str) -> int:
    """Count entries whose latest switch before them in the chain is the last of `first`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM audit_entry e WHERE e.name = %s AND (SELECT s.name"
            " FROM audit_entry s WHERE s.stream = e.stream AND s.sequence < e.sequence"
            " AND s.name = ANY(%s) ORDER BY s.sequence DESC LIMIT 1) = %s",
            [then, list(first), first[-1]],
        )
        return cursor.fetchone()[0]
