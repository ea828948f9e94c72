"""The rule by which reported changes are matched to grants, row by row."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from runs.rules import folding, timeline
from runs.rules.answering import answers_of
from runs.rules.lines import LineKind
from runs.rules.matching import Change, GrantSeen, judge, judge_all, told_by, values_of
from tests.runs.helpers import ASK, GRANT, START, confirmed, moment, refund_story, told

ONE, OTHER = (UUID(int=number) for number in (1, 2))
LEAVE = GrantSeen(
    id=UUID(GRANT),
    workflow_id=ONE,
    run_id=OTHER,
    system="billing",
    verb="refund",
    resource_type="order",
    resource_id="12",
    headline="Refund EUR 40.00 for order 12",
    state="redeemed",
    redeemed_at=START,
    values=values_of({"amount": "40.00", "currency": "EUR", "to": ["Ana Lopes"]}),
)
SAID = Change(
    id=UUID(int=9),
    at=START + timedelta(seconds=3),
    system="billing",
    resource="order 12",
    field="refunded",
    before="0",
    after="40",
    named_grant=GRANT,
)
UNNAMED = replace(SAID, named_grant="")
SOON = timedelta(minutes=10)


def code(change, *grants, used=()):
    found = judge(change, grants or [LEAVE], set(used))
    assert bool(found.why) is not found.is_matched
    return found.code


def test_a_change_that_names_its_grant_is_covered_by_it():
    assert code(SAID) == "grant"
    assert code(replace(SAID, resource="12", verb="Refund", workflow_id=ONE)) == "grant"


@pytest.mark.parametrize(
    ("change", "grant", "expected"),
    [
        ({"named_grant": "another"}, {}, "grant.unknown"),
        ({"workflow_id": OTHER}, {}, "grant.other_workflow"),
        ({"run_id": ONE}, {}, "grant.other_run"),
        ({"system": "crm"}, {}, "grant.other_system"),
        ({"verb": "credit"}, {}, "grant.other_verb"),
        ({"resource": "order 13"}, {}, "grant.other_resource"),
        ({}, {"redeemed_at": None, "state": "issued"}, "grant.unused"),
        ({}, {"redeemed_at": None, "state": "revoked"}, "grant.revoked"),
        ({}, {"redeemed_at": None, "state": "expired"}, "grant.expired"),
        ({"at": START - SOON}, {}, "grant.before"),
        ({"at": START + timedelta(hours=25)}, {}, "grant.after"),
        ({"after": "400"}, {"told": {"refunded": "40"}}, "grant.other_value"),
    ],
)
def test_a_named_grant_that_is_for_something_else_covers_nothing(
    change, grant, expected
):
    assert code(replace(SAID, **change), replace(LEAVE, **grant)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "value"),
        ({"before": "60.00", "after": "100"}, "value"),
        ({"field": "to", "before": None, "after": "ana  lopes"}, "value"),
        ({"after": "41"}, "value.other"),
        ({"after": None, "before": None}, "value.other"),
        ({"resource": "order 13"}, "none"),
        ({"system": "crm"}, "none"),
        ({"run_id": ONE}, "none"),
        ({"at": START - SOON}, "none.in_time"),
        ({"at": START + timedelta(days=2)}, "none.in_time"),
        ({"named_run": "unheard-of"}, "run.unknown"),
        ({"named_workflow": "unheard-of", "resource": "13"}, "workflow.unknown"),
    ],
)
def test_a_change_without_a_grant_is_found_by_place_time_and_value(change, expected):
    assert code(replace(UNNAMED, **change)) == expected


def test_a_second_change_under_a_grant_does_not_match_whichever_way_it_is_told():
    again = replace(SAID, id=UUID(int=10), at=SAID.at + SOON)
    elsewhere = replace(SAID, id=UUID(int=11), field="note")

    judged = judge_all([again, elsewhere, SAID], [LEAVE], ())

    codes = {each.change_id: each.code for each in judged}
    assert codes == {SAID.id: "grant", again.id: "grant.used", elsewhere.id: "grant"}
    used = [(LEAVE.id, "order 12", "refunded")]
    assert code(UNNAMED, used=used) == "grant.used"


def test_two_like_grants_cover_two_like_changes_and_not_a_third():
    later = replace(LEAVE, id=UUID(int=77), redeemed_at=START + SOON)
    changes = [
        replace(UNNAMED, id=UUID(int=20 + n), at=UNNAMED.at + n * SOON)
        for n in range(3)
    ]

    judged = judge_all(changes, [later, LEAVE], ())

    assert [each.grant and each.grant.id for each in judged] == [
        LEAVE.id,
        later.id,
        None,
    ]


def test_values_compare_by_size_and_endless_numbers_cost_nothing():
    assert values_of({"a": "40.00", "b": [1e2, True], "c": None}) == {
        "40",
        "100",
        "true",
    }
    assert values_of("1e999999999") == {"1e999999999"}
    assert told_by([{"field": "Sent to", "after": 1.50}, {"field": "x"}, None]) == {
        "sent to": "1.5"
    }


def verdict(event, word, offset=600, **facts):
    return moment("reconciled", offset, event=str(event.id), verdict=word, **facts)


def red(events):
    lines = timeline.tell(events).lines
    return [line.text for line in lines if line.kind == LineKind.CONTRADICTION]


def test_a_verdict_moves_the_number_and_the_newest_counts_in_any_order():
    change = confirmed("change.made", 400, system="billing", resource="order 12")
    no = verdict(change, "unmatched", sentence="Nothing was granted for it.")
    healed = verdict(change, "matched", 900, grant=GRANT)
    explained = verdict(change, "explained", 950, sentence="By hand.", by="Rosa")
    events = [*refund_story(), change]

    assert folding.unauthorised(folding.fold({}, events)) == 0
    assert "Not matched to a grant yet." in str(timeline.tell(events))
    assert folding.unauthorised(folding.fold({}, [no, *events])) == 1
    assert "Nothing was granted for it." in red([*events, no])[0]
    for after in (healed, explained):
        state = folding.fold(folding.fold({}, [after]), [*events, no])
        assert folding.unauthorised(state) == 0
        assert red([after, *events, no]) == []


def test_a_change_matched_by_its_value_answers_what_was_changed():
    asked = [moment("asked", 10, **ASK), moment("redeemed", 11, grant=GRANT)]
    change = confirmed(
        "change.made", 12, system="billing", resource="order 12", field="a"
    )
    found = verdict(change, "matched", 13, grant=GRANT)

    def changed(*events):
        return answers_of(folding.fold({}, [*asked, *events]))[4]

    assert not changed().is_answered
    assert changed(change, found).line == "1 field"


def test_what_an_agent_told_itself_and_a_person_explained_counts_no_more():
    change = told("change.made", 400, system="billing", resource="order 12")
    explained = moment("reconciled", 500, verdict="explained", told=1, by="Rosa")
    again = told("change.made", 600, system="billing", resource="order 12")

    assert folding.unauthorised(folding.fold({}, [change])) == 1
    assert folding.unauthorised(folding.fold({}, [change, explained])) == 0
    assert folding.unauthorised(folding.fold({}, [again, explained, change])) == 1
