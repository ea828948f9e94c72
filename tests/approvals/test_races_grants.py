"""Redeeming against revoking: 200 rounds, and a control that forces the interleaving."""

import threading
from collections import Counter
from types import SimpleNamespace

import pytest

from approvals.models import Grant
from approvals.operations import grants
from approvals.operations.grants import Redeemed, RedemptionRefused
from approvals.operations.revoking import revoke_grant
from approvals.queries import tokens
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.errors import Conflict
from portal.core.ids import new_id
from tests.approvals.racing import (
    ROUNDS,
    WAIT_SECONDS,
    ask,
    racers,
    redeemer,
    roomy_portal,
    without_triggers,
)

pytestmark = pytest.mark.race


def both_ends(portal, run: str):
    """Give a call that redeems and a call that revokes a grant that is asked now."""
    grant = ask(portal, "1.00", run).grant
    token = tokens.token_of(grant_id=grant.id, key_id=grant.key_id)
    maya = portal.people.actor("maya")

    def revoke():
        return revoke_grant(
            actor=maya, grant_id=grant.id, reason="Wrong customer.", now=wall_clock()
        )

    return redeemer(portal, token, grant.digest), revoke


def on_record(name: str) -> set:
    return set(Entry.objects.filter(name=name).values_list("subject_id", flat=True))


def test_redeeming_against_revoking_does_exactly_one(committed_db):
    portal = roomy_portal()
    seen = Counter()
    with racers(2) as field:
        for n in range(ROUNDS):
            redeemed, revoked = field.race(*both_ends(portal, f"r{n}"))
            if isinstance(redeemed, Redeemed):
                assert isinstance(revoked, Conflict), revoked
                seen["REDEEMED"] += 1
            else:
                assert isinstance(redeemed, RedemptionRefused), redeemed
                assert redeemed.code == "grant.revoked"
                assert isinstance(revoked, Grant), revoked
                seen["REVOKED"] += 1
    assert seen == Counter(Grant.objects.values_list("state", flat=True))
    assert not on_record("grant.redeemed") & on_record("grant.revoked")


def test_control_with_a_look_before_the_set_a_revoked_grant_is_redeemed(
    committed_db, monkeypatch
):
    portal = roomy_portal()
    without_triggers(committed_db, "approvals_grant")
    redeem, revoke = both_ends(portal, "r1")
    has_read, is_revoked = threading.Event(), threading.Event()

    def look_then_set(*, grant_id, digest, facts, key_id):
        if not Grant.objects.filter(id=grant_id, state="ISSUED").exists():
            return None
        has_read.set()
        assert is_revoked.wait(WAIT_SECONDS)
        execution = new_id()
        Grant.objects.filter(id=grant_id).update(
            state="REDEEMED",
            execution_id=execution,
            redeemed_at=wall_clock(),
            ended_at=None,
            ended_by=None,
        )
        return execution

    def revoke_in_between():
        assert has_read.wait(WAIT_SECONDS)
        try:
            return revoke()
        finally:
            is_revoked.set()

    monkeypatch.setattr(grants, "consume", look_then_set)
    monkeypatch.setattr(grants, "lock_run", lambda **_: SimpleNamespace(is_held=False))

    with racers(2) as field:
        redeemed, revoked = field.race(redeem, revoke_in_between)

    assert isinstance(redeemed, Redeemed), redeemed
    assert isinstance(revoked, Grant), revoked
    assert on_record("grant.redeemed") & on_record("grant.revoked")
