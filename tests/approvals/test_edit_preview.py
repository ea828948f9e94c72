"""Editing with a look ahead: nothing is saved, and nobody loses what they typed."""

import pytest

from approvals.models import AuthorityRecord, Decision, Proposal, ProposalVersion
from portal.audit.models import Entry
from tests.approvals.asking import digest_of_proposal
from tests.approvals.test_card import card_page

pytestmark = pytest.mark.django_db


def look_ahead(portal, asked, who="dana", *, digest="", htmx=True, **edits):
    proposal_id = asked["proposal"]["id"]
    return portal.signed_in(who).post(
        f"/inbox/{proposal_id}/edit/preview/",
        {"digest": digest or digest_of_proposal(proposal_id), **edits},
        headers={"HX-Request": "true"} if htmx else {},
    )


def words(response):
    return " ".join(response.content.decode().split())


def test_a_preview_says_what_changes_what_the_rulebook_answers_and_writes_nothing(
    portal,
):
    asked = portal.ask("84.20")
    before = (Entry.objects.count(), AuthorityRecord.objects.count())

    said = look_ahead(portal, asked, **{"arg-0": "48.20"})

    assert said.status_code == 200
    assert "<html" not in words(said)
    assert "84.20" in words(said)
    assert "48.20" in words(said)
    assert "above the limit" in words(said)
    assert "Saving it is your approval" in words(said)
    assert "The agent is told" in words(said)
    assert (Entry.objects.count(), AuthorityRecord.objects.count()) == before
    assert ProposalVersion.objects.count() == 1


def test_a_preview_says_that_an_edit_widens_and_who_then_approves(portal):
    asked = portal.ask("84.20")

    wider = words(look_ahead(portal, asked, **{"arg-0": "94.20"}))
    unread = words(look_ahead(portal, asked, **{"arg-1": "QUJD" * 60}))

    assert "asks for more than before" in wider
    assert "another person approves it" in wider
    assert "waits for: Lena Fischer, Tom Okafor." in wider
    assert "needs a higher approver" in unread
    assert "Erik Sandberg" in unread


def test_a_preview_says_what_the_rulebook_refuses_and_saving_does_not_keep_it(portal):
    asked = portal.ask("84.20")

    refused = words(look_ahead(portal, asked, **{"arg-0": "600.00"}))
    saved = portal.decide("dana", asked, "edit", **{"arg-0": "600.00"})

    assert "cannot be saved" in refused
    assert saved.status_code == 409
    assert ProposalVersion.objects.count() == 1


def test_an_argument_of_another_type_is_refused_with_words_and_kept_in_its_field(
    portal,
):
    asked = portal.ask("84.20")

    ahead = words(look_ahead(portal, asked, **{"arg-0": "a lot"}))
    saved = portal.decide("dana", asked, "edit", **{"arg-0": "a lot"})

    assert "Write a plain number" in ahead
    assert saved.status_code == 422
    assert 'value="a lot"' in saved.content.decode()
    assert not Decision.objects.exists()


def test_the_preview_button_gives_the_whole_page_without_script(portal):
    asked = portal.ask("84.20")

    page = look_ahead(portal, asked, htmx=False, **{"arg-0": "48.20"})

    assert "<html" in page.content.decode()
    assert 'value="48.20"' in page.content.decode()
    assert "Saving it is your approval" in words(page)


def test_only_who_decides_looks_ahead(portal):
    asked = portal.ask("84.20")

    owner = look_ahead(portal, asked, "maya", **{"arg-0": "48.20"})
    outsider = look_ahead(portal, asked, "olga", **{"arg-0": "48.20"})

    assert (owner.status_code, outsider.status_code) == (403, 404)


def test_the_second_of_two_editors_keeps_what_they_typed(portal):
    asked = portal.ask("84.20")
    seen = digest_of_proposal(asked["proposal"]["id"])
    portal.decide("dana", asked, "edit", digest=seen, **{"arg-0": "94.20"})

    late = portal.decide(
        "tom", asked, "edit", digest=seen, message="Two lamps", **{"arg-0": "90.10"}
    )

    page = late.content.decode()
    assert late.status_code == 409
    assert "Dana Reyes changed this while you were editing" in page
    assert 'value="90.10"' in page
    assert "Two lamps" in page
    assert digest_of_proposal(asked["proposal"]["id"]) in page
    assert ProposalVersion.objects.count() == 2

    again = portal.decide("tom", asked, "edit", **{"arg-0": "80.10"})
    assert again.status_code == 302


def test_the_agent_gets_the_edited_action_whole_with_its_untouched_bytes(
    portal, no_undo_time
):
    raw = (
        '{"workflow": "SLUG", "run": "case-1", "title": "Credit", "confidence": 0.95,'
        ' "action": {"verb": "credit", "system": "billing",'
        ' "args": {"points": 1e2,  "note": "caf\\u00e9", "boxes": [1, 2]}}}'
    ).replace("SLUG", portal.workflow.slug)
    asked = portal.post("/actions", raw=raw).json()

    portal.decide("dana", asked, "edit", **{"arg-1": "tea"})
    told = portal.action(asked)

    kept = bytes(ProposalVersion.objects.get(number=2).action).decode()
    assert '"args": {"points": 1e2,  "note": "tea", "boxes": [1, 2]}' in kept
    assert told["resolution"]["type"] == "edited"
    assert told["resolution"]["action"]["args"]["note"] == "tea"
    assert "1e2" in card_page(portal, asked)


def test_a_stale_card_approves_nothing(portal):
    asked = portal.ask("84.20")
    seen = digest_of_proposal(asked["proposal"]["id"])
    portal.decide("dana", asked, "edit", **{"arg-0": "94.20"})

    stale = portal.decide("tom", asked, digest=seen)
    fresh = portal.decide("tom", asked)

    assert (stale.status_code, fresh.status_code) == (409, 302)
    assert Proposal.objects.get().state == "EDITED"
