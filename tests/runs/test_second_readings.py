"""Runs that are read twice: the second reader is blind, and differences are settled."""

import json
import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.accounts.operations.people import RISK_TEAM, add_person
from portal.audit.models import Entry
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from runs.models import ReleasedReading, Review, ReviewDraft, SampledRun, Settlement
from runs.operations.reviewing import keep_draft, reserve_run, save_review
from runs.operations.settling import (
    agree_settlement,
    release_reading,
    settle_readings,
)
from runs.operations.signing import reopen_week, sign_week
from runs.queries.answers import (
    counted_answers,
    open_reviews,
    reading_pairs,
    readings_of,
    second_readings_waiting,
    what_is_left,
)
from runs.queries.weeks import left_to_read
from runs.rules.questions import KEYS, Given
from tests.people import live_workflow, make_company
from tests.runs.helpers import inside, start_run
from tests.runs.test_weeks import LATER, YES, make_runs, opened, sign_in

WORDS = "It never read the delivery note zq7-forgotten."
NO = Given(
    {**dict.fromkeys(KEYS, "yes"), "right_data": "no"},
    {"right_data": WORDS},
    "",
    {"right_data": "not_read"},
)
HALF_AN_HOUR = timedelta(minutes=30)


def with_a_third(company):
    """Add one more of the risk team, so that somebody has read neither way."""
    company.people["theo"] = add_person(
        actor=SYSTEM,
        email="theo@example.com",
        name="Theo Brandt",
        department=company.departments["risk"],
        password=None,
        job_title="Risk analyst",
        groups=(RISK_TEAM,),
    )
    return company


@pytest.fixture(autouse=True)
def _nothing_is_doubled(monkeypatch):
    """Let the draw ask for no second readings, so that each test says which there are."""
    monkeypatch.setattr("runs.rules.sampling.DOUBLED", Decimal(0))


@pytest.fixture
def company(db):
    return with_a_third(make_company())


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def week(workflow):
    return opened(workflow)


def doubled(company, workflow, week, *, second=None, name="twice"):
    """Put a run into the week's sample that two people are to read."""
    run_id = start_run(workflow, company.agent, name)
    inside(
        lambda: SampledRun.objects.create(
            week=week,
            run_id=run_id,
            position=100 + SampledRun.objects.count(),
            stratum="must_see",
            probability=1,
            assigned_to=company.rosa,
            is_doubled=True,
            second_to=second,
        )
    )
    return {"week_id": week.id, "run_id": run_id}


def read_twice(company, about, first=NO, second=YES):
    save_review(actor=company.actor("rosa"), given=first, now=LATER, **about)
    save_review(actor=company.actor("maya"), given=second, now=LATER, **about)


# Blind.


def test_nothing_of_the_first_answers_is_shown_or_counted_until_both_have_answered(
    client, company, workflow, week
):
    about = doubled(company, workflow, week, second=company.maya)
    save_review(actor=company.actor("rosa"), given=NO, now=LATER, **about)
    doors = [
        reverse("week", args=[week.id]),
        reverse("week", args=[week.id]) + "?show=right_data:no",
        reverse("review", args=[week.id, about["run_id"]]),
        reverse("weeks"),
        reverse("run", args=[about["run_id"]]),
        reverse("run_json", args=[about["run_id"]]),
    ]
    maya = sign_in(client, company.maya)

    before = [maya.get(door).content.decode() for door in doors]
    entry = Entry.objects.get(name="review.saved")
    journal = json.loads(bytes(entry.body))

    assert not any("zq7-forgotten" in page for page in before)
    assert "No run here." in before[1]
    assert not set(KEYS) & set(journal["facts"])
    assert not open_reviews().exists()
    assert counted_answers([week.id]) == {}
    assert left_to_read(actor=company.actor("maya")) == 1
    save_review(actor=company.actor("maya"), given=NO, now=LATER, **about)
    assert open_reviews().count() == 2
    assert left_to_read(actor=company.actor("maya")) == 0
    assert "zq7-forgotten" in maya.get(doors[2]).content.decode()
    assert "No run here." not in maya.get(doors[1]).content.decode()


def test_the_first_reader_sees_their_own_answers_and_may_change_them_until_both_have(
    client, company, workflow, week
):
    about = doubled(company, workflow, week, second=company.maya)
    rosa = company.actor("rosa")
    save_review(actor=rosa, given=YES, now=LATER, **about)
    save_review(actor=rosa, given=NO, now=LATER, **about)
    page = reverse("review", args=[week.id, about["run_id"]])

    own = sign_in(client, company.rosa).get(page).content.decode()
    save_review(actor=company.actor("maya"), given=YES, now=LATER, **about)

    assert "zq7-forgotten" in own
    with pytest.raises(AlreadyDone, match="Both readers have answered"):
        save_review(actor=rosa, given=YES, now=LATER, **about)
    assert Review.objects.get(assessor=company.rosa).right_data == "no"


def test_the_answers_of_a_run_read_once_count_and_nobody_reads_it_again(
    company, workflow
):
    (run_id,) = make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    about = {"week_id": week.id, "run_id": run_id}
    save_review(actor=company.actor("rosa"), given=YES, now=LATER, **about)

    with pytest.raises(AlreadyDone, match="read already, by Rosa Lindqvist"):
        save_review(actor=company.actor("maya"), given=NO, now=LATER, **about)

    assert list(counted_answers([week.id]).values()) == [YES.answers]


# Seats and leases.


def test_a_lease_ends_by_time_or_by_keeping_for_later_and_each_seat_has_its_own(
    company, workflow, week
):
    about = doubled(company, workflow, week)
    rosa, maya = company.actor("rosa"), company.actor("maya")
    reserve_run(actor=rosa, now=LATER, **about)

    reserve_run(actor=maya, now=LATER, **about)
    row = SampledRun.objects.get(run_id=about["run_id"])
    assert (row.assigned_to_id, row.second_to_id) == (company.rosa.id, company.maya.id)
    keep_draft(actor=maya, given=YES, now=LATER, is_leaving=True, **about)
    row.refresh_from_db()
    assert row.second_lease_until is None
    assert row.lease_until == LATER + HALF_AN_HOUR


def test_losing_the_seat_loses_no_words_and_says_who_has_it(company, workflow):
    (run_id,) = make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    about = {"week_id": week.id, "run_id": run_id}
    rosa, maya = company.actor("rosa"), company.actor("maya")
    reserve_run(actor=rosa, now=LATER, **about)
    reserve_run(actor=maya, now=LATER + HALF_AN_HOUR, **about)

    kept = keep_draft(actor=rosa, given=NO, now=LATER + timedelta(minutes=31), **about)

    assert kept.lost.extra["who"] == "Maya Adler"
    assert ReviewDraft.objects.get().reasons["right_data"]["text"] == WORDS
    assert SampledRun.objects.get().assigned_to_id == company.maya.id


def test_what_another_window_kept_later_is_not_overwritten(company, workflow):
    (run_id,) = make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    about = {"actor": company.actor("rosa"), "week_id": week.id, "run_id": run_id}
    first = keep_draft(**about, given=NO, now=LATER)
    keep_draft(**about, given=YES, now=LATER + timedelta(minutes=1), seen_at=first.at)

    late = keep_draft(
        **about, given=NO, now=LATER + timedelta(minutes=2), seen_at=first.at
    )

    assert late.is_newer_elsewhere
    assert ReviewDraft.objects.get().answers["right_data"] == "yes"


# Settling.


def test_two_readers_who_differ_settle_by_both_and_the_raw_answers_stay(
    company, workflow, week
):
    about = doubled(company, workflow, week)
    read_twice(company, about)
    rosa, maya = company.actor("rosa"), company.actor("maya")
    said = {
        "answers": {"right_data": "no"},
        "note": "The note was there.",
        "now": LATER,
    }
    assert counted_answers([week.id]) == {}
    assert what_is_left(week.id) == (
        "1 difference between two readers is not settled.",
    )
    with pytest.raises(Conflict, match="not settled"):
        sign_week(actor=rosa, week_id=week.id, summary="Well.", now=LATER)

    assert not settle_readings(actor=rosa, **said, **about)
    with pytest.raises(Forbidden):
        agree_settlement(actor=rosa, now=LATER, **about)
    agree_settlement(actor=maya, now=LATER, **about)

    (counted,) = counted_answers([week.id]).values()
    (pair,) = reading_pairs([week.id])
    assert counted == NO.answers
    assert (pair.first["right_data"], pair.second["right_data"]) == ("no", "yes")
    assert what_is_left(week.id) == ()
    with pytest.raises(AlreadyDone):
        settle_readings(actor=rosa, **said, **about)
    with pytest.raises(DatabaseError), transaction.atomic():
        Settlement.objects.update(note="Other.")
    sign_week(actor=rosa, week_id=week.id, summary="Well.", now=LATER)


def test_a_third_assessor_settles_alone_and_must_choose_and_say_why(
    company, workflow, week
):
    about = doubled(company, workflow, week)
    read_twice(company, about)
    third = company.actor("theo")

    with pytest.raises(Invalid) as wrong:
        settle_readings(actor=third, answers={}, note=" ", now=LATER, **about)
    assert set(wrong.value.fields) == {"right_data", "note"}
    assert settle_readings(
        actor=third,
        answers={"right_data": "yes", "restricted_avoided": "no"},
        note="The order said it all.",
        now=LATER,
        **about,
    )

    (found,) = readings_of([week.id]).values()
    assert found.settlement.is_third
    assert found.counted == YES.answers
    assert Settlement.objects.get().agreed_by_id is None


def test_there_is_nothing_to_settle_where_two_agree_or_one_has_not_answered(
    company, workflow, week
):
    same = doubled(company, workflow, week, name="same")
    once = doubled(company, workflow, week, name="once")
    read_twice(company, same, YES, YES)
    save_review(actor=company.actor("rosa"), given=NO, now=LATER, **once)

    for about in (same, once):
        with pytest.raises(Conflict, match="no two different answers"):
            settle_readings(
                actor=company.actor("rosa"),
                answers={},
                note="x",
                now=LATER,
                **about,
            )

    assert list(counted_answers([week.id]).values()) == [YES.answers]


def test_a_second_reading_is_given_up_with_a_reason_and_the_first_then_counts(
    company, workflow, week
):
    about = doubled(company, workflow, week, second=company.maya)
    rosa = company.actor("rosa")
    with pytest.raises(Conflict, match="no second reading"):
        release_reading(actor=rosa, reason="Ill.", now=LATER, **about)
    save_review(actor=rosa, given=NO, now=LATER, **about)
    assert second_readings_waiting(week.id) == 1

    with pytest.raises(Invalid):
        release_reading(actor=rosa, reason=" ", now=LATER, **about)
    release_reading(actor=rosa, reason="Maya is ill.", now=LATER, **about)

    assert list(counted_answers([week.id]).values()) == [NO.answers]
    assert second_readings_waiting(week.id) == 0
    with pytest.raises(DatabaseError), transaction.atomic():
        ReleasedReading.objects.update(reason="Other.")


def test_nobody_reads_second_once_the_first_answers_were_shown(company, workflow, week):
    about = doubled(company, workflow, week, second=company.maya)
    rosa, maya = company.actor("rosa"), company.actor("maya")
    save_review(actor=rosa, given=NO, now=LATER, **about)
    release_reading(actor=maya, reason="No time.", now=LATER, **about)

    with pytest.raises(AlreadyDone, match="read it blind"):
        reserve_run(actor=maya, now=LATER, **about)
    with pytest.raises(AlreadyDone, match="read it blind"):
        save_review(actor=maya, given=NO, now=LATER, **about)

    assert reading_pairs([week.id]) == []
    save_review(actor=rosa, given=YES, now=LATER, **about)
    assert list(counted_answers([week.id]).values()) == [YES.answers]


def test_what_a_signed_week_showed_is_read_second_by_nobody_when_it_is_opened_again(
    client, company, workflow, week
):
    about = doubled(company, workflow, week, second=company.maya)
    rosa, maya = company.actor("rosa"), company.actor("maya")
    save_review(actor=rosa, given=NO, now=LATER, **about)
    sign_week(
        actor=rosa, week_id=week.id, summary="Well.", released="Maya is ill.", now=LATER
    )
    reopen_week(actor=maya, week_id=week.id, reason="A slip.", now=LATER)

    with pytest.raises(AlreadyDone, match="read it blind"):
        save_review(actor=maya, given=NO, now=LATER, **about)

    sign_in(client, company.maya)
    assert WORDS in client.get(reverse("review", args=[week.id, about["run_id"]])).text
    assert list(counted_answers([week.id]).values()) == [NO.answers]
    assert reading_pairs([week.id]) == []
    assert left_to_read(actor=maya) == second_readings_waiting(week.id) == 0
    # What the first reader answered may still be mended, and the week signed anew.
    save_review(actor=rosa, given=YES, now=LATER, **about)
    sign_week(actor=rosa, week_id=week.id, summary="Mended.", now=LATER)


@pytest.mark.race
def test_of_many_who_take_one_run_two_get_its_two_seats(committed_db):
    company = make_company()
    workflow = live_workflow(company)
    week = opened(workflow)
    about = doubled(company, workflow, week)
    barrier = threading.Barrier(6)
    found: list[object] = []

    def taker(name):
        try:
            connection.ensure_connection()
            barrier.wait()
            reserve_run(actor=company.actor(name), now=LATER, **about)
            found.append(name)
        except Conflict as lost:
            found.append(lost)
        finally:
            connections.close_all()

    names = ["rosa", "maya"] * 3
    threads = [threading.Thread(target=taker, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    row = SampledRun.objects.get(run_id=about["run_id"])
    assert {row.assigned_to_id, row.second_to_id} == {
        company.rosa.id,
        company.maya.id,
    }
