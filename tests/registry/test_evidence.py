"""What is signed: the page, its people and what is known of it; anything changed is signed anew."""

import json

import pytest
from django.db import DatabaseError, connection, transaction

from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from portal.audit.operation import operation
from portal.core.digest import sha256_of
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.ids import new_id
from registry.models import Evidence, LaunchPacket, Signature
from registry.models.workflow import Role
from registry.operations import evidence
from registry.operations.drafts import answer_question, discard_draft
from registry.operations.evidence import EVIDENCE_BYTES_MAX, attach_evidence
from registry.operations.launching import launch_version, roll_back
from registry.operations.packets import (
    new_version,
    sign_packet,
    submit_version,
    withdraw_version,
)
from registry.operations.people import assign_role
from registry.queries.evidence import evidence_target, signed_parts
from tests.people import (
    NOW,
    draft_workflow,
    live_workflow,
    make_company,
    sign_all,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return make_company()


@operation(leaves="workflow.evidence_attached")
def _attached(workflow, *, summary="412 of 430 would have been ruled alike.", **more):
    target = evidence_target(workflow_id=workflow.id)
    facts = {
        "version_id": target.version_id,
        "document_digest": target.document_digest,
        "content": {"actions": 430, "alike": 412},
    }
    return attach_evidence(actor=SYSTEM, summary=summary, now=NOW, **(facts | more))


def _submitted(people, workflow, revision=1):
    return submit_version(
        reason="It may begin here.",
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=revision,
        now=NOW,
    )


def _sign(people, workflow, name, role, digest):
    return sign_packet(
        actor=people.actor(name),
        workflow_id=workflow.id,
        role=role,
        digest=digest,
        now=NOW,
    )


def test_a_backtest_after_signing_withdraws_every_signature_and_moves_the_digest(
    people,
):
    workflow = draft_workflow(people)
    before = _submitted(people, workflow).digest
    sign_all(people, workflow, digest=before)

    _attached(workflow)

    packet = LaunchPacket.objects.get(version__workflow=workflow)
    assert packet.digest != before
    assert packet.digest == sha256_of(*signed_parts(packet))
    assert not Signature.objects.filter(packet=packet, withdrawn_at=None).exists()
    with pytest.raises(Conflict) as missing:
        launch_version(actor=people.actor("maya"), workflow_id=workflow.id, now=NOW)
    assert len(missing.value.extra["missing"]) == 3
    sign_all(people, workflow, digest=packet.digest)
    launch_version(actor=people.actor("maya"), workflow_id=workflow.id, now=NOW)
    workflow.refresh_from_db()
    assert workflow.live_version.number == 1


def test_who_holds_a_role_changes_however_much_is_known_of_the_version(
    people, monkeypatch
):
    workflow = draft_workflow(people)
    _submitted(people, workflow)
    monkeypatch.setattr(evidence, "EVIDENCE_COUNT_MAX", 1)
    _attached(workflow)
    with pytest.raises(Conflict, match="At most"):
        _attached(workflow)

    for name in ("olga", "tom"):
        assign_role(
            actor=people.actor("ada"),
            workflow_id=workflow.id,
            role=Role.RISK_OWNER,
            person=people.people[name],
            now=NOW,
        )

    # The backtest, and one line for each change.
    assert Evidence.objects.count() == 3


def test_a_signature_over_a_stale_page_is_refused_saying_who_changed_it_and_when(
    people,
):
    workflow = draft_workflow(people)
    read = _submitted(people, workflow).digest
    _attached(workflow)

    with pytest.raises(Conflict) as stale:
        _sign(people, workflow, "rosa", Role.RISK_OWNER, read)

    assert stale.value.code == "packet.stale"
    assert stale.value.extra["who"] == "Countersign"
    assert stale.value.extra["at"] is not None
    assert "attached a backtest" in stale.value.detail
    assert not Signature.objects.exists()


def test_signing_what_was_taken_back_says_who_took_it_back(people):
    workflow = draft_workflow(people)
    read = _submitted(people, workflow).digest
    withdraw_version(actor=people.actor("maya"), workflow_id=workflow.id, now=NOW)

    with pytest.raises(Conflict) as gone:
        _sign(people, workflow, "rosa", Role.RISK_OWNER, read)

    assert gone.value.code == "packet.none"
    assert gone.value.extra["who"] == "Maya Adler"
    assert "took version 1" in gone.value.detail


def test_signing_a_difference_from_what_is_no_longer_live_is_refused(people):
    workflow = live_workflow(people)
    maya = people.actor("maya")
    for words in ("Orders and customers.", "Orders and nothing else."):
        draft = new_version(actor=maya, workflow_id=workflow.id, now=NOW)
        saved = answer_question(
            actor=maya,
            workflow_id=workflow.id,
            revision=draft.revision,
            question="reads",
            text=words,
            now=NOW,
        )
        packet = _submitted(people, workflow, saved.revision)
        if words.endswith("customers."):
            launch_version(actor=maya, workflow_id=workflow.id, now=NOW)
    roll_back(actor=maya, workflow_id=workflow.id, number=1, reason="Words.", now=NOW)

    with pytest.raises(Conflict) as stale:
        _sign(people, workflow, "rosa", Role.RISK_OWNER, packet.digest)

    assert stale.value.code == "packet.stale"
    assert stale.value.extra["who"] == "Maya Adler"
    assert "back to version 1" in stale.value.detail


def test_a_backtest_of_the_draft_is_signed_while_its_words_stay_the_same(people):
    workflow = draft_workflow(people)
    _attached(workflow)

    packet = _submitted(people, workflow)

    parts = signed_parts(packet)
    assert len(parts) == 2
    assert json.loads(parts[1])["content"] == {"actions": 430, "alike": 412}
    assert packet.digest == sha256_of(*parts)


def test_a_backtest_of_other_words_is_refused_and_an_older_one_is_not_signed(people):
    workflow = draft_workflow(people)
    old = evidence_target(workflow_id=workflow.id)
    _attached(workflow)
    saved = answer_question(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        question="reads",
        text="Orders and customers, nothing else.",
        now=NOW,
    )

    with pytest.raises(Conflict) as other:
        _attached(workflow, document_digest=old.document_digest)
    assert other.value.code == "evidence.other_words"
    assert other.value.extra["who"] == "Maya Adler"
    packet = _submitted(people, workflow, saved.revision)
    assert len(signed_parts(packet)) == 1


def test_nothing_is_attached_to_what_is_live_or_nowhere_or_too_large(people):
    workflow = live_workflow(people)
    live = workflow.live_version
    with pytest.raises(Conflict) as closed:
        _attach_to(live)
    assert closed.value.code == "evidence.closed"
    with pytest.raises(NotFound):
        _attach_to(live, version_id=new_id())
    new_version(actor=people.actor("maya"), workflow_id=workflow.id, now=NOW)
    with pytest.raises(Invalid):
        _attached(workflow, content={"rows": "x" * EVIDENCE_BYTES_MAX})
    with pytest.raises(Invalid):
        _attached(workflow, summary=" ")
    assert not Evidence.objects.exists()


@operation(leaves="workflow.evidence_attached")
def _attach_to(version, **more):
    facts = {"version_id": version.id, "document_digest": version.digest}
    return attach_evidence(
        actor=SYSTEM, summary="Late.", content={}, now=NOW, **(facts | more)
    )


def test_a_discarded_draft_takes_along_what_was_known_of_it(people):
    workflow = live_workflow(people)
    maya = people.actor("maya")
    draft = new_version(actor=maya, workflow_id=workflow.id, now=NOW)
    _attached(workflow)

    discard_draft(actor=maya, workflow_id=workflow.id, revision=draft.revision, now=NOW)

    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry_evidence SET summary = 'All alike.'",
        "DELETE FROM registry_evidence",
        "UPDATE registry_launchpacket SET digest = 'sha256:0'",
        "UPDATE registry_operatingmodelversion SET reason = 'Another.'",
    ],
)
def test_the_database_itself_keeps_what_was_signed(people, statement):
    workflow = draft_workflow(people)
    _attached(workflow)
    sign_all(people, workflow, digest=_submitted(people, workflow).digest)

    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_why_a_version_was_made_is_part_of_what_is_signed(people):
    workflow = draft_workflow(people)
    packet = submit_version(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        reason="  Customers  wait too long. ",
        now=NOW,
    )

    assert json.loads(bytes(packet.content))["reason"] == "Customers wait too long."
    with pytest.raises(Invalid):
        submit_version(
            actor=people.actor("maya"),
            workflow_id=workflow.id,
            revision=1,
            reason="x" * 301,
            now=NOW,
        )


def test_each_change_of_what_is_signed_is_on_record(people):
    workflow = draft_workflow(people)
    sign_all(people, workflow, digest=_submitted(people, workflow).digest)
    _attached(workflow)

    entry = Entry.objects.filter(name="workflow.evidence_attached").get()
    assert json.loads(bytes(entry.body))["facts"]["withdrawn"] == 3
