"""A phase stops a real request over HTTP, and a real grant in the database."""

from html import unescape

import pytest
from django.db import IntegrityError, connection, transaction

from approvals.models import AuthorityRecord, Grant
from portal.accounts.models import Agent
from portal.core.ids import new_id
from registry.operations.phases import take_phase_back
from registry.rules.phases import PHASES
from registry.rules.verbs import CONVERSATION, VERBS
from tests.approvals.asking import make_portal
from tests.people import NOW, refunds_document

pytestmark = pytest.mark.django_db

NOTE = {"system": "orders", "verb": "comment", "authority": "allowed"}
REPLY = {"system": "orders", "verb": "reply", "authority": "allowed"}
FIXED = {"steps": "yes", "choice": "workflow"}
AGENT = dict.fromkeys(
    ("steps", "written", "best_plan", "in_documents", "pattern"), "no"
)


def in_phase(phase, agent_model="", **changes):
    """Make a portal with a page of fixed steps, whose agent has no model unless one is named."""
    document = refunds_document(
        phase=phase, guardrail={}, **{"technique": FIXED} | changes
    )
    document["allowances"] += [NOTE, REPLY]
    document["action_groups"].append(
        {"name": "Notes", "actions": ["comment in orders", "reply in orders"]}
    )
    portal = make_portal(document=document)
    Agent.objects.update(model_name=agent_model)
    return portal


def answer_to(portal, verb, **more):
    action = {"verb": verb, "system": "orders", "args": {}}
    body = portal.body(**more) | {"action": action}
    body.pop("amount")
    return portal.post("/actions", body).json()


def outcome(asked):
    return asked["ruling"]["outcome"], [
        reason["code"] for reason in asked["ruling"]["reasons"]
    ]


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (1, {"read": "allow", "comment": "allow", "reply": "review"}),
        (2, {"read": "allow", "comment": "allow", "reply": "allow"}),
        (3, {"read": "allow", "comment": "refuse", "reply": "refuse"}),
        (5, {"read": "allow", "comment": "review", "reply": "review"}),
    ],
)
def test_a_phase_stops_a_request_that_the_matrix_allows(phase, said):
    portal = in_phase(phase)

    for verb, expected in said.items():
        found, codes = outcome(answer_to(portal, verb))
        assert found == expected, verb
        assert ("ceiling.phase" in codes) == (expected != "allow")


def test_in_phase_1_nothing_is_granted_that_a_model_reasoned_about():
    portal = in_phase(1)

    plain = answer_to(portal, "comment")
    modelled = {
        verb: answer_to(portal, verb, model="gpt-5")
        for verb in ("read", "comment", "reply")
    }

    assert plain["status"] == "allowed"
    assert Grant.objects.get().is_reasoned is False
    for asked in modelled.values():
        assert asked["status"] == "refused"
        assert "the AI model “gpt-5” did" in asked["ruling"]["reasons"][0]["text"]


@pytest.mark.parametrize(
    ("technique", "agent_model", "why"),
    [
        (AGENT, "", "only reads"),
        ({}, "", "only reads"),
        (FIXED, "gpt-5", "registered with the AI model “gpt-5”"),
    ],
)
def test_in_phase_1_who_reasons_only_reads(technique, agent_model, why):
    portal = in_phase(2, agent_model, technique=technique)
    waiting = portal.ask("84.20")
    take_phase_back(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        to_phase=1,
        reason="Back to fixed steps.",
        now=NOW,
    )

    decided = portal.decide("dana", waiting)

    assert answer_to(portal, "read")["status"] == "allowed"
    assert answer_to(portal, "comment")["status"] == "refused"
    assert decided.status_code == 409
    assert why in unescape(decided.content.decode())


def test_in_phase_2_a_person_takes_over_from_an_upset_customer():
    portal = in_phase(2)

    calm = answer_to(portal, "reply")
    upset = answer_to(portal, "reply", signals=["emotion"])

    assert calm["status"] == "allowed"
    assert upset["status"] == "escalated"
    assert Grant.objects.get().is_troubled is False


def test_in_phase_4_nothing_is_written_outside_the_action_groups():
    document = refunds_document(guardrail={})
    document["allowances"] += [NOTE]
    document["action_groups"][0]["actions"] += ["comment in orders"]
    portal = make_portal(document=document)

    inside = answer_to(portal, "comment")
    outside = answer_to(portal, "reply")

    assert inside["status"] == "allowed"
    assert Grant.objects.get().action_group == "Pay back"
    assert outside["status"] == "refused"
    assert "ceiling.phase" in outcome(outside)[1]


def test_a_workflow_taken_back_keeps_the_limits_of_both_phases_at_once(portal):
    before = portal.ask("20.00")
    waiting = portal.ask("84.20")

    take_phase_back(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        to_phase=3,
        reason="It paid twice.",
        now=NOW,
    )
    stale = portal.redeem(before["grant"], before["action_digest"])
    decided = portal.decide("dana", waiting)
    after = portal.ask("20.00")

    assert (stale.status_code, stale.json()["code"]) == (409, "grant.stale")
    assert decided.status_code == 409
    assert "writes nothing" in decided.content.decode()
    assert after["status"] == "refused"
    assert after["ruling"]["reasons"][0]["text"].startswith("In phase 3")
    assert Grant.objects.count() == 1


def by_hand(grant, **changes):
    """Insert a second grant like one there is, past every operation."""
    columns = [field.column for field in Grant._meta.concrete_fields]
    values = {
        "id": new_id(),
        "token_hash": new_id().bytes * 2,
        "basis_id": changes.pop("basis_id", grant.basis_id),
    } | changes
    names = ", ".join(columns)
    copied = ", ".join("%s" if name in values else name for name in columns)
    given = [values[name] for name in columns if name in values]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO approvals_grant ({names}) SELECT {copied}"  # noqa: S608
            " FROM approvals_grant WHERE id = %s",
            [*given, grant.id],
        )


@pytest.mark.parametrize(
    ("page", "verb", "back_to", "technique", "model", "agent_model"),
    [
        (4, "comment", 3, FIXED, None, ""),
        (2, "reply", 1, FIXED, None, ""),
        (2, "comment", 1, AGENT, None, ""),
        (2, "comment", 1, FIXED, None, "gpt-5"),
        (2, "read", 1, FIXED, "gpt-5", ""),
    ],
)
def test_a_grant_that_its_phase_never_has_is_refused_by_the_database(
    page, verb, back_to, technique, model, agent_model
):
    portal = in_phase(page, agent_model, technique=technique)
    answer_to(portal, verb, **({"model": model} if model else {}))
    grant = Grant.objects.get()
    Grant.objects.update(state="REVOKED")
    by_hand(grant, state="ISSUED")
    Grant.objects.filter(state="ISSUED").update(state="REVOKED")
    take_phase_back(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        to_phase=back_to,
        reason="Not yet.",
        now=NOW,
    )

    with pytest.raises(IntegrityError, match="approvals_grant_obeys_phase"):
        by_hand(grant, state="ISSUED")
    # What is written by hand into the columns themselves says nothing: the rows do.
    with pytest.raises(IntegrityError, match="approvals_grant_obeys_phase"):
        by_hand(
            grant,
            state="ISSUED",
            tier="read",
            phase=0,
            page_phase=0,
            is_reasoned=False,
        )


def test_a_ruling_that_lies_gets_no_grant_where_nothing_runs_without_a_person():
    portal = in_phase(5)
    answer_to(portal, "read")
    answer_to(portal, "comment")
    grant = Grant.objects.get()
    true = AuthorityRecord.objects.get(answer="review")
    columns = [field.column for field in AuthorityRecord._meta.concrete_fields]
    lie = new_id()
    with connection.cursor() as cursor:
        names = ", ".join(columns)
        said = ", ".join({"id": "%s", "answer": "'allow'"}.get(n, n) for n in columns)
        cursor.execute(
            f"INSERT INTO approvals_authorityrecord ({names}) SELECT {said}"  # noqa: S608
            " FROM approvals_authorityrecord WHERE id = %s",
            [lie, true.id],
        )

    with pytest.raises(IntegrityError, match="approvals_grant_obeys"):
        by_hand(
            grant,
            authority_record_id=lie,
            basis_id=lie,
            action_request_id=true.action_request_id,
            digest=true.digest,
        )


def test_what_a_grant_is_held_to_never_changes(portal):
    portal.ask("20.00")

    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        Grant.objects.update(tier="read")


def test_the_database_knows_the_tier_of_every_verb():
    with connection.cursor() as cursor:
        for slug, verb in VERBS.items():
            cursor.execute(
                "SELECT approvals_tier_of(%s), approvals_is_talk(%s)", [slug, slug]
            )
            assert cursor.fetchone() == (verb.tier.value, slug in CONVERSATION)
        cursor.execute("SELECT approvals_tier_of('explode')")
        assert cursor.fetchone() == ("change",)


def test_every_phase_says_what_it_is_and_what_it_never_grants(portal):
    page = portal.signed_in("dana").get("/phases/").content.decode()
    page = unescape(page)

    for number, phase in PHASES.items():
        assert f"Phase {number}: {phase.name}" in page
        for text in (*phase.controls, *phase.never_granted, phase.purpose):
            assert text in page
    assert "/workflows/?state=live&phase=4" in page
    assert AuthorityRecord.objects.count() == 0
