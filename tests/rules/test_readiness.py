"""The catalogue of readiness is whole, and scores are medians of what people said."""

from datetime import date
from decimal import Decimal
from statistics import median as oracle

from hypothesis import given
from hypothesis import strategies as st

from registry.rules.readiness import LEVELS, PILLARS, PLACES, QUESTIONS
from registry.rules.readiness_scores import (
    median,
    missing_in,
    score_text,
    scores_of,
    suggested,
    why_not_ready,
    wrong_due,
)

NOT_READY = {
    "department": "Customer care",
    "closed_on": date(2026, 11, 1),
    "today": date(2026, 11, 21),
    "valid_days": 180,
    "minimum": Decimal(3),
    "lowest": Decimal(3),
    "weakest": "Data",
}


def test_six_pillars_have_five_questions_with_five_different_levels():
    assert [len(pillar.questions) for pillar in PILLARS] == [5] * 6
    assert len(QUESTIONS) == 30
    for question in QUESTIONS.values():
        assert len(set(question.levels)) == len(LEVELS)
        assert question.place in PLACES


@given(st.lists(st.sampled_from(LEVELS), min_size=1, max_size=40))
def test_the_median_is_the_textbooks(levels):
    assert median(levels) == Decimal(str(oracle(levels)))


def test_nothing_has_no_median_and_never_the_score_nought():
    scores = scores_of([])

    assert median([]) is None
    assert scores.lowest is None
    assert score_text(scores.lowest) == "no data"


def test_a_loud_voice_moves_no_median():
    calm = scores_of([dict.fromkeys(QUESTIONS, level) for level in (2, 2, 2)])
    loud = scores_of([dict.fromkeys(QUESTIONS, level) for level in (2, 2, 5)])

    assert calm.pillars == loud.pillars
    assert loud.questions["data.quality"].is_disputed
    assert not calm.questions["data.quality"].is_disputed


def test_a_department_is_as_ready_as_its_weakest_pillar():
    said = {key: 2 if key.startswith("people.") else 5 for key in QUESTIONS}

    scores = scores_of([said, said])

    assert (scores.weakest, scores.lowest) == ("people", Decimal(2))


def test_a_pillar_with_a_question_nobody_answered_has_no_score():
    said = dict.fromkeys(QUESTIONS, 4)
    del said["data.quality"]

    scores = scores_of([said])

    assert scores.pillars["data"] is None
    assert scores.lowest is None
    assert missing_in(said) == ("data.quality",)


def test_the_lowest_questions_of_the_lowest_pillars_come_first_unless_taken():
    said = dict.fromkeys(QUESTIONS, 4) | {"data.quality": 1, "people.time": 2}
    said |= {key: 3 for key in QUESTIONS if key.startswith("people.")} | {
        "people.time": 2
    }
    scores = scores_of([said])

    def keys(**more):
        return [key for key, _ in suggested(scores, **more)]

    assert keys()[0] == "people.time"
    assert keys(taken=["people.time"])[0] != "people.time"
    assert "data.quality" in keys(taken=[k for k in QUESTIONS if k[:6] == "people"])
    assert "strategy.purpose" not in keys()


def test_a_step_that_is_done_is_never_proposed_and_what_helps_then_is():
    scores = scores_of([dict.fromkeys(QUESTIONS, 4) | {"strategy.sponsor": 1}])
    question = QUESTIONS["strategy.sponsor"]

    assert suggested(scores) == (("strategy.sponsor", question.step),)
    assert suggested(scores, done=["strategy.sponsor"]) == (
        ("strategy.sponsor", question.then),
    )
    low = scores_of([dict.fromkeys(QUESTIONS, 4) | {"data.quality": 1}])
    assert suggested(low, done=["data.quality"]) == ()


def test_each_reason_for_not_being_ready_is_said_and_the_border_passes():
    assert why_not_ready(**NOT_READY) == ""
    old = NOT_READY | {"today": date(2027, 4, 30)}
    assert why_not_ready(**old) == ""
    assert "181 days ago" in why_not_ready(**old | {"today": date(2027, 5, 1)})
    assert "no readiness assessment" in why_not_ready(**NOT_READY | {"closed_on": None})
    assert "without a score" in why_not_ready(**NOT_READY | {"lowest": None})
    low = why_not_ready(**NOT_READY | {"lowest": Decimal("2.5")})
    assert low == "Customer care scores 2.5 of 5 in data, and every pillar needs 3."


def test_a_priority_is_for_the_next_ninety_days():
    today = date(2026, 11, 21)

    assert wrong_due(today, today=today)
    assert not wrong_due(date(2026, 11, 22), today=today)
    assert not wrong_due(date(2027, 2, 19), today=today)
    assert "90 days" in wrong_due(date(2027, 2, 20), today=today)
