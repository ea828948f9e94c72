"""Two that spread the same news, or mail the same notices, at once; with negative controls."""

import json
from datetime import timedelta
from unittest import mock

import pytest

from portal.accounts import notice_mail as mailing
from portal.accounts.models import Notice, ToldNews
from portal.accounts.operations import telling
from portal.core.clock import wall_clock
from portal.core.ids import new_id
from tests.approvals.test_races import together

pytestmark = pytest.mark.race
ROUNDS = 200
BOTH = 2


def news_of(portal, number: int) -> dict:
    """Give news that joins the line for many: what is doubled there is a wrong number."""
    return {
        "id": str(new_id()),
        "kind": "mentioned",
        "people": [str(portal.people.people["dana"].id)],
        "subject": f"note:{new_id()}",
        "workflow_id": str(portal.workflow.id),
        "href": f"/notes/{number}/",
        "many_href": "/notes/",
        "by": "Tom Okafor",
        "by_id": None,
        "outcome": "",
        "at": wall_clock().isoformat(),
    }


def spread_twice(portal, rounds: int) -> int:
    """Spread each piece of news twice at once; give how often it was counted."""
    for number in range(rounds):
        payload = news_of(portal, number)
        found = together([lambda p=payload: telling.spread(p)] * BOTH)
        assert found == [None] * BOTH
    mine = Notice.objects.filter(kind="mentioned")
    return sum(mine.values_list("count", flat=True))


def test_news_spread_by_two_relays_at_once_is_counted_once(committed_portal):
    assert spread_twice(committed_portal, ROUNDS) == ROUNDS
    assert ToldNews.objects.count() == ROUNDS


def test_without_the_mark_that_it_was_told_the_same_race_counts_twice(committed_portal):
    careless = telling._KEEP.replace(
        "VALUES (%s, clock_timestamp())\n    ON CONFLICT DO NOTHING",
        "SELECT gen_random_uuid(), clock_timestamp() WHERE %s IS NOT NULL",
    )
    assert careless != telling._KEEP
    careless = careless.replace("WHERE %s IS", "WHERE %s::uuid IS")
    with mock.patch.object(telling, "_KEEP", careless):
        # Twice as many as stand alone: the line for many is where doubling shows.
        assert spread_twice(committed_portal, 40) > 40


def test_mail_claimed_by_two_workers_at_once_belongs_to_one(committed_portal):
    people = [committed_portal.people.people[name].id for name in ("dana", "tom")]
    for _ in range(ROUNDS // 4):
        Notice.objects.all().delete()
        for person_id in people:
            Notice.objects.create(
                person_id=person_id,
                kind="mentioned",
                key=str(new_id()),
                href="/",
                told_at=wall_clock(),
                mail_due_at=wall_clock() - timedelta(seconds=1),
            )
        found = together([mailing.claim_mail] * 4)
        claimed = [mail.person_id for mail in found if isinstance(mail, mailing.Mail)]
        assert len(claimed) == len(set(claimed)), json.dumps(claimed, default=str)


def test_without_the_lock_the_same_mail_is_claimed_twice(committed_portal):
    person_id = committed_portal.people.people["dana"].id
    careless = mailing._CLAIM.replace("FOR NO KEY UPDATE SKIP LOCKED", "")
    twice = 0
    with mock.patch.object(mailing, "_CLAIM", careless):
        for _ in range(20):
            Notice.objects.all().delete()
            Notice.objects.create(
                person_id=person_id,
                kind="mentioned",
                key=str(new_id()),
                href="/",
                told_at=wall_clock(),
                mail_due_at=wall_clock() - timedelta(seconds=1),
            )
            found = together([mailing.claim_mail] * 4)
            twice += sum(isinstance(mail, mailing.Mail) for mail in found) > 1
    assert twice
