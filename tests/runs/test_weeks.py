"""A week of review: drawn, shared out, read, signed; and what it must never do."""

import json
import threading
from datetime import UTC, date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from portal.core.digest import canonical, sha256_of
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from registry.models import Workflow
from runs.models import (
    Finding,
    ReleasedReading,
    Review,
    ReviewDraft,
    ReviewWeek,
    Run,
    SampledRun,
    SignedWeek,
)
from runs.operations.findings import add_finding, close_finding
from runs.operations.reviewing import keep_draft, reserve_run, save_review
from runs.operations.settling import release_reading
from runs.operations.signing import sign_week
from runs.operations.weeks import open_due_weeks, open_week
from runs.queries.populations import bounds_of, monday_of
from runs.rules.questions import KEYS, Given
from runs.rules.sampling import is_drawn
from tests.people import live_workflow, make_company
from tests.runs.helpers import START, start_run

MONDAY = date(2026, 11, 16)
LATER = START + timedelta(days=8)
YES = Given(dict.fromkeys(KEYS, "yes"), {}, "")


@pytest.fixture(autouse=True)
def _nothing_is_doubled(monkeypatch):
    """Let the draw ask for no second readings, so that each test says which there are."""
    monkeypatch.setattr("runs.rules.sampling.DOUBLED", Decimal(0))


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


@pytest.fixture
def rosa(company):
    return company.actor("rosa")


def make_runs(workflow, agent, count, **changes):
    ids = [
        start_run(workflow, agent, f"{changes.get('state', 'r')}-{number}")
        for number in range(count)
    ]
    end = START + timedelta(minutes=5)
    kept = {"state": "COMPLETED", "answered": 7, "ended_at": end} | changes
    Run.objects.filter(id__in=ids).update(**kept)
    return ids


def opened(workflow) -> ReviewWeek:
    week_id = open_week(
        actor=SYSTEM, workflow_id=workflow.id, starts_on=MONDAY, now=LATER
    )
    return ReviewWeek.objects.get(id=week_id)


def read_all(week, actor, given=YES):
    """Read every run once, and give up what somebody else was to read second."""
    rows = SampledRun.objects.filter(week=week).values_list("run_id", "is_doubled")
    for run_id, is_doubled in rows:
        about = {"actor": actor, "week_id": week.id, "run_id": run_id, "now": LATER}
        save_review(**about, given=given)
        if is_doubled and not ReleasedReading.objects.filter(
            sampled__week=week, sampled__run=run_id
        ):
            release_reading(**about, reason="Nobody else is here.")


def a_finding(week, actor, owner, **changes):
    asked = {
        "actor": actor,
        "week_id": week.id,
        "run_id": None,
        "kind": "WEAK_DATA",
        "text": "Orders are a day old when they are read.",
        "owner_id": owner.id,
        "due_on": LATER.date() + timedelta(days=3),
        "now": LATER,
    }
    return add_finding(**(asked | changes))


def sign_in(client, person):
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


# Drawing; the rules of it are in test_draws.


def test_anybody_can_draw_the_sample_again_with_the_secret_of_a_signed_week(
    company, workflow, rosa
):
    make_runs(workflow, company.agent, 40)
    week = opened(workflow)
    read_all(week, rosa)
    sign_week(
        actor=rosa,
        week_id=week.id,
        summary="All well.",
        released="Rosa reads alone.",
        now=LATER,
    )

    entry = Entry.objects.get(name="review.week_signed")
    secret = json.loads(bytes(entry.body))["facts"]["secret"]
    chance = Decimal(week.strata["rest"]["probability"])
    drawn = {
        run_id
        for run_id in Run.objects.values_list("id", flat=True)
        if is_drawn(
            secret=bytes.fromhex(secret),
            workflow=str(workflow.id),
            run=str(run_id),
            probability=chance,
        )
    }

    sample = SampledRun.objects.filter(week=week)
    assert drawn == set(sample.values_list("run_id", flat=True))
    assert {row.probability for row in sample} == {chance}
    assert 0 < len(drawn) < 40


# Opening.


def test_every_run_that_must_be_seen_is_in_the_sample(company, workflow):
    make_runs(workflow, company.agent, 60)
    flagged = make_runs(workflow, company.agent, 3, state="FAILED", is_flagged=True)
    thin = make_runs(workflow, company.agent, 2, state="STOPPED", answered=4)
    tests = make_runs(workflow, company.agent, 2, state="CANCELLED", is_test=True)

    week = opened(workflow)

    must = set(
        SampledRun.objects.filter(week=week, stratum="must_see").values_list(
            "run_id", flat=True
        )
    )
    assert must == {*flagged, *thin}
    assert not Run.objects.filter(is_flagged=True).exists()
    assert week.population_count == 65
    assert not SampledRun.objects.filter(run__in=tests).exists()


def test_a_week_opens_once_and_not_before_it_is_over(company, workflow):
    make_runs(workflow, company.agent, 1)
    with pytest.raises(Conflict):
        open_week(actor=SYSTEM, workflow_id=workflow.id, starts_on=MONDAY, now=START)

    opened(workflow)

    with pytest.raises(AlreadyDone):
        opened(workflow)
    assert open_due_weeks(now=LATER) == 0


def test_late_weeks_catch_up_and_a_new_workflow_starts_with_last_week(
    company, workflow
):
    runs = make_runs(workflow, company.agent, 4)
    for number, run_id in enumerate(runs):
        end = START - timedelta(weeks=number)
        Run.objects.filter(id=run_id).update(ended_at=end)

    assert open_due_weeks(now=LATER) == 1
    Run.objects.filter(id=runs[1]).update(ended_at=START + timedelta(weeks=1))
    Run.objects.filter(id=runs[2]).update(ended_at=START + timedelta(weeks=3))
    assert open_due_weeks(now=LATER + timedelta(weeks=3)) == 3
    assert open_due_weeks(now=LATER + timedelta(weeks=3)) == 0
    assert list(
        ReviewWeek.objects.order_by("starts_on").values_list(
            "starts_on", "population_count"
        )
    ) == [(MONDAY + timedelta(weeks=n), size) for n, size in enumerate((1, 1, 0, 1))]


def test_a_live_workflow_without_a_run_opens_an_empty_week_and_a_draft_none(
    company, workflow
):
    assert open_due_weeks(now=LATER) == 1
    Workflow.objects.update(live_version=None)

    assert open_due_weeks(now=LATER + timedelta(weeks=1)) == 0
    assert ReviewWeek.objects.get().population_count == 0


def test_a_week_opens_a_quarter_of_an_hour_after_it_ended(company, workflow):
    midnight = bounds_of(MONDAY)[1]

    assert open_due_weeks(now=midnight + timedelta(minutes=14)) == 0
    assert open_due_weeks(now=midnight + timedelta(minutes=15)) == 1


@pytest.mark.parametrize(
    ("monday", "hours"), [(date(2026, 10, 19), 169), (date(2026, 3, 23), 167)]
)
def test_a_week_of_daylight_saving_is_as_long_as_its_days(
    settings, company, workflow, monday, hours
):
    settings.TIME_ZONE = "Europe/Berlin"
    begin, end = bounds_of(monday)
    first, last, after = make_runs(workflow, company.agent, 3)
    second = timedelta(seconds=1)
    for run_id, moment in ((first, begin), (last, end - second), (after, end)):
        Run.objects.filter(id=run_id).update(ended_at=moment)

    week_id = open_week(
        actor=SYSTEM, workflow_id=workflow.id, starts_on=monday, now=LATER
    )

    assert (end - begin.astimezone(UTC)).total_seconds() == hours * 3600
    assert monday_of(begin) == monday_of(end - second) == monday
    sample = SampledRun.objects.filter(week=week_id)
    assert set(sample.values_list("run_id", flat=True)) == {first, last}


def test_what_still_runs_waits_for_the_week_it_ends_in_and_what_is_held_does_not(
    company, workflow
):
    runs, held, ended = make_runs(workflow, company.agent, 3)
    under_way = {"state": "RUNNING", "ended_at": None}
    Run.objects.filter(id__in=(runs, held)).update(**under_way)
    Run.objects.filter(id=held).update(is_held=True, hold_reason="Stopped.")

    week = opened(workflow)

    sample = SampledRun.objects.filter(week=week)
    assert set(sample.values_list("run_id", flat=True)) == {held, ended}
    assert "a stop rule fired" in sample.get(run=held).why


def test_a_week_in_which_everything_was_a_hold_is_read_whole(company, workflow, rosa):
    make_runs(workflow, company.agent, 6, is_held=True, hold_reason="Stopped.")
    week = opened(workflow)

    assert week.strata["must_see"]["drawn"] == week.population_count == 6
    read_all(week, rosa)
    assert sign_week(
        actor=rosa,
        week_id=week.id,
        summary="All held.",
        released="Rosa reads alone.",
        now=LATER,
    )


def test_an_empty_week_and_a_week_of_one_run_can_be_signed(company, workflow, rosa):
    empty = open_week(
        actor=SYSTEM,
        workflow_id=workflow.id,
        starts_on=MONDAY - timedelta(weeks=1),
        now=LATER,
    )
    make_runs(workflow, company.agent, 1)
    single = opened(workflow)
    read_all(single, rosa)

    for week_id in (empty, single.id):
        assert sign_week(
            actor=rosa,
            week_id=week_id,
            summary="Nothing odd.",
            released="Rosa reads alone.",
            now=LATER,
        ).startswith("sha256:")


@pytest.mark.race
def test_two_openers_open_a_week_once(committed_db):
    company = make_company()
    workflow = live_workflow(company)
    make_runs(workflow, company.agent, 12)
    barrier = threading.Barrier(8)
    found: list[object] = []

    def opener():
        try:
            connection.ensure_connection()
            barrier.wait()
            found.append(opened(workflow))
        except AlreadyDone as done:
            found.append(done)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=opener) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(isinstance(one, ReviewWeek) for one in found) == 1
    assert sum(isinstance(one, AlreadyDone) for one in found) == 7
    assert Entry.objects.filter(name="review.week_opened").count() == 1


# Reading.


def test_a_review_needs_five_answers_and_reasons_and_a_draft_does_not(
    company, workflow, rosa
):
    (run_id,) = make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    about = {"actor": rosa, "week_id": week.id, "run_id": run_id, "now": LATER}
    half = Given({"right_data": "no"}, {}, "to be continued")

    with pytest.raises(Invalid) as wrong:
        save_review(**about, given=half)
    keep_draft(**about, given=half)

    assert set(wrong.value.fields) == {"right_data_reason", *KEYS[1:]}
    assert Review.objects.count() == 0
    assert ReviewDraft.objects.get().note == "to be continued"
    save_review(**about, given=YES)
    assert ReviewDraft.objects.count() == 0
    assert Review.objects.get().right_data == "yes"
    with pytest.raises(AlreadyDone):
        keep_draft(**about, given=half)


def test_who_is_later_is_told_who_reads_a_run_and_may_after_the_lease(
    company, workflow, rosa
):
    (run_id,) = make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    maya = company.actor("maya")
    about = {"week_id": week.id, "run_id": run_id}
    reserve_run(actor=rosa, now=LATER, **about)

    with pytest.raises(Conflict) as lost:
        save_review(actor=maya, given=YES, now=LATER + timedelta(minutes=29), **about)
    reserve_run(actor=maya, now=LATER + timedelta(minutes=31), **about)

    assert lost.value.extra["who"] == "Rosa Lindqvist"
    assert SampledRun.objects.get().assigned_to_id == company.maya.id


def test_only_assessors_review_and_outsiders_find_nothing(company, workflow, rosa):
    (run_id,) = make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    about = {"week_id": week.id, "run_id": run_id, "given": YES, "now": LATER}

    with pytest.raises(NotFound):
        save_review(actor=company.actor("olga"), **about)
    with pytest.raises(Forbidden):
        save_review(actor=company.actor("dana"), **about)
    save_review(actor=rosa, **about)

    assert Review.objects.get().assessor_id == company.rosa.id


# Findings and signing.


def test_a_finding_is_carried_to_the_next_week_until_it_is_closed(
    client, company, workflow, rosa
):
    make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    finding = a_finding(week, rosa, company.maya)
    read_all(week, rosa)
    sign_week(
        actor=rosa,
        week_id=week.id,
        summary="Old data.",
        released="Rosa reads alone.",
        now=LATER,
    )
    after = open_week(
        actor=SYSTEM,
        workflow_id=workflow.id,
        starts_on=MONDAY + timedelta(weeks=1),
        now=LATER + timedelta(weeks=1),
    )
    address = reverse("week", args=[after])

    carried = sign_in(client, company.rosa).get(address).content.decode()
    with pytest.raises(Invalid):
        close_finding(actor=rosa, finding_id=finding, evidence=" ", now=LATER)
    close_finding(
        actor=company.actor("maya"),
        finding_id=finding,
        evidence="Read live since v2.",
        now=LATER,
    )

    assert "Orders are a day old" in carried
    assert "carried from the week of" in carried
    assert "Orders are a day old" not in client.get(address).content.decode()
    assert Finding.objects.get().closed_by_id == company.maya.id


def test_a_finding_needs_a_kind_a_text_an_owner_who_sees_it_and_a_day_to_come(
    company, workflow, rosa
):
    week = opened(workflow)

    with pytest.raises(Invalid) as wrong:
        a_finding(week, rosa, company.olga, kind="ODD", text="x" * 1_001, due_on=MONDAY)

    assert set(wrong.value.fields) == {"kind", "text", "owner", "due_on"}
    a_finding(week, rosa, company.maya, text="x" * 1_000)


def test_a_week_is_signed_when_its_sample_is_read_and_then_frozen(
    company, workflow, rosa
):
    make_runs(workflow, company.agent, 3)
    week = opened(workflow)
    with pytest.raises(Conflict, match="3 runs are not read yet"):
        sign_week(
            actor=rosa,
            week_id=week.id,
            summary="Well.",
            released="Rosa reads alone.",
            now=LATER,
        )
    read_all(week, rosa)

    digest = sign_week(
        actor=rosa,
        week_id=week.id,
        summary="Well.",
        released="Rosa reads alone.",
        now=LATER,
    )

    week.refresh_from_db()
    kept = SignedWeek.objects.get()
    document = json.loads(bytes(kept.content))
    assert digest == kept.digest == sha256_of(canonical(document))
    assert len(document["reviews"]) == len(document["sample"]) == 3
    with pytest.raises(AlreadyDone):
        read_all(week, rosa)
    with pytest.raises(AlreadyDone):
        a_finding(week, rosa, company.maya)
    for rows, change in (
        (ReviewWeek.objects.all(), {"summary": "Better."}),
        (Review.objects.all(), {"right_data": "no"}),
        (SampledRun.objects.all(), {"why": "changed"}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            rows._raw_delete(rows.db)


def test_an_open_weeks_population_and_secret_are_sealed(company, workflow):
    make_runs(workflow, company.agent, 1)
    opened(workflow)

    for change in ({"seed": b"x" * 32}, {"population_count": 0}, {"strata": {}}):
        with pytest.raises(DatabaseError), transaction.atomic():
            ReviewWeek.objects.update(**change)


# The pages.


def test_the_pages_show_assessors_a_week_hide_it_from_others_and_say_who_can(
    client, company, workflow
):
    (run_id,) = make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    addresses = {
        "week": reverse("week", args=[week.id]),
        "review": reverse("review", args=[week.id, run_id]),
        "finding": reverse("week_finding", args=[week.id]),
    }

    for address in addresses.values():
        assert sign_in(client, company.rosa).get(address).status_code == 200
        assert sign_in(client, company.olga).get(address).status_code == 404
    assert sign_in(client, company.dana).get(addresses["week"]).status_code == 200
    refused = client.get(addresses["review"])
    assert refused.status_code == 403
    assert "Rosa Lindqvist" in refused.content.decode()
    listed = sign_in(client, company.olga).get(reverse("weeks")).content.decode()
    assert "Refund management" not in listed
    assert "No week to review yet" in listed


def test_a_person_reads_finds_and_signs_a_week_by_plain_forms(
    client, company, workflow
):
    make_runs(workflow, company.agent, 2)
    week = opened(workflow)
    sign_in(client, company.rosa)
    taken = client.post(reverse("week_next", args=[week.id]))
    half = client.post(taken.url, {"right_data": "yes", "go": "draft"}, follow=True)
    again = client.post(taken.url, {"right_data": "yes", "go": "next"})
    answers = dict.fromkeys(KEYS, "yes")

    shared = client.post(taken.url, answers)
    # The other run is somebody else's, so that it is taken over and not just next.
    following = client.post(reverse("week_next", args=[week.id]), {"of": "others"})
    last = client.post(following.url, answers | {"right_data": "cannot_judge"})
    done = client.post(
        following.url,
        answers | {"right_data": "cannot_judge", "right_data_reason": "No order."},
    )
    signed = client.post(
        reverse("week_sign", args=[week.id]),
        {"summary": "Well.", "released": "Rosa reads alone."},
        follow=True,
    )

    assert 'value="yes" data-answer="y" checked' in (half.content.decode())
    assert again.status_code == 422
    assert shared.url == reverse("week", args=[week.id])
    assert following.url != taken.url
    assert last.status_code == 422
    assert done.url == reverse("week", args=[week.id])
    text = signed.content.decode()
    assert "Signed by Rosa Lindqvist" in text
    assert "1 of 1 yes, 2 of 2 runs reviewed" in text
    assert bytes(week.seed).hex() in text


def test_every_number_of_a_week_opens_its_runs(client, company, workflow, rosa):
    make_runs(workflow, company.agent, 2)
    week = opened(workflow)
    read_all(week, rosa)
    address = reverse("week", args=[week.id])
    sign_in(client, company.rosa)

    whole = client.get(address).content.decode()
    yes = client.get(f"{address}?show=right_data:yes", headers={"HX-Request": "true"})
    no = client.get(f"{address}?show=right_data:no").content.decode()

    assert f"{address}?show=right_data:yes#rows" in whole
    assert yes.content.decode().count("/reviews/") > 2
    assert "<html" not in yes.content.decode()
    assert "No run here." in no


def test_the_key_of_the_draw_is_hidden_while_the_week_is_open(
    client, company, workflow
):
    make_runs(workflow, company.agent, 1)
    week = opened(workflow)

    page = sign_in(client, company.rosa).get(reverse("week", args=[week.id]))

    assert bytes(week.seed).hex() not in page.content.decode()


def test_the_rail_counts_what_is_mine_to_read(client, company, workflow):
    make_runs(workflow, company.agent, 4)
    opened(workflow)
    SampledRun.objects.update(assigned_to=company.rosa, second_to=None)

    mine = sign_in(client, company.rosa).get(reverse("weeks_count"))
    none = sign_in(client, company.olga).get(reverse("weeks_count"))

    assert (mine.content, none.content) == (b"4", b"")


def test_pages_ask_as_few_questions_for_thirty_runs_as_for_three(
    client, company, workflow, django_assert_max_num_queries
):
    make_runs(workflow, company.agent, 3)
    run_id = make_runs(workflow, company.agent, 30, state="FAILED", answered=4)[0]
    week = opened(workflow)
    sign_in(client, company.rosa)

    ids = [week.id, run_id]
    pages = ("weeks", [], 10), ("week", ids[:1], 28), ("review", ids, 23)
    for name, args, most in pages:
        with django_assert_max_num_queries(most):
            assert client.get(reverse(name, args=args)).status_code == 200
