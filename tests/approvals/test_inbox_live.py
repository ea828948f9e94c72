"""The inbox while others work: what is new waits, what is gone stays told in its place."""

import re
from urllib.parse import parse_qs, urlsplit

from approvals.models import InboxFilter, Proposal
from approvals.queries.inbox import inbox_for
from registry.operations.people import assign_agent
from tests.people import NOW, SYSTEM

HTMX = {"HX-Request": "true"}


def live_address(page):
    found = re.search(r'hx-get="(/inbox/live/[^"]*mark=[^"]*)"', page)
    return found.group(1).replace("&amp;", "&")


def open_card(client, proposal_id, query=""):
    page = client.get(f"/inbox/{proposal_id}/{query}").content.decode()
    mark = re.search(r'name="card_mark" value="([^"]+)"', page).group(1)
    return f"{live_address(page)}&open={proposal_id}&card_mark={mark}"


def test_nothing_is_said_while_nothing_changed(portal):
    portal.ask()
    dana = portal.signed_in("dana")
    address = live_address(dana.get("/inbox/?tab=mine").content.decode())

    again = dana.get(address, headers=HTMX)

    assert again.status_code == 204
    assert again.content == b""
    assert dana.get(address).status_code == 302


def test_what_is_new_waits_behind_a_pill_and_the_list_stays(portal):
    portal.ask("31.00", run="a")
    dana = portal.signed_in("dana")
    address = live_address(dana.get("/inbox/?tab=mine").content.decode())

    newcomer = portal.ask("32.00", run="b")["proposal"]["id"]
    said = dana.get(address, headers=HTMX).content.decode()

    assert "1 new" in said
    assert f'id="row-{newcomer}"' not in said
    assert dana.get(live_address(said), headers=HTMX).status_code == 204
    anew = dana.get("/inbox/live/?tab=mine", headers=HTMX).content.decode()
    assert f'id="row-{newcomer}"' in anew


def test_what_a_colleague_decided_is_told_in_its_place(portal):
    ids = [portal.ask("31.00", run=run)["proposal"]["id"] for run in ("a", "b")]
    dana = portal.signed_in("dana")
    address = live_address(dana.get("/inbox/?tab=mine").content.decode())

    portal.decide("tom", {"proposal": {"id": ids[0]}})
    said = dana.get(address, headers=HTMX).content.decode()

    assert f'id="row-{ids[0]}" hx-swap-oob="true"' in said
    assert "approved by Tom Okafor" in said
    assert f'id="row-{ids[1]}"' not in said
    assert dana.get(live_address(said), headers=HTMX).status_code == 204


def test_an_open_card_says_who_was_faster_and_leaves_its_forms(portal):
    proposal_id = portal.ask()["proposal"]["id"]
    dana = portal.signed_in("dana")
    address = open_card(dana, proposal_id)
    assert dana.get(address, headers=HTMX).status_code == 204

    portal.decide("tom", {"proposal": {"id": proposal_id}})
    said = dana.get(address, headers=HTMX).content.decode()

    assert "Tom Okafor ended this first: approved" in said
    assert 'id="card-live" hx-swap-oob="innerHTML"' in said
    assert "reject-form" not in said


def test_an_outsider_learns_nothing_by_asking_about_ids(portal):
    proposal_id = portal.ask()["proposal"]["id"]
    dana = portal.signed_in("dana")
    address = open_card(dana, proposal_id)
    portal.decide("tom", {"proposal": {"id": proposal_id}})

    said = portal.signed_in("olga").get(address, headers=HTMX).content.decode()

    assert "1182" not in said
    assert "Tom" not in said


def test_an_address_by_hand_with_odd_marks_is_no_error(portal):
    portal.ask()
    dana = portal.signed_in("dana")

    for odd in (
        "shown=_x-&mark=x",
        "shown=%00%F1&mark=x",
        "shown=AAAA&mark=",
        "mark=x&open=7",
        "mark=x&amount_min=NaN",
    ):
        assert dana.get(f"/inbox/live/?{odd}", headers=HTMX).status_code in (
            200,
            204,
            400,
        )


def test_filters_keep_what_they_say_and_unreadable_ones_say_nothing(portal):
    portal.ask("31.00", run="a")
    portal.ask("77.00", run="b")
    dana = portal.signed_in("dana")
    agent = portal.people.agent.id

    def shown(query):
        return len(inbox_rows(dana.get(f"/inbox/?tab=mine&{query}")))

    assert shown("amount_min=50") == 1
    assert shown("amount_max=50&verb=refund") == 1
    assert shown("verb=credit") == 0
    assert shown(f"system=billing&agent={agent}") == 2
    assert shown(f"workflow={portal.workflow.slug}&risk=medium") == 2
    assert shown("workflow=other") == 0
    assert shown("state=overdue") == 0
    assert shown("state=waiting") == 0
    assert shown("amount_min=lots&agent=7&risk=vast&state=odd&tab=none") == 2


def inbox_rows(response):
    assert response.status_code == 200
    return re.findall(r'id="row-([^"]+)"', response.content.decode())


def test_a_decision_goes_on_in_the_tab_and_the_filters_where_it_was_made(portal):
    small = [portal.ask("31.00", run=run)["proposal"]["id"] for run in "ab"]
    large = [portal.ask("77.00", run=run)["proposal"]["id"] for run in "cd"]

    answered = portal.decide(
        "dana", {"proposal": {"id": large[0]}}, place="tab=team&amount_min=50"
    )
    last = portal.decide(
        "dana", {"proposal": {"id": large[1]}}, place="tab=team&amount_min=50"
    )

    going = urlsplit(answered["Location"])
    assert large[1] in going.path
    assert parse_qs(going.query)["amount_min"] == ["50"]
    assert urlsplit(last["Location"]).path == "/inbox/"
    assert set(small) == {
        str(one)
        for one in Proposal.objects.filter(state="OPEN").values_list("id", flat=True)
    }


def test_what_follows_is_next_and_not_the_first_again(portal):
    ids = [portal.ask("31.00", run=run)["proposal"]["id"] for run in "abc"]

    answered = portal.decide("dana", {"proposal": {"id": ids[1]}})

    assert ids[2] in answered["Location"]


def test_a_flood_of_one_agent_does_not_bury_what_another_asks(portal, monkeypatch):
    people = portal.people
    assign_agent(
        actor=SYSTEM, workflow_id=portal.workflow.id, agent=people.other_agent, now=NOW
    )
    monkeypatch.setattr("approvals.operations.proposals.CROWD_SIZE", 4)
    for number in range(12):
        portal.ask("31.00", run=f"flood-{number}")
    other = people.key_for(people.other_agent)

    asked = portal.post(
        "/actions", portal.body("99.00", run="alone"), token=other
    ).json()

    rows = inbox_for(people.actor("dana")).rows
    place = [str(row.id) for row in rows].index(asked["proposal"]["id"])
    assert place == 4
    # Without its crowd it would stand last: its time runs out last.
    by_time = Proposal.objects.order_by("-risk_rank", "due_at", "id")
    assert str(by_time.last().id) == asked["proposal"]["id"]


def test_a_filter_is_kept_renamed_begun_with_removed_and_taken_back(portal):
    portal.ask("31.00")
    dana = portal.signed_in("dana")
    dana.post("/inbox/filters/", {"name": "Large", "tab": "team", "amount_min": "50"})
    kept = InboxFilter.objects.get()
    address = f"/inbox/filters/{kept.id}/"

    again = dana.post("/inbox/filters/", {"name": "Large", "risk": "high"})
    dana.post(address, {"change": "rename", "name": "Above fifty"})
    dana.post(address, {"change": "default", "is": "on"})

    assert again.status_code == 422
    begins = dana.get("/inbox/")
    assert begins["Location"] == "/inbox/?tab=team&amount_min=50"
    page = dana.get("/inbox/?tab=mine").content.decode()
    assert "Above fifty" in page
    assert "Above fifty" not in portal.signed_in("tom").get("/inbox/").content.decode()
    for path in (address, f"{address}remove/", f"{address}restore/"):
        assert (
            portal.signed_in("tom").post(path, {"change": "default"}).status_code == 404
        )

    dana.post(f"{address}remove/")
    assert dana.get("/inbox/").status_code == 200
    dana.post(f"{address}restore/")
    kept.refresh_from_db()
    assert (kept.name, kept.removed_at, kept.is_default) == ("Above fifty", None, False)
