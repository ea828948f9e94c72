"""The inbox: what it costs, who sees it, and what its tabs and filter keep."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import Move, Proposal
from approvals.queries.narrowing import InboxAsked, asked_in
from tests.approvals.asking import digest_of_proposal

LIST_QUERIES_MAX = 16
# Four of them ask the rulebook again and two whether a line of the list must: neither
# the card nor the list offers what would be refused.
CARD_QUERIES_MAX = 44
SLACK = 1


def ask_many(portal, count):
    return [portal.ask(f"{30 + n}.00", run=f"case-{n}") for n in range(count)]


def queries_of(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as caught:
        response = client.get(address)
    assert response.status_code == 200
    return len(caught)


@pytest.mark.parametrize("tab", ["mine", "team", "free", "taken", "decided"])
def test_a_list_of_fifty_costs_no_more_queries_than_a_list_of_one(portal, tab):
    dana = portal.signed_in("dana")
    portal.ask()
    address = f"/inbox/?tab={tab}"
    one = queries_of(dana, address)

    ask_many(portal, 50)

    assert queries_of(dana, address) <= one + SLACK
    assert one <= LIST_QUERIES_MAX


def test_a_card_beside_fifty_costs_no_more_queries_than_a_card_alone(portal):
    dana = portal.signed_in("dana")
    address = f"/inbox/{portal.ask()['proposal']['id']}/"
    one = queries_of(dana, address)

    ask_many(portal, 50)

    assert queries_of(dana, address) <= one + SLACK
    assert one <= CARD_QUERIES_MAX


def test_an_outsider_gets_404_for_the_card_its_part_and_every_decision(portal):
    asked = portal.ask()
    proposal_id = asked["proposal"]["id"]
    olga = portal.signed_in("olga")
    address = f"/inbox/{proposal_id}/"
    form = {
        "digest": digest_of_proposal(proposal_id),
        "message": "x",
        "reason_code": "other",
    }

    assert olga.get(address).status_code == 404
    assert olga.get(address, headers={"HX-Request": "true"}).status_code == 404
    for deed in ("edit", "reject", "respond", "ask", "escalate", "comment"):
        assert olga.get(f"{address}{deed}/").status_code == 404, deed
    for deed in (
        *("approve", "edit", "reject", "respond", "undo", "ask", "escalate"),
        *("claim", "comment", "evidence/0"),
    ):
        assert olga.post(f"{address}{deed}/", form).status_code == 404, deed
    assert Proposal.objects.get(id=proposal_id).resolved_at is None
    assert not Move.objects.filter(proposal_id=proposal_id).exists()


def test_an_outsider_sees_no_line_and_no_number(portal):
    portal.ask()
    olga = portal.signed_in("olga")

    for tab in ("mine", "team", "free", "taken", "decided"):
        page = olga.get(f"/inbox/?tab={tab}").content.decode()
        assert "1182" not in page
    assert olga.get("/inbox/count/").content == b""
    assert portal.signed_in("dana").get("/inbox/count/").content == b"1"


def test_the_filter_keeps_what_has_the_words(portal):
    portal.ask("31.00", run="a")
    portal.ask("77.00", run="b")
    dana = portal.signed_in("dana")

    page = dana.get("/inbox/?q=eur+77").content.decode()

    assert "EUR 77.00" in page
    assert "EUR 31.00" not in page
    assert "Nothing fits" in dana.get("/inbox/?q=%25zebra").content.decode()


def test_what_is_taken_on_is_mine_and_no_longer_unassigned(portal):
    proposal_id = portal.ask()["proposal"]["id"]
    dana = portal.signed_in("dana")
    assert "1182" in dana.get("/inbox/?tab=free").content.decode()
    assert "1182" not in dana.get("/inbox/?tab=taken").content.decode()

    dana.post(f"/inbox/{proposal_id}/claim/")

    assert "1182" not in dana.get("/inbox/?tab=free").content.decode()
    assert "1182" in dana.get("/inbox/?tab=taken").content.decode()
    assert (
        "1182" not in portal.signed_in("tom").get("/inbox/?tab=taken").content.decode()
    )


def test_a_decision_opens_the_next_proposal(portal):
    first, second = portal.ask("31.00", run="a"), portal.ask("32.00", run="b")

    answered = portal.decide("dana", first)

    assert answered.status_code == 302
    assert second["proposal"]["id"] in answered["Location"]
    assert f"undo={first['proposal']['id']}" in answered["Location"]


@pytest.mark.parametrize("typed", ["1e-999999", "1e-20000", "1e999999", "NaN", "-1"])
def test_an_amount_that_no_money_can_be_is_not_asked_for(portal, typed):
    portal.ask("84.20")

    page = portal.signed_in("dana").get("/inbox/", {"amount_min": typed})

    assert page.status_code == 200
    assert len(page.content) < 200_000
    assert asked_in({"amount_min": typed, "amount_max": "12.50"}) == InboxAsked(
        amount_max="12.5"
    )
