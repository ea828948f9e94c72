"""What a run is found by: words of its own text, facets that no word can be taken for."""

from datetime import timedelta

import pytest

from portal.core.ids import new_id
from runs.rules.events import Event, Provenance
from runs.rules.finding import TOKENS_MAX, query_of, tokens_of
from runs.rules.folding import fold
from tests.runs.helpers import START, moment, refund_story, told

DANA = new_id()


def found_by(events, name="case-7741", title=""):
    return tokens_of(fold({}, events), title=title, agent_run_id=name)


def by_person(kind, person, **facts):
    at = START + timedelta(seconds=5)
    return Event(
        new_id(), kind, at, at, Provenance.ENFORCED, "Dana", facts, source_id=person
    )


def test_words_come_from_the_id_the_asking_the_reading_and_the_tools():
    tokens = found_by(refund_story(), title="Refund EUR 40.00 for order 12.")

    for word in ("case-7741", "case", "7741", "refund", "40.00", "order", "dana"):
        assert word in tokens
    for word in ("shipping_status", "customer", "delivered"):
        assert word in tokens


def test_facets_name_verbs_systems_people_holds_and_unanswered_questions():
    tokens = found_by(
        [
            *refund_story(),
            by_person("decided", DANA, verdict="approve", resolution="approved"),
            moment("held", 6, sentence="The customer speaks of a lawyer."),
            told("tool.called", 9, tool="x", status="ok"),
        ]
    )

    for token in (
        "=verb:refund",
        "=system:billing",
        "=system:orders",
        f"=did:{DANA}",
        f"=approved:{DANA}",
        "=was:held",
        "=unanswered:tools",
    ):
        assert token in tokens
    assert "=unanswered:approved" not in tokens


def test_who_decided_against_it_did_not_approve_it():
    tokens = found_by([by_person("decided", DANA, verdict="reject")])

    assert f"=decided:{DANA}" in tokens
    assert f"=approved:{DANA}" not in tokens


def test_the_same_events_in_any_order_are_found_by_the_same():
    story = refund_story()

    assert found_by(story) == found_by(list(reversed(story)))


def test_a_long_run_is_found_by_a_bounded_number_of_tokens():
    words = " ".join(f"word{number}" for number in range(2_000))

    tokens = found_by([told("run.started", 1, trigger=words)], title=words)

    assert len(tokens) == TOKENS_MAX
    assert all(" " not in token and len(token) <= 80 for token in tokens)
    assert "=unanswered:decided" in tokens


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", ""),
        (" ,. ", ""),
        ("Refund", "'refund':*"),
        ("a", "'a'"),
        ("order 12", "'order':* & '12':*"),
        ("case-77", "('case-77':* | ('case' & '77':*))"),
        ("=verb:refund", "('verb:refund':* | ('verb' & 'refund':*))"),
        ("o'neill", "('o''neill':* | ('o' & 'neill':*))"),
        ("x\\y", "('x\\\\y':* | ('x' & 'y'))"),
        ("STRASSE ﬁne", "'strasse':* & 'fine':*"),
    ],
)
def test_typed_words_become_a_query_that_nothing_can_break_out_of(text, query):
    assert query_of(text=text) == query


def test_facets_and_words_must_all_be_there():
    assert query_of(text="ab", facets=["=verb:refund"]) == "'=verb:refund' & 'ab':*"
