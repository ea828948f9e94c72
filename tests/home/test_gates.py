"""The gate to the next phase: its evidence, its signatures, and evidence that goes stale."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from guardian.models import UserObjectPermission

from portal.accounts.models import Notice
from portal.accounts.operations.telling import NEWS, spread
from portal.audit.models import Entry
from portal.core.errors import AlreadyDone, Conflict, Forbidden, NotFound
from portal.core.models import OutboxMessage
from portal.home.queries.gates import page as gate_of
from registry.models import (
    PhaseGate,
    PhaseMove,
    PhaseSignature,
    RoleHolding,
    Workflow,
)
from registry.operations.decision_rights import Place, name_holder
from registry.operations.drafts import set_basics
from registry.operations.gates import (
    go_through_gate,
    sign_gate,
    withdraw_gate_signature,
)
from registry.operations.launching import launch_version
from registry.operations.packets import new_version, submit_version
from registry.operations.phases import take_phase_back
from registry.queries.gates import seen_of
from registry.rules.gates import GOOD_FOR, Evidence, stale, stored
from tests.approvals.asking import make_portal
from tests.people import NOW, refunds_document

pytestmark = pytest.mark.django_db

WEEKS = Evidence("weeks", "Weekly review", True, "4 weeks are signed.", "w1, w2")
ROLES = Evidence("roles", "Roles", True, "Every role is held.", "maya, ilan, rosa")
MET = (ROLES, WEEKS)
SIGNERS = (("business_owner", "maya"), ("it_owner", "ilan"), ("risk_owner", "rosa"))


@pytest.fixture
def portal(db):
    return make_portal(document=refunds_document(phase=2, guardrail={}))


def sign(portal, role, who, evidence=MET, now=NOW, seen=""):
    return sign_gate(
        actor=portal.people.actor(who),
        workflow_id=portal.workflow.id,
        role=role,
        evidence=evidence,
        seen=seen or seen_of(evidence),
        now=now + timedelta(minutes=1),
    )


def sign_gate_by_all(portal, **more):
    return [sign(portal, role, who, **more) for role, who in SIGNERS][-1]


def go(portal, digest, evidence=MET, who="maya", now=NOW):
    return go_through_gate(
        actor=portal.people.actor(who),
        workflow_id=portal.workflow.id,
        digest=digest,
        evidence=evidence,
        now=now + timedelta(minutes=2),
    )


def test_a_signed_gate_moves_a_workflow_one_phase_up_and_its_limits_hold_at_once(
    portal,
):
    before = portal.ask("20.00")
    digest = sign_gate_by_all(portal)

    assert go(portal, digest) == 3
    portal.workflow.refresh_from_db()
    asked = portal.ask("20.00")

    assert before["status"] == "in_review"
    assert asked["status"] == "refused"
    assert asked["ruling"]["reasons"][0]["code"] == "ceiling.phase"
    move = PhaseMove.objects.latest("number")
    assert (move.from_phase, move.to_phase, move.gate.digest) == (2, 3, digest)
    assert Entry.objects.filter(name="workflow.phase_raised").count() == 1
    with pytest.raises(Conflict, match="Nobody has signed"):
        go(portal, digest)


def test_where_somebody_is_named_to_move_the_owner_no_longer_does(portal):
    people = portal.people
    digest = sign_gate_by_all(portal)
    name_holder(
        actor=people.actor("ada"),
        kind="sign_gate",
        place=Place("enterprise"),
        person=people.rosa,
        now=NOW,
    )

    for who in ("maya", "ada"):
        with pytest.raises(Forbidden):
            go(portal, digest, who=who)
    assert go(portal, digest, who="rosa") == 3


def test_evidence_that_goes_stale_between_signing_and_moving_stops_the_move(portal):
    digest = sign_gate_by_all(portal)
    fewer = replace(WEEKS, mark="w1", says="3 weeks are signed.")
    lapsed = replace(ROLES, is_met=False, says="Vacant: IT owner.", mark="maya")

    with pytest.raises(
        Conflict, match="signed was “4 weeks are signed.”, now it is “3"
    ):
        go(portal, digest, evidence=(ROLES, fewer))
    with pytest.raises(Conflict, match="Vacant: IT owner"):
        go(portal, digest, evidence=(lapsed, WEEKS))
    with pytest.raises(Conflict, match="more than 14 days ago"):
        go(portal, digest, now=NOW + GOOD_FOR)
    with pytest.raises(Conflict, match="nobody signed it"):
        go(portal, digest, evidence=(*MET, Evidence("new", "New", True, "So.", "")))
    with pytest.raises(Conflict, match="can no longer be read"):
        go(portal, digest, evidence=(ROLES,))
    portal.workflow.refresh_from_db()
    assert portal.workflow.phase == 2

    # What was signed over other evidence does not count for the new one.
    sign(
        portal,
        "business_owner",
        "maya",
        evidence=(ROLES, fewer),
        now=NOW + timedelta(hours=1),
    )
    newest = PhaseGate.objects.latest("gathered_at")
    with pytest.raises(Conflict, match="Missing: IT owner, Risk owner"):
        go(portal, newest.digest, evidence=(ROLES, fewer), now=NOW + timedelta(hours=2))
    assert go_is_refused_for(portal, digest)


def go_is_refused_for(portal, digest):
    with pytest.raises(Conflict, match="Other evidence was signed since"):
        go(portal, digest, now=NOW + timedelta(hours=2))
    return True


def test_a_signature_is_over_what_was_read_by_its_own_role_and_only_when_all_is_met(
    portal,
):
    missing = replace(WEEKS, is_met=False, says="1 week is signed.")

    with pytest.raises(Conflict, match="changed after you read it"):
        sign(portal, "business_owner", "maya", seen="sha256:other")
    with pytest.raises(Conflict, match="Weekly review: 1 week is signed"):
        sign(portal, "business_owner", "maya", evidence=(ROLES, missing))
    with pytest.raises(Conflict):
        sign(portal, "business_owner", "maya", evidence=())
    with pytest.raises(Forbidden):
        sign(portal, "risk_owner", "maya")
    with pytest.raises(Forbidden):
        go(portal, "x", who="rosa")
    digest = sign(portal, "business_owner", "maya")
    with pytest.raises(Conflict, match="Missing: IT owner, Risk owner"):
        go(portal, digest)
    assert PhaseSignature.objects.count() == 1


def test_the_database_refuses_a_jump_and_a_change_that_no_move_tells(portal):
    digest = sign(portal, "business_owner", "maya")
    gate = PhaseGate.objects.get(digest=digest)
    rows = Workflow.objects.filter(id=portal.workflow.id)

    for phase in (1, 3, 4, 5):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(phase=phase)
    move = {
        "workflow": portal.workflow, "number": 2, "kind": "UP", "from_phase": 2,
        "to_phase": 3, "gate": gate, "moved_at": NOW,
    }  # fmt: skip
    for changes in (
        {},
        {"to_phase": 4},
        {"gate": None},
        {"kind": "BACK", "to_phase": 1},
        {"kind": "BACK", "to_phase": 1, "gate": None, "reason": ""},
        {"from_phase": 1, "to_phase": 2},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            PhaseMove.objects.create(**move | changes)
    with pytest.raises(IntegrityError), transaction.atomic():
        PhaseGate.objects.create(
            workflow=portal.workflow, from_phase=2, to_phase=4, content=b"{}",
            digest="x", gathered_at=NOW,
        )  # fmt: skip


def test_a_page_for_a_phase_that_no_gate_has_opened_cannot_go_live(portal):
    maya = portal.people.actor("maya")
    draft = new_version(actor=maya, workflow_id=portal.workflow.id, now=NOW)
    saved = set_basics(
        actor=maya,
        workflow_id=portal.workflow.id,
        revision=draft.revision,
        changes={"phase": 3},
        now=NOW,
    )
    submit_version(
        actor=maya, workflow_id=portal.workflow.id, revision=saved.revision, now=NOW
    )
    with pytest.raises(Conflict, match="written for phase 3"):
        launch_version(actor=maya, workflow_id=portal.workflow.id, now=NOW)

    go(portal, sign_gate_by_all(portal))
    launch_version(actor=maya, workflow_id=portal.workflow.id, now=NOW)
    portal.workflow.refresh_from_db()
    assert portal.workflow.phase == 3


def test_it_is_taken_back_at_once_by_who_may_pause_it(portal):
    with pytest.raises(Forbidden):
        take_back(portal, "dana")
    with pytest.raises(Conflict, match="taken back to a lower one"):
        take_back(portal, "maya", to_phase=2)
    take_back(portal, "erik")

    move = PhaseMove.objects.latest("number")
    assert (move.kind, move.from_phase, move.to_phase) == ("BACK", 2, 1)
    assert move.reason == "It promised too much."
    for news in OutboxMessage.objects.filter(topic=NEWS):
        spread(news.payload)
    told = Notice.objects.filter(kind="phase_taken_back")
    names = set(told.values_list("person__name", flat=True))
    assert "Maya Adler" in names
    assert "Erik Sandberg" not in names


def take_back(portal, who, to_phase=1):
    take_phase_back(
        actor=portal.people.actor(who),
        workflow_id=portal.workflow.id,
        to_phase=to_phase,
        reason="It promised too much.",
        now=NOW,
    )


def test_the_page_reads_every_line_live_and_links_to_where_it_is_mended(
    portal, monkeypatch
):
    maya = portal.signed_in("maya")
    address = f"/workflows/{portal.workflow.slug}/phase/"
    text = maya.get(address).content.decode()

    for words in ("Roles", "Training", "Launch packet", "Weekly review", "Findings"):
        assert words in text
    assert "0 of the last 8 weeks are signed; 3 are needed." in text
    assert "Not met" in text
    assert "Sign as" not in text

    monkeypatch.setattr(gate_of, "gather", lambda of: MET)
    for role, who in SIGNERS:
        seen = seen_of(MET)
        answer = portal.signed_in(who).post(
            f"{address}sign/", {"role": role, "seen": seen}
        )
        assert answer.status_code == 302
    ready = maya.get(address).content.decode()
    assert "Move to phase 3" in ready
    assert (
        "Move to phase 3" not in portal.signed_in("rosa").get(address).content.decode()
    )

    fewer = (ROLES, replace(WEEKS, mark="w1", says="3 weeks are signed."))
    monkeypatch.setattr(gate_of, "gather", lambda of: fewer)
    digest = PhaseGate.objects.get().digest
    refused = maya.post(f"{address}move/", {"digest": digest})
    assert refused.status_code == 409
    assert "now it is “3 weeks are signed.”" in refused.content.decode()

    monkeypatch.setattr(gate_of, "gather", lambda of: MET)
    assert maya.post(f"{address}move/", {"digest": digest}).status_code == 302
    back = maya.post(f"{address}back/", {"to": "1", "reason": "Too early."})
    assert back.status_code == 302
    assert "Taken back from phase 3 to phase 1: Too early." in (
        maya.get(address).content.decode()
    )


def test_targets_of_which_nothing_was_measured_are_no_evidence(db):
    document = refunds_document(
        phase=2,
        guardrail={},
        targets={"cycle-time": {"at_most": 60}},
    )
    portal = make_portal(document=document)
    text = (
        portal.signed_in("maya")
        .get(f"/workflows/{portal.workflow.slug}/phase/")
        .content.decode()
    )

    assert "Nothing was measured yet, so no target says whether it works." in text


def test_nothing_is_stale_while_everything_stands():
    assert stale(stored(MET), MET, gathered_at=NOW, now=NOW + GOOD_FOR) == ()


def test_whoever_lost_the_role_while_waiting_for_the_lock_neither_signs_nor_moves(
    portal, monkeypatch
):
    digest = sign_gate_by_all(portal)

    def others_first(scope):
        RoleHolding.objects.filter(role="business_owner").update(
            person=portal.people.dana
        )

    monkeypatch.setattr("registry.operations.gates.lock_exclusive", others_first)
    for deed in (
        lambda: go(portal, digest),
        lambda: sign(portal, "business_owner", "maya"),
    ):
        with pytest.raises(Forbidden):
            deed()

    assert PhaseMove.objects.count() == 1


def test_whoever_lost_the_right_to_pause_while_waiting_takes_no_phase_back(
    portal, monkeypatch
):
    def others_first(scope):
        UserObjectPermission.objects.filter(user=portal.people.maya).delete()

    monkeypatch.setattr("registry.operations.phases.lock_exclusive", others_first)
    with pytest.raises((Forbidden, NotFound)):
        take_phase_back(
            actor=portal.people.actor("maya"),
            workflow_id=portal.workflow.id,
            to_phase=1,
            reason="It erred.",
            now=NOW,
        )

    assert Workflow.objects.get(id=portal.workflow.id).phase == 2


def withdraw(portal, who):
    withdraw_gate_signature(
        actor=portal.people.actor(who),
        workflow_id=portal.workflow.id,
        now=NOW + timedelta(minutes=3),
    )


def test_a_signature_is_withdrawn_while_nobody_went_through_the_gate(
    portal, monkeypatch
):
    monkeypatch.setattr(gate_of, "gather", lambda of: MET)
    digest = sign_gate_by_all(portal)
    address = f"/workflows/{portal.workflow.slug}/phase/"
    assert "Withdraw my signature" not in portal.signed_in("dana").get(address).text
    with pytest.raises(AlreadyDone, match="no signature on this gate"):
        withdraw(portal, "dana")

    answer = portal.signed_in("ilan").post(f"{address}withdraw/")

    assert answer.status_code == 302
    text = portal.signed_in("maya").get(address).text
    assert "still to sign: IT owner (Ilan Torres)" in text
    assert "Ilan Torres withdrew the signature" in text
    assert "Move to phase 3" not in text
    with pytest.raises(Conflict, match="Missing: IT owner"):
        go(portal, digest)
    entry = Entry.objects.get(name="workflow.gate_signature_withdrawn")
    assert entry.workflow_id == portal.workflow.id
    for news in OutboxMessage.objects.filter(topic=NEWS):
        spread(news.payload)
    told = Notice.objects.filter(kind="gate_signature_withdrawn")
    assert list(told.values_list("person__name", flat=True)) == ["Maya Adler"]
    with pytest.raises(AlreadyDone):
        withdraw(portal, "ilan")

    # Given anew it counts again, and once the move has happened it stays.
    sign(portal, "it_owner", "ilan")
    assert go(portal, digest) == 3
    with pytest.raises(Conflict, match="went through that gate"):
        withdraw(portal, "ilan")
    assert PhaseSignature.objects.filter(withdrawn_at=None).count() == 3


def test_the_database_keeps_signatures_and_counts_only_those_that_stand(portal):
    digest = sign_gate_by_all(portal)
    gate = PhaseGate.objects.get(digest=digest)
    rows = PhaseSignature.objects.filter(gate=gate)
    changes = ({"role": "risk_owner"}, {"digest": "x"}, {"person": portal.people.dana})
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.filter(role="it_owner").update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.all().delete()
    withdraw(portal, "ilan")
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.filter(role="it_owner").update(withdrawn_at=None)
    move = {
        "workflow": portal.workflow, "number": 2, "kind": "UP", "from_phase": 2,
        "to_phase": 3, "gate": gate, "moved_at": NOW,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="sign still"), transaction.atomic():
        PhaseMove.objects.create(**move)
    sign(portal, "it_owner", "ilan")
    go(portal, digest)
    with pytest.raises(IntegrityError, match="its signatures stay"):
        rows.filter(withdrawn_at=None).update(withdrawn_at=NOW)
