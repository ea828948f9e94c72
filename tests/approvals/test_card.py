"""The card in every state: what it says, whose words it holds, and what it lets one do."""

import re
from datetime import timedelta

import pytest

from approvals.models import EvidenceOpening, Proposal
from approvals.operations.expire import time_out_proposal
from approvals.queries.card import card_for
from approvals.queries.wording import headline_of
from portal.core.clock import wall_clock


def card_page(portal, asked, who="dana"):
    response = portal.signed_in(who).get(f"/inbox/{asked['proposal']['id']}/")
    assert response.status_code == 200
    return response.content.decode()


def test_a_card_in_review_says_what_would_be_done_before_the_agents_words(portal):
    asked = portal.ask(rationale="The lamp came broken.")

    page = card_page(portal, asked)

    assert page.index("Refund in billing") < page.index("not verified")
    assert page.index("order 1182") < page.index("The lamp came broken.")
    assert "Approve refund of EUR 84.20" in page
    assert "claims a confidence of 0.95" in page


def test_a_card_says_that_it_is_escalated_and_who_decides(portal):
    asked = portal.ask()
    portal.decide("dana", asked, "escalate", message="Above my head.")

    page = card_page(portal, asked)

    assert "Escalated" in page
    assert "Waits for: Erik Sandberg" in page
    assert 'id="approve-form"' not in page
    assert 'id="approve-form"' in card_page(portal, asked, "erik")


def test_a_card_shows_a_question_and_its_answer(portal):
    asked = portal.ask()
    portal.decide("dana", asked, "ask", message="Which lamp was it?")
    waiting = card_page(portal, asked)
    portal.post(f"/actions/{asked['id']}/answer", {"message": "The Brisa lamp."})
    answered = card_page(portal, asked)

    assert "The clock stands still" in waiting
    assert "Which lamp was it?" in waiting
    assert "The clock stands still" not in answered
    assert "The Brisa lamp." in answered
    listed = portal.signed_in("dana").get("/inbox/").content.decode()
    assert "· answered" in listed
    assert "waiting for the agent" not in listed


@pytest.mark.parametrize(
    ("verb", "form", "said"),
    [
        ("approve", {}, "Approved by Dana Reyes"),
        ("edit", {"arg-0": "48.20"}, "Edited and approved by Dana Reyes"),
        ("reject", {"reason_code": "against_policy"}, "Rejected by Dana Reyes"),
        ("respond", {"message": "Send a voucher."}, "Answered instead by Dana Reyes"),
    ],
)
def test_a_decided_card_says_how_by_whom_and_offers_no_decision(
    portal, verb, form, said
):
    asked = portal.ask()
    if verb == "edit":
        field = _field(portal, asked, "amount")
        form = {field.name: "48.20"} | _others(portal, asked, "amount")
    answered = portal.decide("dana", asked, verb, **form)
    assert answered.status_code == 302, answered.content.decode()[-3000:]

    page = card_page(portal, asked)

    assert said in " ".join(page.split())
    assert 'id="approve-form"' not in page


def test_a_card_shows_expired_and_withdrawn(portal):
    for state, said in (
        ("EXPIRED", "Nobody decided in time"),
        ("WITHDRAWN", "withdrew this"),
    ):
        asked = portal.ask(run=state)
        if state == "WITHDRAWN":
            portal.post(f"/actions/{asked['id']}/withdraw")
        else:
            _expire(asked)
        assert said in card_page(portal, asked)


def test_a_card_shows_the_grant_and_the_outcome(portal, no_undo_time):
    asked = portal.ask()
    portal.decide("dana", asked)
    assert "The grant was not used yet." in card_page(portal, asked)

    told = portal.action(asked)
    portal.redeem(told["grant"], told["action_digest"])
    assert "No outcome was reported yet." in card_page(portal, asked)

    portal.post(f"/actions/{asked['id']}/outcome", {"status": "succeeded"})
    assert "Outcome: succeeded." in card_page(portal, asked)


def test_an_approval_is_undone_within_ten_seconds_from_its_card(portal):
    asked = portal.ask()
    portal.decide("dana", asked)
    assert "Take the approval back" in card_page(portal, asked)
    assert "Take the approval back" not in card_page(portal, asked, "tom")

    dana = portal.signed_in("dana")
    undone = dana.post(f"/inbox/{asked['proposal']['id']}/undo/", follow=True)

    assert "The approval was taken back" in undone.content.decode()
    assert 'id="approve-form"' in undone.content.decode()


def test_the_edit_form_keeps_numbers_numbers(portal, no_undo_time):
    action = portal.body()["action"] | {
        "args": {"amount": 84.5, "currency": "EUR", "boxes": 2}
    }
    asked = portal.ask("84.50", action=action)
    dana = portal.signed_in("dana")
    page = dana.get(f"/inbox/{asked['proposal']['id']}/edit/").content.decode()
    assert page.count('inputmode="decimal"') == 2
    boxes = _field(portal, asked, "boxes")

    wrong = portal.decide(
        "dana", asked, "edit", **{boxes.name: "two"}, **_others(portal, asked, "boxes")
    )
    right = portal.decide(
        "dana", asked, "edit", **{boxes.name: "1"}, **_others(portal, asked, "boxes")
    )

    assert wrong.status_code == 422
    assert 'value="two"' in wrong.content.decode()
    assert right.status_code == 302
    args = portal.action(asked)["resolution"]["action"]["args"]
    assert args["boxes"] == 1
    assert args["amount"] == 84.5


def test_opening_evidence_is_recorded_and_only_then_is_it_shown(portal):
    asked = portal.ask()
    assert "Paid." not in card_page(portal, asked)

    part = portal.signed_in("dana").post(
        f"/inbox/{asked['proposal']['id']}/evidence/0/", headers={"HX-Request": "true"}
    )

    assert "Paid." in part.content.decode()
    assert "<html" not in part.content.decode()
    opening = EvidenceOpening.objects.get()
    assert (opening.position, opening.person_id) == (0, portal.people.people["dana"].id)
    assert "Paid." not in card_page(portal, asked, "tom")


def test_more_evidence_than_eight_is_folded_and_counted_and_its_age_is_of_the_decision(
    portal, no_undo_time
):
    read_at = (wall_clock() - timedelta(hours=2)).isoformat()
    items = [{"label": f"Record {n}", "retrieved_at": read_at} for n in range(11)]
    asked = portal.ask(evidence=items)
    waiting = card_page(portal, asked)
    later = wall_clock() + timedelta(hours=30)
    dana, proposal_id = portal.people.actor("dana"), asked["proposal"]["id"]
    then_waiting = card_for(dana, proposal_id, now=later)
    portal.decide("dana", asked, "approve")

    decided = card_page(portal, asked)
    then_decided = card_for(dana, proposal_id, now=later)

    assert "pieces, given by the agent" in waiting
    assert "3 more of 11" in waiting
    assert "Record 10" in waiting
    assert decided.count("2 h old when this ended") == 11
    assert all(item.is_stale for item in then_waiting.evidence)
    assert not any(item.is_stale for item in then_decided.evidence)
    assert {item.age_then for item in then_decided.evidence} == {"2 h"}


def test_a_proposal_is_shown_by_itself_where_a_run_leads_to_it(portal):
    asked = portal.ask()
    dana = portal.signed_in("dana")

    beside = dana.get(f"/inbox/{asked['proposal']['id']}/").content.decode()
    alone = dana.get(f"/inbox/{asked['proposal']['id']}/?alone=1").content.decode()

    assert 'id="inbox-list"' in beside
    assert 'id="inbox-list"' not in alone
    assert 'id="approve-form"' in alone
    assert "Back to the run" in alone


def test_numbers_and_recipients_that_the_action_lacks_are_flagged(portal):
    asked = portal.ask(rationale="Pay 991.00 to eve@evil.example for order 1182.")

    page = card_page(portal, asked)
    marked = re.findall(r"<mark>(.*?)</mark>", page)

    assert any("991" in text for text in marked)
    assert any("eve@evil.example" in text for text in marked)
    assert not any("1182" in text for text in marked)


def test_hidden_characters_are_visible_and_markup_is_text(portal):
    asked = portal.ask(
        title="Refund \u202egnp.exe\u200b", rationale="<img src=x onerror=alert(1)>"
    )

    page = card_page(portal, asked)

    assert "\u202e" not in page
    assert "\u200b" not in page
    assert "<img" not in page


def test_the_loser_of_a_race_sees_who_and_when(portal):
    asked = portal.ask()
    portal.decide("dana", asked)

    lost = portal.decide(
        "tom", asked, "reject", reason_code="other", message="No, wait."
    )

    page = lost.content.decode()
    assert lost.status_code == 409
    assert "Dana Reyes" in page
    assert "<time" in page
    assert "No, wait." in page


def test_high_risk_has_no_default_focus_and_no_single_key_that_approves(portal):
    asked = portal.ask()
    usual = _approve_form(card_page(portal, asked))
    Proposal.objects.filter(id=asked["proposal"]["id"]).update(risk="high")

    page = card_page(portal, asked)
    form = _approve_form(page)

    card = page[page.index('id="proposal"') : page.index("</article>")]
    assert "autofocus" not in card
    assert "data-focus-me" not in card
    assert re.search(r'<button[^>]*data-key="a"', usual)
    assert not re.search(r'<button[^>]*data-key="a"', form)
    assert re.search(r'<input type="checkbox"[^>]* required', form)


def test_an_update_without_a_resource_is_named_by_its_argument(portal):
    action = {
        "verb": "update",
        "system": "crm",
        "args": {"contact_id": "881", "phone": "1"},
    }

    assert headline_of({}, action, None) == "Update contact 881 in CRM: phone"


def _approve_form(page):
    return re.search(r'<form[^>]*id="approve-form".*?</form>', page, re.DOTALL).group(0)


def _card(portal, asked):
    actor = portal.people.actor("dana")
    return card_for(actor, asked["proposal"]["id"], now=wall_clock())


def _field(portal, asked, path):
    return next(f for f in _card(portal, asked).edit_fields if f.path == path)


def _others(portal, asked, path):
    return {f.name: f.value for f in _card(portal, asked).edit_fields if f.path != path}


def _expire(asked):
    proposal = Proposal.objects.get(id=asked["proposal"]["id"])
    while proposal.resolved_at is None:
        Proposal.objects.filter(id=proposal.id).update(due_at=wall_clock())
        time_out_proposal(proposal_id=proposal.id, now=wall_clock())
        proposal.refresh_from_db()
