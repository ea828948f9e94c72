"""Putting a proposal away: for oneself, for a while, and never past its time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.models import Proposal, Snooze
from portal.audit.models import Entry
from tests.approvals.timing import proposal_of

pytestmark = pytest.mark.django_db


def put_away(portal, who, asked, *, minutes=60):
    at = timezone.localtime(timezone.now() + timedelta(minutes=minutes))
    return portal.signed_in(who).post(
        f"/inbox/{asked['proposal']['id']}/snooze/",
        {"until": "own", "at": at.isoformat()},
    )


def needs(portal, who) -> bool:
    page = portal.signed_in(who).get("/inbox/").content.decode()
    return "proposal-" in page


def test_only_whoever_put_it_away_stops_seeing_it(portal):
    asked = portal.ask()
    answer = put_away(portal, "dana", asked)
    assert answer.status_code == 302
    assert (needs(portal, "dana"), needs(portal, "tom")) == (False, True)
    listed = portal.signed_in("dana").get("/inbox/snoozed/").content.decode()
    assert "order 1182" in listed
    assert "Nothing is put away" in (
        portal.signed_in("tom").get("/inbox/snoozed/").content.decode()
    )
    assert Entry.objects.filter(name="proposal.snoozed").count() == 1


def test_it_comes_back_by_itself_with_a_mark(portal):
    asked = portal.ask()
    put_away(portal, "dana", asked)
    Snooze.objects.update(until=timezone.now() - timedelta(minutes=1))
    page = portal.signed_in("dana").get("/inbox/").content.decode()
    assert "back from being put away" in page


@pytest.mark.parametrize("change", [{"rung": 1}, {"version_number": 2}])
def test_it_comes_back_when_it_goes_up_or_is_edited(portal, change):
    asked = portal.ask()
    put_away(portal, "dana", asked)
    Snooze.objects.update(**{k: v - 1 for k, v in change.items()})
    Proposal.objects.update(**change)
    assert Snooze.objects.get().until > timezone.now()
    # The same row, seen at the step and version that it was put away for, is hidden.
    Snooze.objects.update(**change)
    hidden = portal.signed_in("dana").get("/inbox/snoozed/").content.decode()
    Snooze.objects.update(**{k: v - 1 for k, v in change.items()})
    back = portal.signed_in("dana").get("/inbox/snoozed/").content.decode()
    assert "order 1182" in hidden
    assert "Nothing is put away" in back


def test_it_is_never_put_away_up_to_its_due_time(portal):
    asked = portal.ask()
    refused = put_away(portal, "dana", asked, minutes=110)
    assert refused.status_code == 422
    assert "too little time" in refused.content.decode()
    assert not Snooze.objects.exists()
    Proposal.objects.update(due_at=timezone.now() + timedelta(minutes=4))
    page = portal.signed_in("dana").get(f"/inbox/{asked['proposal']['id']}/snooze/")
    assert "due too soon to be put away" in page.content.decode()


def test_taking_it_out_again_shows_it_at_once(portal):
    asked = portal.ask()
    put_away(portal, "dana", asked)
    portal.signed_in("dana").post(f"/inbox/{asked['proposal']['id']}/unsnooze/")
    assert needs(portal, "dana")
    assert not Snooze.objects.exists()


def test_nobody_puts_away_what_does_not_wait_for_them(portal):
    asked = portal.ask()
    assert put_away(portal, "rosa", asked).status_code == 403
    assert put_away(portal, "olga", asked).status_code == 404
    assert not Snooze.objects.exists()


def test_the_clock_runs_on_while_it_is_put_away(portal):
    asked = portal.ask()
    before = proposal_of(asked).due_at
    put_away(portal, "dana", asked)
    assert proposal_of(asked).due_at == before
