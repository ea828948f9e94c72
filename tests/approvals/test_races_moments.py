"""Deciding and redeeming against what ends them: the clock, a pause, a new rulebook.

200 rounds each, and a negative control for each."""

import random
import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from approvals.models import Grant, Proposal
from approvals.operations import expire, grants, sitting
from approvals.operations.decide import Decided
from approvals.operations.grants import Redeemed, RedemptionRefused, consume
from approvals.queries import tokens
from approvals.queries.blocking import Blocked
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict
from portal.core.ids import new_id
from registry.operations.launching import roll_back
from registry.operations.packets import new_version
from registry.operations.pausing import pause_workflow, resume_workflow
from registry.queries.rulebooks import standing_facts
from tests.approvals.racing import (
    ROUNDS,
    ROUNDS_OF_FIFTY,
    approver,
    ask,
    journal_after,
    open_proposal,
    patiently,
    racers,
    redeemer,
    roomy_portal,
    without_locks,
    without_triggers,
)
from tests.people import launch

pytestmark = pytest.mark.race
FIFTY = 50
SPREAD_SECONDS = 0.03
SWITCHES = ("workflow.resumed", "workflow.paused")


def run_out(superuser, proposal: Proposal, *, seconds: float) -> None:
    """Let the agent's own deadline pass in a moment."""
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(
        "UPDATE approvals_actionrequest SET expires_at = clock_timestamp() + %s"
        " * interval '1 second' WHERE id = %s",
        [seconds, proposal.action_request_id],
    )


def ender(proposal: Proposal):
    return lambda: expire.time_out_proposal(proposal_id=proposal.id, now=wall_clock())


def test_approving_against_expiry_ends_in_exactly_one(committed_db):
    portal = roomy_portal()
    chance = random.Random(4)  # noqa: S311 - spreads the moments, keeps no secret
    with racers(2) as field, committed_db.superuser_connection() as superuser:
        for n in range(ROUNDS):
            proposal = open_proposal(portal, f"r{n}")
            approve = approver(portal, "dana", proposal)
            run_out(superuser, proposal, seconds=chance.random() * SPREAD_SECONDS)
            approved, _ = field.race(approve, ender(proposal))
            if not isinstance(approved, Decided):
                assert isinstance(approved, Conflict), approved
                # Whoever came too early to end it: the next sweep does.
                with_patience(ender(proposal))
            proposal.refresh_from_db()
            issued = Grant.objects.filter(action_request=proposal.action_request_id)
            wanted = (
                ("APPROVED", 1) if isinstance(approved, Decided) else ("EXPIRED", 0)
            )
            assert (proposal.state, issued.count()) == wanted


def with_patience(call) -> None:
    try:
        patiently(call)
    except AlreadyDone:
        return


def test_control_without_the_lock_an_expired_proposal_has_a_grant(
    committed_db, monkeypatch
):
    portal = roomy_portal()
    without_triggers(committed_db, "approvals_proposal", "approvals_actionrequest")
    proposal = open_proposal(portal, "r1")
    calls = approver(portal, "dana", proposal), ender(proposal)
    with committed_db.superuser_connection() as superuser:
        run_out(superuser, proposal, seconds=600)
    calls = without_locks(monkeypatch, *calls, places=(sitting, expire))
    # To the one who ends it the time is over; to the one who approves it was not yet.
    monkeypatch.setattr(
        expire, "database_now", lambda: wall_clock() + timedelta(hours=1)
    )

    with racers(2) as field:
        approved, ended = field.race(*calls)

    assert isinstance(approved, Decided), approved
    assert isinstance(ended, Proposal), ended
    assert Grant.objects.count() == 1


def pauser(portal):
    return lambda: pause_workflow(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        reason="Odd refunds.",
        now=wall_clock(),
    )


def test_no_approval_is_counted_after_a_pause(committed_db):
    portal = roomy_portal()
    seen = Counter()
    with racers(2) as field:
        for n in range(ROUNDS):
            proposal = open_proposal(portal, f"r{n}")
            approved, paused = field.race(
                approver(portal, "dana", proposal), pauser(portal)
            )
            assert isinstance(approved, (Decided, Blocked)), approved
            assert not isinstance(paused, Exception), paused
            seen[type(approved)] += 1
            resume_workflow(
                actor=portal.people.actor("maya"),
                workflow_id=portal.workflow.id,
                reason="They were right.",
                now=wall_clock(),
            )
    assert seen[Decided] == Grant.objects.count()
    assert journal_after(SWITCHES, "grant.issued") == 0


def test_control_without_the_shared_lock_an_approval_follows_the_pause(
    committed_db, monkeypatch
):
    portal = roomy_portal()
    proposal = open_proposal(portal, "r1")
    calls = approver(portal, "dana", proposal), pauser(portal)
    original, has_read = sitting.standing_facts, threading.Event()
    is_paused = threading.Event()

    def read_then_dawdle(*args, **kwargs):
        facts = original(*args, **kwargs)
        has_read.set()
        is_paused.wait(5)
        return facts

    def pause_in_between():
        has_read.wait(5)
        calls[1]()
        is_paused.set()

    monkeypatch.setattr(sitting, "guard_authority", lambda **_: None)
    monkeypatch.setattr(sitting, "standing_facts", read_then_dawdle)

    with racers(2) as field:
        approved, _ = field.race(calls[0], pause_in_between)

    assert isinstance(approved, Decided), approved
    assert journal_after(SWITCHES, "grant.issued") == 1


def two_rulebooks(portal) -> None:
    """Let version 2, worded as version 1, be live; going back and forth needs nobody."""
    maya = portal.people.actor("maya")
    draft = new_version(actor=maya, workflow_id=portal.workflow.id, now=wall_clock())
    launch(portal.people, portal.workflow, revision=draft.revision)


def publisher(portal, number: int):
    return lambda: roll_back(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        number=number,
        reason="The other one again.",
        now=wall_clock(),
    )


def granted(portal, run: str):
    """Give a call that redeems a grant of a small refund that is asked now."""
    grant = ask(portal, "1.00", run).grant
    token = tokens.token_of(grant_id=grant.id, key_id=grant.key_id)
    return redeemer(portal, token, grant.digest)


def test_a_grant_of_the_former_rulebook_is_not_used_after_a_new_one_is_live(
    committed_db,
):
    portal = roomy_portal()
    two_rulebooks(portal)
    seen = Counter()
    with racers(2) as field:
        for n in range(ROUNDS):
            redeem = granted(portal, f"r{n}")
            redeemed, published = field.race(redeem, publisher(portal, 1 + n % 2))
            assert not isinstance(published, Exception), published
            if isinstance(redeemed, RedemptionRefused):
                assert redeemed.code == "grant.stale"
            else:
                assert isinstance(redeemed, Redeemed), redeemed
            seen[type(redeemed)] += 1
    assert redeemed_after_their_rulebook() == 0
    assert seen[Redeemed] == Grant.objects.filter(state="REDEEMED").count()


def redeemed_after_their_rulebook() -> int:
    """Count grants with a change of the live rulebook between issuing and redeeming."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM audit_entry r JOIN audit_entry i"
            " ON i.stream = r.stream AND i.subject_id = r.subject_id"
            " AND i.name = 'grant.issued' WHERE r.name = 'grant.redeemed' AND EXISTS ("
            " SELECT 1 FROM audit_entry p WHERE p.stream = r.stream"
            " AND p.name = 'workflow.rolled_back'"
            " AND p.sequence BETWEEN i.sequence AND r.sequence)"
        )
        return cursor.fetchone()[0]


def test_control_without_the_shared_lock_a_former_grant_is_used(
    committed_db, monkeypatch
):
    portal = roomy_portal()
    two_rulebooks(portal)
    redeem, publish = granted(portal, "r1"), publisher(portal, 1)
    has_read, is_published = threading.Event(), threading.Event()

    def read_then_dawdle(*args, **kwargs):
        facts = standing_facts(*args, **kwargs)
        has_read.set()
        is_published.wait(5)
        return facts

    def publish_in_between():
        has_read.wait(5)
        publish()
        is_published.set()

    monkeypatch.setattr(grants, "guard_authority", lambda **_: None)
    monkeypatch.setattr(grants, "standing_facts", read_then_dawdle)

    with racers(2) as field:
        redeemed, _ = field.race(redeem, publish_in_between)

    assert isinstance(redeemed, Redeemed), redeemed
    assert redeemed_after_their_rulebook() == 1


def test_of_fifty_redeemers_one_uses_the_grant(committed_db):
    portal = roomy_portal()
    with racers(FIFTY) as field:
        for n in range(ROUNDS_OF_FIFTY):
            redeem = granted(portal, f"r{n}")
            found = field.race(*[redeem] * FIFTY)
            kinds = Counter(type(each) for each in found)
            assert kinds == {Redeemed: 1, RedemptionRefused: FIFTY - 1}, found
    assert Grant.objects.filter(state="REDEEMED").count() == ROUNDS_OF_FIFTY


def test_fifty_compare_and_sets_on_one_grant_hit_once_in_every_round(committed_db):
    """The statement alone, outside an operation: not even a trigger helps it."""
    portal = roomy_portal()
    without_triggers(committed_db, "approvals_grant")
    with racers(FIFTY) as field:
        for n in range(ROUNDS):
            found = field.race(*[compare_and_set(portal, f"r{n}", consume)] * FIFTY)
            assert sum(each is not None for each in found) == 1, found


def compare_and_set(portal, run: str, use):
    """Give the one statement on which redeeming stands, for a grant that is asked now."""
    grant = ask(portal, "1.00", run).grant
    facts = standing_facts(grant.workflow_id, agent_id=grant.agent_id)
    return lambda: use(grant_id=grant.id, digest=grant.digest, facts=facts, key_id=None)


def test_control_with_a_look_before_the_set_many_of_fifty_hit(committed_db):
    portal = roomy_portal()
    without_triggers(committed_db, "approvals_grant")
    meeting = threading.Barrier(FIFTY, timeout=10)

    def look_then_set(*, grant_id, digest, facts, key_id):
        is_free = Grant.objects.filter(id=grant_id, state="ISSUED").exists()
        meeting.wait()
        if not is_free:
            return None
        execution = new_id()
        Grant.objects.filter(id=grant_id).update(
            state="REDEEMED", execution_id=execution, redeemed_at=wall_clock()
        )
        return execution

    with racers(FIFTY) as field:
        found = field.race(*[compare_and_set(portal, "r1", look_then_set)] * FIFTY)

    assert sum(each is not None for each in found) > 1, found
