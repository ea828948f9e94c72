"""What people decided, as numbers: by hand-counted examples, and against a plain reading."""

from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from django.utils import timezone

from portal.home.queries.kpis.catalogue import all_kpis, figures_for, rows_for
from portal.home.queries.kpis.figure import Answer, Scope, Side
from portal.home.queries.kpis.from_decisions import FromDecisions
from tests.approvals.asking import make_portal
from tests.home.ended import any_history, ended

pytestmark = pytest.mark.django_db


@pytest.fixture
def portal(db):
    return make_portal()


NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
TODAY = NOW.date()
WEEK = Scope(TODAY - timedelta(days=6), TODAY)
KEYS = tuple(kpi.key for kpi in FromDecisions.kpis)


def figures(portal, *keys, scopes=(WEEK,), name="maya"):
    found = figures_for(
        actor=portal.people.actor(name), keys=keys or KEYS, scopes=scopes, now=NOW
    )
    return {
        key: values if len(scopes) > 1 else values[0] for key, values in found.items()
    }


def rows(portal, key, side, scope=WEEK):
    return rows_for(
        actor=portal.people.actor("maya"), key=key, scope=scope, side=side, cursor=None
    ).rows


def told(state: str, hours: float = 1, **more):
    return {"state": state, "at": NOW - timedelta(hours=hours)} | more


def test_nothing_decided_is_no_data_and_never_zero_or_one(portal):
    found = figures(portal)

    shares = [key for key in KEYS if key not in ("asked",)]
    assert {key: found[key].answer for key in shares} == dict.fromkeys(
        shares, Answer.NO_DATA
    )
    assert all(found[key].value is None and found[key].why for key in shares)
    assert (found["asked"].answer, found["asked"].value) == (Answer.MEASURED, 0.0)


def test_ten_decisions_counted_by_hand(portal):
    ended(
        portal,
        *(told("APPROVED") for _ in range(4)),
        told("EDITED", material=True),
        told("EDITED"),
        told("REJECTED", asked=True),
        told("RESPONDED", late=True),
        told("APPROVED", superseded=True),
        told("EXPIRED"),
        told("WITHDRAWN"),
    )

    found = figures(portal)

    # D is 4 + 2 + 1 + 1 = 8: neither taken back, nor expired, nor withdrawn.
    acceptance, override = found["acceptance"], found["override"]
    assert (acceptance.over, acceptance.under) == (6, 8)
    assert [each.value for each in acceptance.details] == [4 / 8, 2 / 8]
    assert (override.over, override.under) == (3, 8)
    assert override.low < 3 / 8 < override.high
    assert override.value + acceptance.details[0].value + 1 / 8 == 1
    assert (
        acceptance.excluded[:3]
        == override.excluded[:3]
        == (
            ("Expired undecided", 1),
            ("Withdrawn by the agent", 1),
            ("Taken back", 1),
        )
    )
    assert (found["expired"].over, found["expired"].under) == (1, 9)
    # Seven of eight in time; the expired one is not.
    in_time = found["decided-in-time"]
    assert (in_time.over, in_time.under) == (7, 9)
    assert found["deciding-time"].value == 60
    assert found["deciding-time"].over == 8


def test_all_of_a_kind_have_an_interval_that_is_no_certainty(portal):
    ended(portal, told("APPROVED"))

    one = figures(portal, "acceptance", "override", "expired")

    assert (one["acceptance"].value, one["acceptance"].high) == (1.0, 1.0)
    assert one["acceptance"].low < 0.3
    assert (one["override"].value, one["override"].low) == (0.0, 0.0)
    assert one["override"].high > 0.7


def test_a_clock_that_ran_backwards_ends_nothing_before_it_began(portal):
    ended(portal, told("APPROVED", seconds=-5))

    found = figures(portal, "deciding-time", "queue-age")

    assert found["deciding-time"].value == 0
    assert found["queue-age"].answer == Answer.NO_DATA


def test_times_are_exact_percentiles(portal):
    ended(portal, *(told("APPROVED", seconds=each) for each in (10, 20, 30, 40, 100)))

    found = figures(portal, "deciding-time")["deciding-time"]

    assert found.value == 30
    # Between the fourth and the fifth: 0.9 × 4 = 3.6.
    assert found.details[0].value == pytest.approx(40 + 0.6 * 60)


def test_what_waited_is_as_old_as_it_was_at_the_end_of_the_days(portal):
    day = timedelta(days=1)
    before = Scope(TODAY - timedelta(days=13), TODAY - timedelta(days=7))
    # Put before people 8 days before now, decided a day before now.
    ended(portal, told("APPROVED", hours=24, seconds=7 * 86_400))

    found = figures(portal, "queue-age", scopes=(before, WEEK))["queue-age"]

    over = datetime(2026, 11, 14, tzinfo=UTC)
    assert found[0].value == (over - (NOW - 8 * day)).total_seconds()
    # What is asked first stays open, and it opened after this test's "now".
    assert found[1].answer == Answer.NO_DATA


def test_rework_looks_at_decisions_that_had_fourteen_days_to_go_wrong(portal):
    ago = timedelta(days=14)
    early = {"at": NOW - ago - timedelta(hours=2)}
    made = ended(
        portal,
        {"state": "APPROVED", "superseded": True} | early,
        {"state": "APPROVED"} | early,
        {"state": "REJECTED"} | early,
        {"state": "EXPIRED"} | early,
        told("APPROVED", superseded=True),
    )

    found = figures(portal, "rework")["rework"]

    # The one taken back within the last days has not had its 14 days yet.
    assert (found.over, found.under) == (1, 3)
    assert [row.title for row in rows(portal, "rework", Side.OVER)] == [
        made[0].headline
    ]
    assert len(rows(portal, "rework", Side.UNDER)) == 3
    assert len(rows(portal, "rework", Side.EXCLUDED)) == 1


def test_whatever_happened_numbers_are_what_a_plain_reading_gives(portal):
    history = any_history(7, 60, until=NOW)
    ended(portal, *history)
    scopes = tuple(
        Scope(TODAY - timedelta(days=7 * back + 6), TODAY - timedelta(days=7 * back))
        for back in range(4)
    )

    found = figures(portal, scopes=scopes)

    for number, scope in enumerate(scopes):
        here = [
            each
            for each in history
            if scope.first <= timezone.localdate(each["at"]) <= scope.last
        ]
        decided = [
            each
            for each in here
            if each["state"] in ("APPROVED", "EDITED", "REJECTED", "RESPONDED")
            and not each["superseded"]
        ]
        overridden = [
            each
            for each in decided
            if each["state"] in ("REJECTED", "RESPONDED") or each["material"]
        ]
        expired = [each for each in here if each["state"] == "EXPIRED"]
        in_time = [each for each in decided if not each["late"]]
        assert found["override"][number].over == len(overridden)
        assert found["override"][number].under == len(decided)
        assert found["expired"][number].over == len(expired)
        assert found["decided-in-time"][number].over == len(in_time)
        if decided:
            middle = median(each["seconds"] for each in decided)
            assert found["deciding-time"][number].value == pytest.approx(middle)
        for key, side, count in (
            ("override", Side.OVER, len(overridden)),
            ("override", Side.UNDER, len(decided)),
            ("override", Side.EXCLUDED, len(here) - len(decided)),
            ("expired", Side.OVER, len(expired)),
        ):
            assert len(rows(portal, key, side, scope)) == count, (key, side)


def test_what_agents_asked_is_split_by_its_answer_and_opens_its_requests(portal):
    portal.ask("10.00", run="case-1")
    portal.ask("84.20", run="case-2")
    today = timezone.localdate()
    scope = Scope(today - timedelta(days=1), today + timedelta(days=1))

    found = figures(portal, scopes=(scope,))
    behind = rows(portal, "allowed-alone", Side.OVER, scope)

    assert found["asked"].value == 2
    assert (found["allowed-alone"].over, found["allowed-alone"].under) == (1, 2)
    assert found["refused"].value == 0
    assert len(rows(portal, "asked", Side.OVER, scope)) == 2
    assert [row.href.startswith("/runs/") for row in behind] == [True]


def test_what_was_allowed_and_a_person_took_back_stands_beside_the_override(portal):
    kept, taken = (portal.ask("10.00", run=run) for run in ("case-1", "case-2"))
    assert kept["status"] == taken["status"] == "allowed"
    portal.signed_in("maya").post(
        f"/grants/{taken['grant']['id']}/revoke/", {"reason": "Not this one."}
    )
    ended(portal, told("APPROVED"))
    in_two_weeks = timezone.localdate() + timedelta(days=14)
    scope = Scope(in_two_weeks - timedelta(days=6), in_two_weeks)

    found = figures(portal, "override", scopes=(scope,))["override"]

    assert found.details[-1].label.startswith("Allowed without a person")
    assert (found.details[-1].value, found.details[-1].note) == (0.5, "1 of 2")


def test_whoever_may_not_see_the_workflow_counts_and_opens_nothing(portal):
    ended(portal, told("APPROVED"))

    seen, unseen = (
        figures(portal, "acceptance"),
        figures(portal, "acceptance", name="olga"),
    )

    assert seen["acceptance"].under == 1
    assert unseen["acceptance"].answer == Answer.NO_DATA
    assert not rows_for(
        actor=portal.people.actor("olga"),
        key="acceptance",
        scope=WEEK,
        side=Side.UNDER,
        cursor=None,
    ).rows


def test_every_indicator_has_its_words_and_one_key():
    keys = [kpi.key for kpi in all_kpis()]

    assert len(keys) == len(set(keys))
    assert all(kpi.formula and kpi.sentence and kpi.over_words for kpi in all_kpis())
