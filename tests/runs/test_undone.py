"""How runs tell what was never done: refused, and asked again."""

from runs.rules import timeline
from runs.rules.story import story
from tests.runs.helpers import moment, told


def booking(number, at, answer="refuse", resource="flight", verb="book"):
    facts = {"action_request": f"r{number}"}
    headline = f"{verb.capitalize()} {resource} {number}."
    return [
        moment(
            "asked",
            at,
            headline=headline,
            verb=verb,
            system="airline",
            resource=resource,
            **facts,
        ),
        moment("ruled", at + 0.1, answer=answer, reasons=[], occasion="ask", **facts),
    ]


def done(number, at):
    facts = {"action_request": f"r{number}", "grant": f"g{number}"}
    return [
        moment("granted", at, **facts),
        moment("redeemed", at + 0.1, **facts),
        moment("outcome", at + 0.2, status="succeeded", changes=[], **facts),
    ]


def test_the_record_has_the_last_word_where_the_agent_claims_what_was_refused():
    end = told("run.finished", 9, status="completed", summary="Successfully booked.")
    said = "It asked to book flight 1 and was refused; nothing was booked"
    events = [*booking(1, 2), end]

    assert f"{said}." in story(events).paragraph
    finished = timeline.tell(events).lines[-1]
    assert finished.notes == [f"By our records: {said}."]

    withdrawn = [
        *booking(1, 2, "review"),
        moment("proposed", 3, action_request="r1", proposal="p"),
    ]
    assert "nothing was" not in story(withdrawn).paragraph
    withdrawn.append(moment("withdrawn", 4, action_request="r1"))
    assert "was withdrawn; nothing was booked" in story(withdrawn).paragraph


def test_nothing_is_said_to_be_undone_that_was_done_later_or_before():
    later = [*booking(1, 2), *booking(2, 4, "allow"), *done(2, 5)]
    before = [*booking(2, 2, "allow"), *done(2, 3), *booking(1, 5)]

    assert "nothing" not in story(later).paragraph
    assert "nothing more was booked" in story(before).paragraph


def test_only_like_requests_fold_together():
    events = [each for n in range(1, 6) for each in booking(n, n)]
    events += booking(6, 6, resource="reservation 7", verb="delete")

    paragraph = story(events).paragraph

    assert "It also asked to delete reservation 7 6." in paragraph
    assert "It asked 2 more times to book flight in airline." in paragraph
