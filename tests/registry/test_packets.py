"""The launch packet as its signers see it and take it away; versions side by side."""

import hashlib
import json
import subprocess
import sys
from io import BytesIO

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from portal.accounts.actors import SYSTEM
from portal.audit.operation import operation
from registry.models import Reviewer
from registry.operations.drafts import answer_question, set_allowance
from registry.operations.evidence import attach_evidence
from registry.operations.launching import launch_version, roll_back
from registry.operations.packets import new_version, submit_version
from registry.queries.comparisons import difference_of
from registry.queries.evidence import evidence_target
from registry.rules.document import rulebook_of
from tests.people import (
    NOW,
    draft_workflow,
    live_workflow,
    make_company,
    refunds_document,
    sign_all,
)

ADDRESS = "/workflows/refund-management"


@pytest.fixture
def people(db):
    return make_company()


def _client(person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _submitted(people, *, reason="Customers wait too long."):
    workflow = draft_workflow(people)
    packet = submit_version(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        reason=reason,
        now=NOW,
    )
    return workflow, packet


@operation(leaves="workflow.evidence_attached")
def _attached(workflow):
    target = evidence_target(workflow_id=workflow.id)
    attach_evidence(
        version_id=target.version_id,
        document_digest=target.document_digest,
        summary="412 of 430 past actions would have been ruled alike.",
        content={"alike": 412},
        actor=SYSTEM,
        now=NOW,
    )


def test_the_packet_page_shows_gaps_backtest_people_and_why(people):
    workflow, packet = _submitted(people)
    people.erik.is_active = False
    people.erik.save(update_fields=("is_active",))

    page = _client(people.rosa).get(f"{ADDRESS}/packet/").content.decode()

    for words in (
        "Customers wait too long.",
        "No backtest is attached.",
        "none required",
        "deactivated",
        "Escalation owner",
        packet.digest,
    ):
        assert words in page
    _attached(workflow)
    page = _client(people.rosa).get(f"{ADDRESS}/packet/").content.decode()
    assert "412 of 430 past actions" in page
    assert "No backtest is attached." not in page
    assert packet.digest not in page


def test_a_packet_whose_rows_nobody_reviews_says_so(people):
    _, packet = _submitted(people)
    Reviewer.objects.all().delete()

    page = _client(people.rosa).get(f"{ADDRESS}/packet/").content.decode()

    assert '<td>Reviewer</td><td data-label="Name">nobody</td>' in page
    assert packet.digest in page


def test_anyone_can_recompute_the_digest_of_a_downloaded_packet(people, tmp_path):
    workflow, _ = _submitted(people)
    _attached(workflow)
    answer = _client(people.rosa).get(f"{ADDRESS}/packet.json")
    assert answer["Content-Disposition"].endswith('"refund-management-v1-packet.json"')
    (tmp_path / "packet.json").write_bytes(answer.content)
    file = json.loads(answer.content)

    by_hand = hashlib.sha256(b"\x01")
    for part in file["parts"]:
        raw = part.encode()
        by_hand.update(len(raw).to_bytes(4, "big") + raw)
    assert f"sha256:{by_hand.hexdigest()}" == file["digest"]

    script = file["recipe"].split('"')[1]
    told = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "packet.json")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == file["digest"]
    assert json.loads(file["parts"][0])["document"]["purpose"].startswith("Refund")


def test_the_packet_on_paper_holds_all_of_it_and_then_the_page(people):
    workflow, packet = _submitted(people)
    _attached(workflow)

    answer = _client(people.rosa).get(f"{ADDRESS}/packet.pdf")

    reader = PdfReader(BytesIO(answer.content))
    text = " ".join(" ".join(each.extract_text() for each in reader.pages).split())
    assert len(reader.pages) == 2
    packet.refresh_from_db()
    for words in (
        packet.digest,
        "412 of 430 past actions",
        "training: none required",
        "Customers wait too long.",
        "Nothing: the page is complete.",
        "What systems can the AI read?",
        "for Rosa Lindqvist to sign",
    ):
        assert words in text


def test_a_packet_of_a_version_stays_to_be_had_after_it_is_live(people):
    live_workflow(people)
    maya = _client(people.maya)

    file = maya.get(f"{ADDRESS}/versions/1/packet.json").json()

    assert [each["name"] for each in file["signatures"]] == [
        "Maya Adler",
        "Ilan Torres",
        "Rosa Lindqvist",
    ]
    assert {each["digest"] for each in file["signatures"]} == {file["digest"]}
    assert maya.get(f"{ADDRESS}/versions/1/packet.pdf").status_code == 200
    assert maya.get(f"{ADDRESS}/packet.json").status_code == 404
    assert maya.get(f"{ADDRESS}/versions/9/packet.pdf").status_code == 404


def test_signing_what_was_shown_before_tells_who_changed_it_and_keeps_the_page(people):
    workflow, packet = _submitted(people)
    read = packet.digest
    _attached(workflow)

    answer = _client(people.rosa).post(
        f"{ADDRESS}/packet/sign/", {"role": "risk_owner", "digest": read}
    )

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "is not what is up for signature now" in page
    assert "Countersign attached a backtest" in page
    assert "That was" in page


def _versions(people):
    """A workflow with version 1 live again after a wider version 2."""
    workflow = live_workflow(people)
    maya = people.actor("maya")
    draft = new_version(actor=maya, workflow_id=workflow.id, now=NOW)
    saved = set_allowance(
        actor=maya,
        workflow_id=workflow.id,
        revision=draft.revision,
        allowance={"system": "crm", "verb": "search", "authority": "allowed"},
        now=NOW,
    )
    saved = answer_question(
        actor=maya,
        workflow_id=workflow.id,
        revision=saved.revision,
        question="reads",
        text="Orders, customers and the CRM.",
        now=NOW,
    )
    packet = submit_version(
        actor=maya,
        workflow_id=workflow.id,
        revision=saved.revision,
        reason="The CRM holds the address.",
        now=NOW,
    )
    sign_all(people, workflow, digest=packet.digest)
    launch_version(actor=maya, workflow_id=workflow.id, now=NOW)
    roll_back(
        actor=maya, workflow_id=workflow.id, number=1, reason="Wrong rows.", now=NOW
    )
    return workflow


def test_the_history_says_who_did_what_when_and_why_with_each_label(people):
    _versions(people)

    page = _client(people.dana).get(f"{ADDRESS}/versions/").content.decode()

    for words in (
        "The CRM holds the address.",
        "Maya Adler put version 2 of Refund management live (widening).",
        "Maya Adler took Refund management back to version 1: Wrong rows.",
        "Rosa Lindqvist signed version 2",
    ):
        assert words in page


def test_any_two_versions_are_compared_either_way_round(people):
    _versions(people)
    dana = _client(people.dana)

    answer = dana.get(f"{ADDRESS}/versions/", {"old": "1", "new": "2"})
    wider = dana.get(answer["Location"]).content.decode()
    narrower = dana.get(f"{ADDRESS}/versions/1/?against=2").content.decode()

    assert "Search in CRM: new row." in wider
    assert "Widening" in wider
    assert "Orders, customers and the CRM." in wider
    assert "Search in CRM: the row is gone" in narrower
    assert "Narrowing" in narrower
    odd = dana.get(f"{ADDRESS}/versions/", {"old": "²", "new": "x"})
    assert odd.status_code == 200


PLACES = (
    ("name",),
    ("purpose",),
    ("units",),
    ("department",),
    ("template",),
    ("phase",),
    ("risk",),
    ("currency",),
    ("categories",),
    ("answers", "reads"),
    ("targets", "minutes"),
    ("guardrail", "confidence_min"),
    ("allowances",),
    ("tools",),
    ("stop_rules",),
    ("caps",),
    ("checks",),
)
OTHER = {
    "phase": 2,
    "risk": "high",
    "currency": "USD",
    "categories": ["late"],
    "confidence_min": "0.95",
    "minutes": 4,
    "checks": [{"name": "order exists"}],
}


@settings(max_examples=60, deadline=None)
@given(places=st.lists(st.sampled_from(PLACES), min_size=1, max_size=3, unique=True))
def test_nothing_of_a_page_changes_without_a_labelled_line(places):
    old = refunds_document(workflow="w", name="W", department="care")
    new = refunds_document(workflow="w", name="W", department="care")
    for place in places:
        target = new
        for step in place[:-1]:
            target = target[step]
        key = place[-1]
        target[key] = OTHER.get(
            key, [] if isinstance(target.get(key), list) else "Other"
        )

    for before, after in ((old, new), (new, old)):
        rulebook_of(before)
        found = difference_of(before, after, compared_with=1)
        named = {line.where.partition(".")[0] for line in found.changes}
        assert named >= {place[0] for place in places}
        labels = {line.label for line in found.changes}
        assert labels <= {"narrowing", "widening", "neutral"}
        assert found.label == max(
            labels, key=["neutral", "narrowing", "widening"].index
        )
