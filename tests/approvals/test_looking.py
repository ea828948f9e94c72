"""The first look at a card: kept once, told by the page, and what a decision's time is."""

import pytest

from approvals.models import FirstLook, ProposalEnd
from portal.audit.models import Entry
from runs.models import RunEvent

pytestmark = pytest.mark.django_db


def looked(portal, name: str, asked: dict):
    return portal.signed_in(name).post(f"/inbox/{asked['proposal']['id']}/looked/")


def test_a_card_tells_once_that_it_was_shown_to_whoever_decides(portal):
    asked = portal.ask()
    page = portal.signed_in("dana").get(f"/inbox/{asked['proposal']['id']}/")
    read_only = portal.signed_in("maya").get(f"/inbox/{asked['proposal']['id']}/")

    first, again = looked(portal, "dana", asked), looked(portal, "dana", asked)

    assert f"/inbox/{asked['proposal']['id']}/looked/" in page.content.decode()
    assert "/looked/" not in read_only.content.decode()
    assert (first.status_code, again.status_code) == (204, 204)
    look = FirstLook.objects.get()
    assert look.words > 3
    assert Entry.objects.filter(name="proposal.looked_at").count() == 1
    assert looked(portal, "olga", asked).status_code == 404


def test_the_time_from_the_first_look_to_the_decision_is_kept_with_it(portal):
    seen, unseen = portal.ask(run="case-1"), portal.ask(run="case-2")
    looked(portal, "dana", seen)
    looked(portal, "tom", unseen)

    portal.decide("dana", seen)
    portal.decide("dana", unseen)
    after_the_end = looked(portal, "lena", seen)

    kept = {
        str(end.proposal_id): end.looked_seconds for end in ProposalEnd.objects.all()
    }
    assert 0 <= kept[seen["proposal"]["id"]] < 60
    # Another person's look is not a look of whoever decided.
    assert kept[unseen["proposal"]["id"]] is None
    assert after_the_end.status_code == 204
    assert FirstLook.objects.count() == 2
    told = RunEvent.objects.filter(kind="decided").values_list("facts", flat=True)
    assert {facts["role"] for facts in told} == {"reviewer"}
    assert {facts["looked_seconds"] is None for facts in told} == {True, False}
