"""What stands beside the action: levels, budget, precedents, duties, talk, what came of it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import Move, Proposal
from approvals.queries.card import card_for
from approvals.rules.mentions import Nameable, mentioned
from portal.accounts.models import Agent
from portal.core.clock import wall_clock
from portal.core.ids import new_id
from tests.approvals.test_card import card_page

CARD_QUERIES_MAX = 32


def card(portal, asked, who="dana"):
    return card_for(portal.people.actor(who), asked["proposal"]["id"], now=wall_clock())


def decided(portal, amounts, verb="approve", **form):
    for number, amount in enumerate(amounts):
        asked = portal.ask(amount, run=f"{verb}-{number}-{amount}")
        portal.decide("dana", asked, verb, **form)


@pytest.mark.django_db
def test_each_reason_says_its_level_and_where_it_is_written(portal):
    asked = portal.ask()

    reasons = card(portal, asked).reasons
    page = card_page(portal, asked)

    assert {reason.level for reason in reasons if reason.deciding} == {"Workflow"}
    assert f"/workflows/{portal.workflow.slug}/page/#page-matrix-title" in page


@pytest.mark.django_db
def test_the_budget_says_what_is_left_and_that_this_takes_from_it(portal, no_undo_time):
    decided(portal, ["100.00"])

    page = " ".join(card_page(portal, portal.ask()).split())

    assert "EUR 400.00 left" in page
    assert "EUR 100.00 of it reserved" in page


@pytest.mark.django_db
def test_the_closest_precedents_come_first_with_reason_and_likeness(portal):
    decided(portal, ["30.00", "40.00", "45.00", "90.00"])
    decided(portal, ["84.00"], "reject", reason_code="wrong_amount", message="Half.")

    precedents = card(portal, portal.ask("84.20")).precedents

    first = precedents.items[0]
    assert (first.resolution, first.reason_code) == ("rejected", "wrong amount")
    assert "EUR 0.20 less" in first.likeness
    assert first.message == "Half."
    assert len(precedents.items) == 5
    assert "4 approved" in precedents.counted
    assert "4 of the 5 closest were approved" in precedents.if_rejected
    assert precedents.if_approved == ""


@pytest.mark.django_db
def test_two_precedents_are_no_custom(portal):
    decided(portal, ["30.00", "40.00"])

    precedents = card(portal, portal.ask("84.20")).precedents

    assert (precedents.if_approved, precedents.if_rejected) == ("", "")


@pytest.mark.django_db
def test_precedents_are_read_from_the_indexes_of_what_was_decided(portal):
    decided(portal, ["30.00"])
    shown = portal.ask("84.20")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        card(portal, shown)
    asked = next(q["sql"] for q in queries if "UNION" in q["sql"])

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {asked}")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "approvals_decided_near" in plan
    assert "approvals_decided_like" in plan


@pytest.mark.django_db
def test_a_card_asks_a_bounded_number_of_queries_whatever_was_decided(portal):
    asked = portal.ask()
    with CaptureQueriesContext(connection) as few:
        card(portal, asked)
    decided(portal, ["30.00", "40.00", "45.00", "90.00", "84.00", "85.00"])
    for text in ("@Tom look", "and @Lena"):
        portal.decide("dana", asked, "comment", message=text)

    with CaptureQueriesContext(connection) as many:
        card(portal, asked)

    assert len(many) <= len(few) + 2
    assert len(many) <= CARD_QUERIES_MAX


@pytest.mark.django_db
def test_whoever_may_not_approve_reads_why_before_they_press(portal):
    asked = portal.ask(on_behalf_of={"type": "user", "id": "Dana@Example.com"})
    Agent.objects.filter(id=portal.people.agent.id).update(operator=portal.people.tom)

    requester, operator, other = (
        card_page(portal, asked, who) for who in ("dana", "tom", "lena")
    )

    assert "asked on your behalf, so another person decides it" in requester
    assert 'id="approve-form"' not in requester
    assert "run this agent or own its key" in operator
    assert 'id="approve-form"' not in operator
    assert 'id="approve-form"' in other


@pytest.mark.django_db
def test_a_high_risk_approval_says_which_evidence_was_not_opened(portal):
    asked = portal.ask()
    assert 'id="unopened"' not in card_page(portal, asked)
    Proposal.objects.update(risk="high")

    before = card_page(portal, asked)
    portal.signed_in("dana").post(f"/inbox/{asked['proposal']['id']}/evidence/0/")
    after = card_page(portal, asked)

    assert "You have opened none of the 1 pieces of evidence" in before
    assert 'id="unopened"' not in after


@pytest.mark.django_db
def test_an_answer_comes_with_its_evidence(portal):
    asked = portal.ask()
    portal.decide("dana", asked, "ask", message="Which lamp?")
    portal.post(
        f"/actions/{asked['id']}/answer",
        {
            "message": "The Brisa.",
            "evidence": [
                {"label": "Photo", "source": "mail", "excerpt": "Broken.",
                 "url": "javascript:alert(1)"}
            ],
        },
    )  # fmt: skip

    page = card_page(portal, asked)

    assert "Photo" in page
    assert "Broken." in page
    assert "javascript:" not in page


@pytest.mark.django_db
def test_an_unknown_outcome_is_said_on_the_card(portal, no_undo_time):
    asked = portal.ask()
    portal.decide("dana", asked)
    told = portal.action(asked)
    portal.redeem(told["grant"], told["action_digest"])

    portal.post(f"/actions/{asked['id']}/outcome", {"status": "unknown"})

    page = card_page(portal, asked)
    assert "Nobody knows whether it happened" in page
    assert "never run again by itself" in page


@pytest.mark.django_db
def test_an_undo_offer_names_its_end_for_the_countdown(portal):
    asked = portal.ask()
    portal.decide("dana", asked)

    assert "data-until=" in card_page(portal, asked)
    assert "data-until=" not in card_page(portal, asked, "tom")


@pytest.mark.django_db
def test_a_reason_that_says_nothing_alone_needs_words(portal):
    asked = portal.ask()

    bare = portal.decide("dana", asked, "reject", reason_code="missing_information")
    plain = portal.decide("dana", asked, "reject", reason_code="duplicate")

    assert bare.status_code == 422
    assert "Say what is missing" in bare.content.decode()
    assert plain.status_code == 302


@pytest.mark.django_db
def test_a_comment_names_only_people_who_may_see_the_workflow(portal):
    asked = portal.ask()

    portal.decide("dana", asked, "comment", message="@Tom and @Olga, and @nobody?")

    move = Move.objects.get(kind="COMMENTED")
    assert move.mentions == [str(portal.people.tom.id)]
    assert "Tom Okafor" in card_page(portal, asked)


def test_names_are_matched_whole_and_shared_first_names_name_nobody():
    people = [
        Nameable(new_id(), "Ana Lopes", "ana@example.com"),
        Nameable(new_id(), "Ana Maria Silva", "ams@example.com"),
        Nameable(new_id(), "Tom Okafor", "tom@example.com"),
    ]

    def names(text):
        return [person.name for person in mentioned(text, people)]

    assert names("@Tom, please") == ["Tom Okafor"]
    assert names("@tom okafor") == ["Tom Okafor"]
    assert names("ask @ana") == []
    assert names("@Ana Maria Silva") == ["Ana Maria Silva"]
    assert names("@ana@example.com") == ["Ana Lopes"]
    assert names("tom@tom.example, x@Tom, @Tomas") == []
