"""What was submitted never changes, whatever the code above the database tries."""

import pytest
from django.db import DatabaseError, transaction

from registry.models import (
    AllowanceRow,
    LaunchPacket,
    OperatingModelVersion,
    Signature,
    Workflow,
)
from registry.operations.packets import new_version
from tests.people import NOW, draft_workflow, live_workflow, make_company

pytestmark = pytest.mark.django_db


def _is_refused(change) -> bool:
    try:
        with transaction.atomic():
            change()
    except DatabaseError:
        return True
    return False


def test_a_submitted_version_its_packet_and_its_signatures_are_frozen():
    people = make_company()
    workflow = live_workflow(people)
    version = OperatingModelVersion.objects.filter(workflow=workflow)
    rows = AllowanceRow.objects.filter(version__workflow=workflow)
    packet = LaunchPacket.objects.filter(version__workflow=workflow)
    signatures = Signature.objects.filter(packet__version__workflow=workflow)

    assert _is_refused(lambda: version.update(document={}))
    assert _is_refused(lambda: version.update(content=b"{}"))
    assert _is_refused(lambda: version.update(digest="sha256:0"))
    assert _is_refused(lambda: version.update(state="DRAFT"))
    assert _is_refused(lambda: version.update(state="WITHDRAWN"))
    assert _is_refused(lambda: rows.filter(verb="refund").update(amount_max=10_000))
    assert _is_refused(lambda: rows.delete())
    assert _is_refused(lambda: packet.update(content=b"{}"))
    assert _is_refused(lambda: packet.update(digest="sha256:0"))
    assert _is_refused(lambda: signatures.update(person=people.dana))
    assert _is_refused(lambda: signatures.delete())


def test_a_draft_is_not_frozen():
    people = make_company()
    workflow = draft_workflow(people)
    draft = OperatingModelVersion.objects.filter(workflow=workflow)

    assert not _is_refused(lambda: draft.update(document={"changed": True}))


def test_a_signature_over_another_digest_cannot_be_stored():
    people = make_company()
    workflow = live_workflow(people)
    packet = LaunchPacket.objects.get(version__workflow=workflow)
    signed = {"packet": packet, "role": "it_owner", "signed_at": NOW}
    Signature.objects.filter(packet=packet, role="it_owner").update(withdrawn_at=NOW)

    def sign(digest):
        return lambda: Signature.objects.create(
            person=people.dana, digest=digest, **signed
        )

    assert _is_refused(sign("sha256:0"))
    assert not _is_refused(sign(packet.digest))


def test_there_is_one_draft_and_one_signature_a_role_and_a_person():
    people = make_company()
    workflow = live_workflow(people)
    draft = new_version(actor=people.actor("maya"), workflow_id=workflow.id, now=NOW)
    packet = LaunchPacket.objects.get(version__workflow=workflow)
    signed = {"packet": packet, "digest": packet.digest, "signed_at": NOW}

    def second_draft():
        OperatingModelVersion.objects.create(
            workflow=workflow, number=9, document={}, created_at=NOW, changed_at=NOW
        )

    assert draft.number == 2
    assert _is_refused(second_draft)
    assert _is_refused(
        lambda: Signature.objects.create(role="it_owner", person=people.dana, **signed)
    )
    assert _is_refused(
        lambda: Signature.objects.create(
            role="escalation_owner", person=people.dana, **signed
        )
    )


def test_a_pause_without_a_reason_cannot_be_stored():
    people = make_company()
    workflow = live_workflow(people)
    rows = Workflow.objects.filter(id=workflow.id)

    assert _is_refused(lambda: rows.update(paused_at=NOW, pause_reason=""))
    assert not _is_refused(lambda: rows.update(paused_at=NOW, pause_reason="Odd."))
