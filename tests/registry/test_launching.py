"""From registration to live: freezing, three signatures, narrowing, widening, rollback."""

import pytest

from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from registry.models import OperatingModelVersion, Workflow
from registry.models.workflow import Role
from registry.operations.drafts import (
    answer_question,
    remove_allowance,
    save_draft,
    set_allowance,
)
from registry.operations.launching import launch_version, roll_back
from registry.operations.packets import (
    new_version,
    sign_packet,
    submit_version,
    withdraw_signature,
    withdraw_version,
)
from registry.operations.people import assign_role
from registry.queries.parts import fingerprint
from tests.people import (
    NOW,
    draft_workflow,
    launch,
    live_workflow,
    make_company,
    refunds_document,
    sign_all,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return make_company()


def test_a_workflow_goes_live_after_three_signatures(people):
    workflow = live_workflow(people)

    assert workflow.live_version.number == 1
    assert workflow.live_version.label == "widening"
    assert workflow.live_version.allowances.count() == 5
    assert workflow.live_version.packet.signatures.count() == 3


def test_a_signature_is_only_the_holders_own_over_the_digest_shown(people):
    workflow = draft_workflow(people)
    packet = submit_version(
        reason="It may begin here.",
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        now=NOW,
    )

    def sign(name, role, digest=packet.digest):
        return sign_packet(
            actor=people.actor(name),
            workflow_id=workflow.id,
            role=role,
            digest=digest,
            now=NOW,
        )

    with pytest.raises(Forbidden) as refused:
        sign("dana", Role.RISK_OWNER)
    assert "Rosa Lindqvist" in refused.value.extra["who_can_help"]
    with pytest.raises(NotFound):
        sign("olga", Role.RISK_OWNER)
    with pytest.raises(Forbidden):
        sign("ada", Role.IT_OWNER)
    with pytest.raises(Invalid):
        sign("erik", Role.ESCALATION_OWNER)
    with pytest.raises(Conflict) as stale:
        sign("rosa", Role.RISK_OWNER, digest="sha256:" + "0" * 64)
    assert stale.value.code == "packet.stale"

    assert sign("rosa", Role.RISK_OWNER).digest == packet.digest

    with pytest.raises(AlreadyDone):
        sign("rosa", Role.RISK_OWNER)


def test_one_person_cannot_hold_two_roles_that_sign(people):
    workflow = draft_workflow(people)

    with pytest.raises(Invalid) as refused:
        assign_role(
            actor=people.actor("maya"),
            workflow_id=workflow.id,
            role=Role.RISK_OWNER,
            person=people.maya,
            now=NOW,
        )
    assert "three different people" in refused.value.fields[Role.RISK_OWNER]

    assign_role(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        role=Role.RISK_OWNER,
        person=people.audrey,
        now=NOW,
    )


def test_a_version_that_widens_needs_every_signature(people):
    workflow = draft_workflow(people)
    maya = people.actor("maya")
    packet = submit_version(
        reason="It may begin here.",
        actor=maya,
        workflow_id=workflow.id,
        revision=1,
        now=NOW,
    )
    sign_packet(
        actor=maya,
        workflow_id=workflow.id,
        role=Role.BUSINESS_OWNER,
        digest=packet.digest,
        now=NOW,
    )

    with pytest.raises(Conflict) as missing:
        launch_version(actor=maya, workflow_id=workflow.id, now=NOW)
    assert missing.value.extra["missing"] == ["IT owner", "Risk owner"]
    assert Workflow.objects.get(id=workflow.id).live_version is None

    for name, role in (("ilan", Role.IT_OWNER), ("rosa", Role.RISK_OWNER)):
        sign_packet(
            actor=people.actor(name),
            workflow_id=workflow.id,
            role=role,
            digest=packet.digest,
            now=NOW,
        )
    with pytest.raises(Forbidden):
        launch_version(actor=people.actor("ilan"), workflow_id=workflow.id, now=NOW)
    launch_version(actor=maya, workflow_id=workflow.id, now=NOW)
    assert Workflow.objects.get(id=workflow.id).live_version.number == 1


def _narrow(people, workflow):
    maya = people.actor("maya")
    draft = new_version(actor=maya, workflow_id=workflow.id, now=NOW)
    saved = remove_allowance(
        actor=maya,
        workflow_id=workflow.id,
        revision=draft.revision,
        system="billing",
        verb="credit",
        now=NOW,
    )
    return submit_version(
        reason="It may begin here.",
        actor=maya,
        workflow_id=workflow.id,
        revision=saved.revision,
        now=NOW,
    )


def test_what_narrows_goes_live_by_its_owner_at_once(people):
    workflow = live_workflow(people)
    epoch = workflow.pause_epoch

    packet = _narrow(people, workflow)
    with pytest.raises(Forbidden):
        launch_version(actor=people.actor("rosa"), workflow_id=workflow.id, now=NOW)
    version = launch_version(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        digest=packet.digest,
        now=NOW,
    )

    workflow.refresh_from_db()
    assert (version.number, version.label) == (2, "narrowing")
    assert workflow.live_version_id == version.id
    assert workflow.pause_epoch == epoch + 1


def test_a_rollback_that_widens_needs_its_packets_signatures(people):
    workflow = live_workflow(people)
    _narrow(people, workflow)
    maya = people.actor("maya")
    launch_version(actor=maya, workflow_id=workflow.id, now=NOW)
    withdraw_signature(
        actor=people.actor("rosa"), workflow_id=workflow.id, number=1, now=NOW
    )

    with pytest.raises(Conflict) as missing:
        roll_back(
            actor=maya, workflow_id=workflow.id, number=1, reason="Too narrow.", now=NOW
        )
    assert missing.value.extra["missing"] == ["Risk owner"]


def test_a_rollback_with_valid_signatures_moves_the_pointer_back(people):
    workflow = live_workflow(people)
    _narrow(people, workflow)
    maya = people.actor("maya")
    launch_version(actor=maya, workflow_id=workflow.id, now=NOW)

    with pytest.raises(Invalid):
        roll_back(actor=maya, workflow_id=workflow.id, number=1, reason=" ", now=NOW)
    with pytest.raises(NotFound):
        roll_back(actor=maya, workflow_id=workflow.id, number=9, reason="x", now=NOW)
    roll_back(
        actor=maya, workflow_id=workflow.id, number=1, reason="Too narrow.", now=NOW
    )

    assert Workflow.objects.get(id=workflow.id).live_version.number == 1
    # Back to the narrower one: no wider than what is live, so no signature is asked.
    roll_back(actor=maya, workflow_id=workflow.id, number=2, reason="Again.", now=NOW)
    assert Workflow.objects.get(id=workflow.id).live_version.number == 2


def test_a_packet_compared_with_what_is_no_longer_live_is_stale(people):
    workflow = live_workflow(people)
    _narrow(people, workflow)
    maya = people.actor("maya")
    launch_version(actor=maya, workflow_id=workflow.id, now=NOW)
    draft = new_version(actor=maya, workflow_id=workflow.id, now=NOW)
    saved = answer_question(
        actor=maya,
        workflow_id=workflow.id,
        revision=draft.revision,
        question="reads",
        text="Orders, and nothing else at all.",
        now=NOW,
    )
    submit_version(
        reason="It may begin here.",
        actor=maya,
        workflow_id=workflow.id,
        revision=saved.revision,
        now=NOW,
    )
    roll_back(
        actor=maya, workflow_id=workflow.id, number=1, reason="Too narrow.", now=NOW
    )

    with pytest.raises(Conflict) as stale:
        launch_version(actor=maya, workflow_id=workflow.id, now=NOW)

    assert stale.value.code == "packet.stale"


def test_taking_a_version_back_voids_its_packet_and_opens_a_draft(people):
    workflow = draft_workflow(people)
    maya = people.actor("maya")
    packet = submit_version(
        reason="It may begin here.",
        actor=maya,
        workflow_id=workflow.id,
        revision=1,
        now=NOW,
    )
    sign_all(people, workflow, digest=packet.digest)

    draft = withdraw_version(actor=maya, workflow_id=workflow.id, now=NOW)

    packet.refresh_from_db()
    assert packet.voided_at == NOW
    assert (draft.number, draft.state, draft.document) == (
        2,
        "DRAFT",
        packet.version.document,
    )
    with pytest.raises(Conflict):
        launch_version(actor=maya, workflow_id=workflow.id, now=NOW)


def test_handing_a_role_over_withdraws_every_signature(people):
    workflow = draft_workflow(people)
    maya = people.actor("maya")
    packet = submit_version(
        reason="It may begin here.",
        actor=maya,
        workflow_id=workflow.id,
        revision=1,
        now=NOW,
    )
    sign_all(people, workflow, digest=packet.digest)

    assign_role(
        actor=maya,
        workflow_id=workflow.id,
        role=Role.RISK_OWNER,
        person=people.audrey,
        now=NOW,
    )

    with pytest.raises(Conflict) as missing:
        launch_version(actor=maya, workflow_id=workflow.id, now=NOW)
    # The packet names who holds the roles, so the three people sign anew.
    assert missing.value.extra["missing"] == [
        "Business owner",
        "IT owner",
        "Risk owner",
    ]
    former = packet.digest
    packet.refresh_from_db()
    assert packet.digest != former


def test_a_page_with_gaps_cannot_be_submitted(people):
    document = refunds_document()
    document["answers"]["reads"] = ""
    workflow = draft_workflow(people, document=document)
    maya = people.actor("maya")

    with pytest.raises(Invalid) as gaps:
        submit_version(
            reason="It may begin here.",
            actor=maya,
            workflow_id=workflow.id,
            revision=1,
            now=NOW,
        )
    assert list(gaps.value.fields) == ["reads"]

    saved = answer_question(
        actor=maya,
        workflow_id=workflow.id,
        revision=1,
        question="reads",
        text="Orders and customers.",
        now=NOW,
    )
    launch(people, workflow, revision=saved.revision)


def test_the_second_of_two_editors_of_one_part_is_told_who_and_when(people):
    workflow = draft_workflow(people)

    def answer(name, revision, text, **more):
        return answer_question(
            actor=people.actor(name),
            workflow_id=workflow.id,
            revision=revision,
            question="reads",
            text=text,
            now=NOW,
            **more,
        )

    first = answer("maya", 1, "Orders and customers.")
    with pytest.raises(Conflict) as lost:
        answer("priya", 1, "Orders, customers and shipping.")

    assert (lost.value.extra["who"], lost.value.extra["at"]) == ("Maya Adler", NOW)
    assert answer("priya", first.revision, "All three.").revision == 3


def test_two_editors_of_different_parts_both_keep_their_work(people):
    workflow = draft_workflow(people)
    document = OperatingModelVersion.objects.get(workflow=workflow).document
    seen = fingerprint(document, "allowances.billing.refund")
    answer_question(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        question="reads",
        text="Orders and customers.",
        now=NOW,
    )

    cell = {"system": "billing", "verb": "refund", "authority": "review"}
    set_allowance(
        actor=people.actor("priya"),
        workflow_id=workflow.id,
        revision=1,
        allowance=cell,
        seen=seen,
        now=NOW,
    )

    document = OperatingModelVersion.objects.get(workflow=workflow).document
    assert document["answers"]["reads"] == "Orders and customers."
    assert cell in document["allowances"]
    with pytest.raises(Conflict):
        save_draft(
            actor=people.actor("maya"),
            workflow_id=workflow.id,
            revision=1,
            document=document,
            now=NOW,
        )
