"""Assessing a department: who is asked, who sees what, what counts, what is done after."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Notice
from portal.accounts.operations import telling
from portal.accounts.operations.people import deactivate_person
from portal.audit.models import Entry
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.models import OutboxMessage
from registry.models import (
    ReadinessAnswer,
    ReadinessAssessment,
    ReadinessPart,
    RoleHolding,
    System,
)
from registry.operations.readiness import (
    ask_person,
    close_assessment,
    keep_answers,
    open_assessment,
    submit_answers,
)
from registry.operations.readiness_priorities import (
    choose_priority,
    end_priority,
    overdue_priorities,
    tell_overdue,
)
from registry.operations.rollout import name_sponsor
from registry.operations.teams import name_head
from registry.queries.readiness_done import steps_done
from registry.queries.readiness_mine import (
    priorities_due,
    readiness_asked_of,
    readiness_to_close,
)
from registry.queries.readiness_pages import department_page
from registry.rules.readiness import QUESTIONS
from registry.tasks import settle_duties
from tests.people import NOW, live_workflow, make_company
from tests.registry.assessing import answer, assess, begin

pytestmark = pytest.mark.django_db

SLUG = "customer-care"


@pytest.fixture
def people():
    company = make_company()
    name_head(actor=SYSTEM, department=company.departments["care"], person=company.maya)
    return company


def page_of(people, name):
    return department_page(actor=people.actor(name), slug=SLUG, now=NOW)


def close(people, *, left_out=(), reason="", name="maya"):
    return close_assessment(
        actor=people.actor(name),
        slug=SLUG,
        left_out=[people.people[each].id for each in left_out],
        reason=reason,
        now=NOW,
    )


def told(name_of):
    for message in OutboxMessage.objects.filter(topic=telling.NEWS).order_by("id"):
        telling.spread(message.payload)
    return set(Notice.objects.filter(person=name_of).values_list("kind", flat=True))


def test_the_head_asks_people_and_others_may_not(people):
    chosen = [people.maya, people.dana]
    for name, error in (("dana", Forbidden), ("olga", NotFound)):
        with pytest.raises(error):
            open_assessment(actor=people.actor(name), slug=SLUG, people=chosen, now=NOW)
    with pytest.raises(Invalid):
        open_assessment(
            actor=people.actor("maya"), slug=SLUG, people=chosen[:1], now=NOW
        )

    open_assessment(actor=people.actor("maya"), slug=SLUG, people=chosen, now=NOW)

    asked = readiness_asked_of(actor=people.actor("dana"))
    assert [(each.department, each.answered) for each in asked] == [
        ("Customer care", 0)
    ]
    assert "readiness_asked" in told(people.dana)
    with pytest.raises(Conflict):
        open_assessment(actor=people.actor("maya"), slug=SLUG, people=chosen, now=NOW)
    with pytest.raises(AlreadyDone):
        ask_person(actor=people.actor("maya"), slug=SLUG, person=people.dana, now=NOW)


def test_nobody_sees_what_others_said_before_they_submitted(people):
    begin(people, ("maya", "dana"), now=NOW)
    answer(people, "dana", 2, now=NOW)

    before = page_of(people, "maya").open
    assert before.result is None
    assert [each.answered for each in before.parts] == [30, 0]
    # Who was not asked sees nothing before it is closed, whatever they may read.
    assert page_of(people, "audrey").open.result is None

    answer(people, "maya", 4, now=NOW)
    seen = page_of(people, "maya").open.result
    question = seen.pillars[0].questions[0]
    assert [(each.name, each.level) for each in question.said] == [
        ("Dana Reyes", 2),
        ("Maya Adler", 4),
    ]
    assert question.words == "One or two outcomes are written down."
    assert (question.score, question.spread, question.is_disputed) == (
        "3",
        "2 to 4",
        True,
    )


def test_whoever_closes_it_is_told_once_nobodys_answers_are_missing(people):
    open_assessment(
        actor=people.actor("ada"),
        slug=SLUG,
        people=[people.dana, people.tom],
        now=NOW,
    )
    head = people.actor("maya")
    answer(people, "dana", 2, now=NOW)
    assert "readiness_whole" not in told(people.maya)
    assert readiness_to_close(actor=head) == ()

    answer(people, "tom", 3, now=NOW)

    assert "readiness_whole" in told(people.maya)
    assert "readiness_whole" in told(people.ada)
    assert "readiness_whole" not in told(people.dana)
    assert [(each.slug, each.people) for each in readiness_to_close(actor=head)] == [
        (SLUG, 2)
    ]
    assert readiness_to_close(actor=people.actor("dana")) == ()
    client = Client()
    client.force_login(people.maya)
    assert "Close the round about Customer care" in client.get(reverse("start")).text
    close(people)
    for message in OutboxMessage.objects.filter(topic=telling.SETTLED):
        telling.settle(message.payload)
    assert readiness_to_close(actor=head) == ()
    open_ones = Notice.objects.filter(kind="readiness_whole", closed_at=None)
    assert not open_ones.exists()


def test_a_sponsor_who_is_named_and_there_is_not_proposed_to_be_named(people):
    assess(people, {"maya": {"strategy.sponsor": 1}, "dana": 4}, now=NOW)
    step = QUESTIONS["strategy.sponsor"].step
    care = people.departments["care"]
    assert step in {each.text for each in page_of(people, "maya").suggestions}

    name_sponsor(
        actor=people.actor("ada"), person=people.olga, reason="The board.", now=NOW
    )

    texts = {each.text for each in page_of(people, "maya").suggestions}
    assert step not in texts
    assert QUESTIONS["strategy.sponsor"].then in texts
    deactivate_person(actor=people.actor("ada"), person=people.olga)
    assert "strategy.sponsor" not in steps_done(care)


def test_steps_are_done_by_what_the_registry_holds(people):
    care = people.departments["care"]
    assert steps_done(care) == frozenset()

    live_workflow(people)

    assert steps_done(care) == {"governance.owners", "process.described"}
    System.objects.update(owner=people.ilan)
    RoleHolding.objects.filter(role="risk_owner").update(person=None)
    assert steps_done(care) == {"data.sources", "process.described"}


def test_half_of_the_answers_are_kept_and_cannot_be_submitted(people):
    begin(people, ("maya", "dana"), now=NOW)
    dana = people.actor("dana")
    half = dict.fromkeys(list(QUESTIONS)[:12], 4)

    assert keep_answers(actor=dana, slug=SLUG, levels=half, notes={}, now=NOW) == 12
    with pytest.raises(Conflict, match="18 questions have no answer yet"):
        submit_answers(actor=dana, slug=SLUG, now=NOW)
    with pytest.raises(Invalid):
        keep_answers(
            actor=dana, slug=SLUG, levels={"data.quality": 6}, notes={}, now=NOW
        )
    with pytest.raises(NotFound):
        keep_answers(
            actor=people.actor("tom"), slug=SLUG, levels=half, notes={}, now=NOW
        )
    # Not even past the operation.
    with pytest.raises(IntegrityError), transaction.atomic():
        ReadinessPart.objects.filter(person=people.dana).update(submitted_at=NOW)
    assert ReadinessAnswer.objects.count() == 12


def test_what_is_submitted_stays_as_it_is(people):
    begin(people, ("maya", "dana"), now=NOW)
    answer(people, "dana", 2, now=NOW)

    with pytest.raises(AlreadyDone):
        keep_answers(
            actor=people.actor("dana"),
            slug=SLUG,
            levels={"data.quality": 5},
            notes={},
            now=NOW,
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        ReadinessAnswer.objects.filter(question="data.quality").update(level=5)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReadinessPart.objects.filter(person=people.dana).update(submitted_at=None)


def test_it_is_not_closed_without_saying_who_is_left_out_and_why(people):
    begin(people, ("maya", "dana", "tom"), now=NOW)
    answer(people, "maya", 3, now=NOW)
    half = dict.fromkeys(list(QUESTIONS)[:20], 1)
    keep_answers(actor=people.actor("tom"), slug=SLUG, levels=half, notes={}, now=NOW)
    with pytest.raises(Conflict, match="Fewer than 2 people"):
        close(people, left_out=("dana", "tom"), reason="They are away.")
    answer(people, "dana", 3, now=NOW)
    with pytest.raises(Conflict, match="Who has not submitted: Tom Okafor"):
        close(people, reason="In a hurry.")
    with pytest.raises(Conflict):
        close(people, left_out=("tom", "dana"), reason="In a hurry.")
    with pytest.raises(Invalid):
        close(people, left_out=("tom",))
    with pytest.raises(Forbidden):
        close(people, left_out=("tom",), reason="He is away.", name="ada")

    close(people, left_out=("tom",), reason="He is away.")

    last = page_of(people, "dana").last
    assert last.pillars[0].questions[0].words.startswith("One or two")
    assert (last.left_out, last.lowest) == (("Tom Okafor",), "3")
    assert last.people == ("Dana Reyes", "Maya Adler")
    entry = Entry.objects.get(name="readiness.closed")
    assert b"Tom Okafor" in bytes(entry.body)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReadinessAssessment.objects.update(left_out=[])


def test_administrators_close_it_where_the_head_is_gone(people):
    begin(people, ("dana", "tom"), now=NOW)
    answer(people, "dana", 3, now=NOW)
    answer(people, "tom", 4, now=NOW)
    with pytest.raises(Forbidden):
        close(people, name="ada")

    deactivate_person(actor=people.actor("ada"), person=people.maya)

    assert close(people, name="ada").closed_at == NOW


def test_it_is_compared_with_the_assessment_before(people):
    assess(people, {"maya": 2, "dana": 2}, now=NOW - timedelta(days=90))
    assess(people, {"maya": {"data.quality": 1}, "dana": 4}, now=NOW)

    last = page_of(people, "maya").last

    assert {each.change for each in last.pillars} == {"up from 2"}
    assert last.compared_with == NOW - timedelta(days=90)
    assert [at for _, at in page_of(people, "maya").earlier] == [last.compared_with]


def test_a_priority_has_an_owner_a_day_and_ends_with_evidence(people):
    assess(people, {"maya": 3, "dana": 2}, now=NOW)
    first = page_of(people, "maya").suggestions[0]
    more = {"slug": SLUG, "question": first.question, "text": first.text, "now": NOW}
    due_on = NOW.date() + timedelta(days=30)
    with pytest.raises(Forbidden):
        choose_priority(
            actor=people.actor("dana"), owner=people.dana, due_on=due_on, **more
        )
    with pytest.raises(Invalid):
        choose_priority(
            actor=people.actor("maya"),
            owner=people.tom,
            due_on=NOW.date() + timedelta(days=91),
            **more,
        )

    made = choose_priority(
        actor=people.actor("maya"), owner=people.tom, due_on=due_on, **more
    )

    mine = priorities_due(actor=people.actor("tom"), today=NOW.date())
    assert [(each.text, each.is_late) for each in mine] == [(first.text, False)]
    assert "priority_given" in told(people.tom)
    left = {each.question for each in page_of(people, "maya").suggestions}
    assert first.question not in left
    ends = {"slug": SLUG, "priority_id": made.id, "now": NOW}
    tom = people.actor("tom")
    with pytest.raises(Forbidden):
        end_priority(actor=people.actor("dana"), how="DONE", words="Done.", **ends)
    with pytest.raises(Forbidden):
        end_priority(actor=tom, how="DROPPED", words="No.", **ends)
    with pytest.raises(Invalid):
        end_priority(actor=tom, how="DONE", words=" ", **ends)
    end_priority(actor=tom, how="DONE", words="See version 2.", **ends)
    with pytest.raises(AlreadyDone):
        end_priority(actor=tom, how="DONE", words="Again.", **ends)
    assert page_of(people, "tom").ended[0].ended_words == "See version 2."
    assert not priorities_due(actor=tom, today=NOW.date())


def test_an_overdue_priority_is_told_once(people):
    assess(people, {"maya": 3, "dana": 2}, now=NOW - timedelta(days=60))
    made = choose_priority(
        actor=people.actor("maya"),
        slug=SLUG,
        question="data.quality",
        text="Mend the worst fault",
        owner=people.tom,
        due_on=NOW.date() - timedelta(days=1),
        now=NOW - timedelta(days=60),
    )
    assert not overdue_priorities(now=NOW - timedelta(days=1))

    settle_duties()

    assert "priority_overdue" in told(people.tom)
    assert "priority_overdue" in told(people.maya)
    assert not overdue_priorities(now=NOW)
    with pytest.raises(AlreadyDone):
        tell_overdue(priority_id=made.id, now=NOW)


def test_answers_save_themselves_and_the_button_goes_on(people):
    begin(people, ("maya", "dana"), now=NOW)
    client = Client()
    client.force_login(people.dana)
    here = reverse("readiness_answer", args=[SLUG, "strategy"])

    kept = client.post(
        here,
        {"strategy.purpose": "4", "note-strategy.purpose": "It is on the wall."},
        headers={"HX-Request": "true"},
    )
    assert kept.status_code == 200
    assert "1 of 30 answered" in kept.text
    assert "<html" not in kept.text
    gone = client.post(here, {"strategy.sponsor": "2"})
    assert gone["Location"] == reverse("readiness_answer", args=[SLUG, "governance"])
    assert client.post(here, {"strategy.sponsor": "9"}).status_code == 400
    shown = client.get(here).text
    assert "It is on the wall." in shown
    assert ReadinessAnswer.objects.count() == 2

    refused = client.post(reverse("readiness_submit", args=[SLUG]), follow=True)
    assert "28 questions have no answer yet" in refused.text


def test_a_score_halfway_says_what_it_lies_between(people):
    assess(people, {"maya": 2, "dana": 3}, now=NOW)

    question = page_of(people, "maya").last.pillars[0].questions[0]

    assert question.score == "2.5"
    assert question.words.startswith("Between “There are hopes, in words.” and “One or")
