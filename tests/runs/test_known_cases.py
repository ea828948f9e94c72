"""Known cases: read like any other run, told apart only after signing, counted nowhere."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from runs.models import KnownCase, ReviewWeek, Run, SampledRun, SeededRun, SignedWeek
from runs.operations.knowing import add_known_case, withdraw_known_case
from runs.operations.reviewing import save_review
from runs.operations.settling import settle_readings
from runs.operations.sharing import share_again
from runs.operations.signing import reopen_week, sign_week
from runs.operations.weeks import open_week
from runs.queries.answers import counted_answers, readings_of, what_is_left
from runs.queries.draws import draw_again
from runs.queries.invariants import CHECKS
from runs.queries.knowing import Caught, caught_by, told_of
from runs.queries.known_pools import pools_for
from runs.queries.kpi_reading import reading_over
from runs.queries.kpi_reviews import reviewed_over
from runs.queries.kpi_sums import Span, columns_of
from runs.queries.mondays import monday_page
from runs.queries.opening import pasts_of
from runs.queries.populations import WEEK
from runs.queries.review_screen import review_screen
from runs.queries.signed_weeks import week_told
from runs.queries.week_page.known import known_cases, known_list
from runs.queries.week_page.page import week_page
from runs.queries.week_page.summary import lines_of
from runs.queries.weeks import left_to_read, weeks_for
from runs.rules.stats.shares import clopper_pearson
from runs.views.known_words import known_words
from tests.people import live_workflow, make_company
from tests.runs.helpers import START, start_run
from tests.runs.test_second_readings import NO, with_a_third
from tests.runs.test_weeks import LATER, MONDAY, YES, make_runs, opened, sign_in

NEXT = LATER + WEEK


@pytest.fixture(autouse=True)
def _nothing_is_doubled(monkeypatch):
    monkeypatch.setattr("runs.rules.sampling.DOUBLED", Decimal(0))


@pytest.fixture
def company(db):
    return with_a_third(make_company())


@pytest.fixture
def workflow(company):
    return live_workflow(company)


def assessors(company):
    return [company.actor(name) for name in ("rosa", "maya", "theo")]


def read(week, actor, run_id, given=YES, now=LATER):
    save_review(actor=actor, week_id=week.id, run_id=run_id, given=given, now=now)


def signed(week, actor, now=LATER):
    sign_week(actor=actor, week_id=week.id, summary="All well.", released="x", now=now)
    return ReviewWeek.objects.get(id=week.id)


def first_week(company, workflow, monkeypatch, *, differ=False):
    """Sign a week of one run with a fault, read alike by two or settled by the third."""
    monkeypatch.setattr("runs.rules.sampling.DOUBLED", Decimal(1))
    (run_id,) = make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    monkeypatch.setattr("runs.rules.sampling.DOUBLED", Decimal(0))
    SampledRun.objects.get()
    people = {
        SampledRun.objects.get().assigned_to_id,
        SampledRun.objects.get().second_to_id,
    }
    reader, second = (each for each in assessors(company) if each.id in people)
    other = next(each for each in assessors(company) if each.id not in people)
    read(week, reader, run_id, NO)
    read(week, second, run_id, YES if differ else NO)
    if differ:
        said = {"answers": {"right_data": "no"}, "note": "It was old.", "now": LATER}
        settle_readings(actor=other, week_id=week.id, run_id=run_id, **said)
    return signed(week, reader), run_id, reader, other


def second_week(company, workflow, count=12):
    runs = [start_run(workflow, company.agent, f"next-{n}") for n in range(count)]
    end = START + WEEK + timedelta(minutes=5)
    Run.objects.filter(id__in=runs).update(
        state="COMPLETED", answered=7, ended_at=end, started_at=end
    )
    week_id = open_week(
        actor=SYSTEM, workflow_id=workflow.id, starts_on=MONDAY + WEEK, now=NEXT
    )
    return ReviewWeek.objects.get(id=week_id)


@pytest.fixture
def seeded(company, workflow, monkeypatch):
    """A second week that holds a known case for whoever had not read it."""
    week, run_id, reader, other = first_week(company, workflow, monkeypatch)
    add_known_case(
        actor=reader, week_id=week.id, run_id=run_id, reason="Plain.", now=LATER
    )
    return second_week(company, workflow), run_id, reader, other


def read_the_rest(week, actor, without=None):
    for run_id, _who in SampledRun.to_read.filter(week=week).values_list(
        "run_id", "assigned_to"
    ):
        if run_id != without:
            read(week, actor, run_id, now=NEXT)


def finish(week, run_id, reader, other, given):
    read_the_rest(week, reader, without=run_id)
    read(week, other, run_id, given, now=NEXT)
    return signed(week, reader, NEXT)


# Becoming a known case.


def test_only_a_reader_makes_a_settled_run_of_a_signed_week_a_known_case(
    company, workflow, monkeypatch
):
    week, run_id, reader, other = first_week(company, workflow, monkeypatch)
    about = {"week_id": week.id, "run_id": run_id, "now": LATER}

    with pytest.raises(Forbidden):
        add_known_case(actor=other, reason="Plain.", **about)
    with pytest.raises(Forbidden):
        add_known_case(actor=company.actor("ada"), reason="Plain.", **about)
    with pytest.raises(Invalid):
        add_known_case(actor=reader, reason=" ", **about)
    add_known_case(actor=reader, reason="Plain.", **about)
    with pytest.raises(AlreadyDone):
        add_known_case(actor=reader, reason="Plain.", **about)

    case = KnownCase.objects.get()
    assert case.answers["right_data"] == "no"
    entry = Entry.objects.get(name="review.known_case_added")
    assert str(run_id) not in bytes(entry.body).decode()
    with pytest.raises(DatabaseError), transaction.atomic():
        KnownCase.objects.update(answers={})
    with pytest.raises(NotFound):
        withdraw_known_case(actor=other, **about)
    withdraw_known_case(actor=reader, **about)
    week = second_week(company, workflow)
    assert not SeededRun.objects.exists()


def test_a_run_read_once_is_no_known_case(company, workflow):
    rosa = company.actor("rosa")
    (run_id,) = make_runs(workflow, company.agent, 1)
    week = opened(workflow)
    read(week, rosa, run_id)
    about = {"actor": rosa, "week_id": week.id, "run_id": run_id, "reason": "x"}
    with pytest.raises(Conflict, match="signed"):
        add_known_case(**about, now=LATER)
    signed(week, rosa)
    with pytest.raises(Conflict, match="two readers"):
        add_known_case(**about, now=LATER)


# In a week: the draw.


def test_whoever_has_not_read_a_case_gets_it_and_it_is_outside_the_draw(seeded):
    week, run_id, reader, other = seeded
    row = SampledRun.to_read.get(seeded__isnull=False)

    assert (row.week_id, row.run_id, row.assigned_to_id) == (week.id, run_id, other.id)
    assert not row.is_doubled
    assert not SampledRun.objects.filter(id=row.id).exists()
    everything = list(SampledRun.to_read.filter(week=week).order_by("position"))
    assert [one.position for one in everything] == list(range(1, len(everything) + 1))
    assert week.population_count == 12
    finish(week, run_id, reader, other, NO)
    assert draw_again(week.id).checked.is_same


def test_a_case_that_a_signed_week_has_named_is_given_to_nobody_again(
    company, workflow, seeded
):
    week, run_id, reader, other = seeded
    finish(week, run_id, reader, other, NO)
    start_run(workflow, company.agent, "third")
    Run.objects.filter(agent_run_id="third").update(
        state="COMPLETED", answered=7, ended_at=START + 2 * WEEK
    )
    open_week(
        actor=SYSTEM,
        workflow_id=workflow.id,
        starts_on=MONDAY + 2 * WEEK,
        now=NEXT + WEEK,
    )
    assert SeededRun.objects.count() == 1


def test_a_week_that_nobody_can_be_tested_in_is_as_before(company, workflow):
    make_runs(workflow, company.agent, 5)
    week = opened(workflow)
    page = week_page(actor=company.actor("rosa"), week_id=week.id, now=LATER)

    assert not SeededRun.objects.exists()
    assert not page.is_veiled
    read(week, company.actor("rosa"), page.rows[0].run_id)
    page = week_page(actor=company.actor("rosa"), week_id=week.id, now=LATER)
    assert page.estimates.results[0].judged == 1


def test_what_a_leaver_was_to_read_goes_to_nobody_who_knows_it(company, seeded):
    week, run_id, reader, other = seeded
    SampledRun.to_read.filter(run=run_id, week=week)
    company.people[other_name(company, other)].groups.clear()
    share_again(actor=SYSTEM, week_id=week.id, now=NEXT)

    row = SampledRun.to_read.get(week=week, run=run_id)
    assert row.assigned_to_id is None


def other_name(company, actor):
    return next(n for n, p in company.people.items() if p.id == actor.id)


# Blindness, door by door.


def test_no_list_or_page_of_an_open_week_tells_a_known_case_apart(
    client, company, seeded
):
    week, run_id, reader, other = seeded
    for actor in (reader, other):
        page = week_page(actor=actor, week_id=week.id, now=NEXT)
        assert len(page.rows) == len({row.run_id for row in page.rows})
        assert run_id in {row.run_id for row in page.rows}
        layers = page.looked_at.layers
        assert sum(layer.population for layer in layers) == page.population
        assert layers[0].population == layers[0].drawn
        assert page.known.rows == ()
        assert page.known.marks == ()
        assert page.is_veiled
        (row,) = [each for each in weeks_for(actor=actor).rows if each.id == week.id]
        assert (row.sampled, row.population) == (len(page.rows), page.population)
        monday = monday_page(actor=actor, monday=week.starts_on, now=NEXT)
        assert (monday.sampled, monday.population) == (row.sampled, row.population)
        assert sum(one.total for one in page.looked_at.shares) == row.sampled
        assert sum(one.population for one in monday.layers) == monday.population
    assert left_to_read(actor=other) == sum(
        row.is_left_to_me
        for row in week_page(actor=other, week_id=week.id, now=NEXT).rows
    )
    sign_in(client, company.people[other_name(company, other)])
    for url in (
        reverse("week", args=[week.id]),
        reverse("review", args=[week.id, run_id]),
        reverse("week_json", args=[week.id]),
    ):
        text = client.get(url).content.decode()
        assert "seeded" not in text
        assert "known_cases" not in text
        assert 'id="known"' not in text


def test_an_open_weeks_document_counts_a_known_case_as_any_run(seeded):
    week, run_id, reader, other = seeded
    told = week_told(actor=other, week_id=week.id, number=None, now=NEXT).document
    (mine,) = [each for each in told["sample"] if each["run"] == str(run_id)]

    assert set(mine) == set(told["sample"][-1])
    layer = told["population"]["strata"]["must_see"]
    assert (
        layer["drawn"]
        == layer["population"]
        == sum(each["stratum"] == "must_see" for each in told["sample"])
    )
    assert told["population"]["count"] == 13
    entry = Entry.objects.get(name="review.week_opened", subject_id=str(week.id))
    said = json.loads(bytes(entry.body))
    assert said["facts"]["count"] == len(told["sample"])


def test_answers_are_added_up_once_every_known_case_is_read(seeded):
    week, run_id, reader, other = seeded
    ordinary = SampledRun.objects.filter(week=week).first().run_id

    def seen():
        page = week_page(actor=reader, week_id=week.id, now=NEXT)
        span = Span(week.starts_on, week.starts_on + timedelta(days=6))
        (over,) = reviewed_over(actor=reader, spans=[span])
        read_runs = {run.run_id for run in over.runs if run.answers}
        monday = monday_page(actor=reader, monday=week.starts_on, now=NEXT)
        said = [sum(each.counts.values()) for each in page.estimates.results]
        assert said == [sum(each.counts.values()) for each in monday.results]
        return page.read, page.is_veiled, said[0], read_runs

    assert seen() == (0, True, 0, set())
    read(week, other, ordinary, NO, now=NEXT)
    assert seen() == (1, True, 0, set())
    read(week, other, run_id, NO, now=NEXT)
    assert seen() == (2, False, 1, {ordinary})


def test_reading_a_known_case_costs_no_unit_of_work(seeded):
    week, run_id, reader, other = seeded
    read(week, other, run_id, NO, now=NEXT)
    day = timezone.localdate(NEXT)
    columns = columns_of((Span(day, day),), seen=frozenset({week.workflow_id}))

    assert [one.readings for one in reading_over(columns, count=1)] == [0]
    read(week, other, SampledRun.objects.filter(week=week).first().run_id, now=NEXT)
    assert [one.readings for one in reading_over(columns, count=1)] == [1]


def test_a_week_caught_up_later_gets_no_case_that_an_open_week_holds(
    company, workflow, seeded
):
    week, run_id, reader, other = seeded
    people = [str(actor.id) for actor in assessors(company)]
    pools, cases = pools_for(workflow_id=workflow.id, people=people, without=[])

    assert not any(pools.values())
    assert cases == {}
    with pytest.raises(DatabaseError), transaction.atomic():
        SeededRun.objects.bulk_create(
            [
                SeededRun(
                    sampled=SampledRun.objects.filter(week=week).first(),
                    known=KnownCase.objects.get(),
                )
            ]
        )


def test_who_settled_a_run_knows_its_answers(company, workflow, monkeypatch):
    week, run_id, reader, other = first_week(
        company, workflow, monkeypatch, differ=True
    )
    add_known_case(
        actor=reader, week_id=week.id, run_id=run_id, reason="Plain.", now=LATER
    )
    people = [str(actor.id) for actor in assessors(company)]
    pools, cases = pools_for(workflow_id=workflow.id, people=people, without=[])

    assert len(cases) == 1
    assert not any(pools.values())


def test_a_week_is_not_signed_while_its_known_case_is_unread(seeded):
    week, run_id, reader, other = seeded
    read_the_rest(week, reader, without=run_id)

    assert what_is_left(week.id) == ("1 run is not read yet.",)
    with pytest.raises(Conflict):
        signed(week, reader, NEXT)


# After signing: named, and in no number.


def test_a_signed_week_names_its_known_cases_and_counts_them_nowhere(
    client, company, workflow, seeded
):
    week, run_id, reader, other = seeded
    week = finish(week, run_id, reader, other, NO)
    drawn = SampledRun.objects.filter(week=week).count()

    for actor in (reader, other):
        page = week_page(actor=actor, week_id=week.id, now=NEXT)
        assert (len(page.rows), page.read, page.population) == (drawn, drawn, 12)
        assert all(each.counts["no"] == 0 for each in page.estimates.results)
        (row,) = [each for each in weeks_for(actor=actor).rows if each.id == week.id]
        assert (row.sampled, row.read, row.population) == (drawn, drawn, 12)
        assert sum(one.total for one in page.looked_at.shares) == drawn
    span = Span(week.starts_on, week.starts_on + timedelta(days=6))
    (over,) = reviewed_over(actor=reader, spans=[span])
    assert (len(over.runs), over.population) == (drawn, 12)
    assert len(counted_answers([week.id])) == drawn
    pasts = pasts_of(workflow_id=workflow.id, starts_on=MONDAY + 2 * WEEK)
    assert sum(one.faults for one in pasts.values()) == 1  # of the first week
    document = json.loads(bytes(SignedWeek.objects.get(week=week).content))
    assert {each["run"] for each in document["sample"]}.isdisjoint({str(run_id)})
    assert {each["run"] for each in document["reviews"]}.isdisjoint({str(run_id)})
    (case,) = document["known_cases"]
    assert (case["run"], case["known"]["right_data"], case["caught"]) == (
        str(run_id),
        "no",
        True,
    )
    sign_in(client, company.people[other_name(company, other)])
    for name, args in (("week", [week.id]), ("week_version", [week.id, 1])):
        text = client.get(reverse(name, args=args)).content.decode()
        assert 'id="known"' in text
    for name in ("week_zip", "week_pdf"):
        assert client.get(reverse(name, args=[week.id])).status_code == 200
    (check,) = [each for each in CHECKS if "are in its sample" in each.says]
    with connection.cursor() as cursor:
        cursor.execute(check.sql)
        assert cursor.fetchall() == []


def test_what_was_named_is_not_answered_anew_in_a_reopened_week(seeded):
    week, run_id, reader, other = seeded
    week = finish(week, run_id, reader, other, YES)
    reopen_week(actor=reader, week_id=week.id, reason="A slip.", now=NEXT)

    with pytest.raises(NotFound):
        read(week, other, run_id, NO, now=NEXT)
    page = week_page(actor=other, week_id=week.id, now=NEXT)
    assert not page.is_veiled
    assert run_id not in {row.run_id for row in page.rows}
    assert page.estimates.results[0].judged == len(page.rows)


@pytest.mark.parametrize(("given", "caught"), [(NO, 1), (YES, 0)])
def test_the_rate_of_a_week_opens_the_cases_that_it_counts(
    client, company, seeded, given, caught
):
    week, run_id, reader, other = seeded
    week = finish(week, run_id, reader, other, given)

    for actor in (reader, other, company.actor("ada")):
        page = known_cases(week, actor)
        expected = Caught(caught, 1, clopper_pearson(caught, 1))
        assert (page.caught, page.lately) == (expected, expected)
        (line,) = (
            each
            for each in lines_of(week_page(actor=actor, week_id=week.id, now=NEXT))
            if each.opens == "#known"
        )
        assert line.words.startswith(f"{caught} of 1 faults found")
        found = known_list(actor=actor, week_id=week.id, is_lately=True, reader_id=None)
        assert found.caught == expected
        assert [(row.run_id, row.reader, row.is_caught) for row in found.rows] == [
            (run_id, other.name, bool(caught))
        ]
        (one,) = caught_by(week, actor, weeks=12)
        assert (one.reader_id, one.caught) == (other.id, expected)
    nobody = known_list(
        actor=reader, week_id=week.id, is_lately=True, reader_id=reader.id
    )
    assert nobody.rows == ()
    assert nobody.caught == Caught(0, 0, None)
    sign_in(client, company.people[other_name(company, reader)])
    share = f"{caught} of 1"
    text = client.get(reverse("week", args=[week.id])).content.decode()
    assert share in text.split('id="known"')[1]
    for name in ("week_reviewers", "week_known"):
        text = client.get(reverse(name, args=[week.id])).content.decode()
        assert share in text
        assert other.name in text


def test_who_had_read_a_case_before_is_not_tested_by_it(seeded):
    week, run_id, reader, other = seeded
    read_the_rest(week, reader)
    week = signed(week, reader, NEXT)

    page = known_cases(week, reader)
    assert [row.knew_before for row in page.rows] == [True]
    assert page.caught == Caught(0, 0, None)
    assert "tests nothing" in known_words(page.rows[0])


# Its reader is told, once they have answered.


def test_its_reader_alone_is_told_and_only_after_they_answered(client, company, seeded):
    week, run_id, reader, other = seeded
    person = company.people[other_name(company, other)]
    sign_in(client, person)
    url = reverse("review", args=[week.id, run_id])
    before = client.get(url).content.decode().lower()
    assert "known case" not in before
    assert told_of(other, week_id=week.id, run_id=run_id) is None

    answers = {**NO.answers, "right_data_reason": "It was old."}
    shown = client.post(url, answers, follow=True).content.decode()

    assert "was a known case" in shown
    assert "Known to be “no”: right source data. You found it." in shown
    text = client.get(url).content.decode()
    assert "A known case" in text
    assert [row.run_id for row in known_cases(week, other).rows] == [run_id]
    for actor in (reader, company.actor("ada")):
        assert known_cases(week, actor).rows == ()
        assert caught_by(week, actor, weeks=12) == ()
        found = known_list(actor=actor, week_id=week.id, is_lately=True, reader_id=None)
        assert found.rows == ()
    screen = review_screen(actor=reader, week_id=week.id, run_id=run_id, now=NEXT)
    assert screen.known is None


def test_what_was_answered_first_about_a_known_case_stays(seeded):
    week, run_id, reader, other = seeded
    read(week, other, run_id, YES, now=NEXT)

    with pytest.raises(AlreadyDone, match="known case"):
        read(week, other, run_id, NO, now=NEXT)
    screen = review_screen(actor=other, week_id=week.id, run_id=run_id, now=NEXT)
    assert not screen.may_answer
    assert not screen.known.is_caught
    assert (
        "Known to be “no”: right source data. You answered “no” to nothing"
        in known_words(screen.known)
    )


def test_an_ordinary_run_is_not_called_a_known_case(client, company, seeded):
    week, run_id, reader, other = seeded
    ordinary = SampledRun.objects.filter(week=week).first().run_id
    read(week, other, ordinary, NO, now=NEXT)

    assert told_of(other, week_id=week.id, run_id=ordinary) is None
    screen = review_screen(actor=other, week_id=week.id, run_id=ordinary, now=NEXT)
    assert screen.known is None
    assert screen.may_answer


def test_which_runs_are_known_cases_is_said_once_and_while_the_week_opens(
    seeded, workflow, company
):
    week, run_id, reader, other = seeded
    ordinary = SampledRun.objects.filter(week=week).first()
    read(week, reader, ordinary.run_id, now=NEXT)
    for change in (
        lambda: SeededRun.objects.update(known=None),
        lambda: SeededRun.objects.all().delete(),
        lambda: SeededRun.objects.create(
            sampled=ordinary, known=KnownCase.objects.get()
        ),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert readings_of([week.id], run_id=run_id)
