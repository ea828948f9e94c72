"""How a run is told: each line, each wait, each gap, each contradiction; and nothing lost."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.rules import folding, timeline
from runs.rules.answering import answered_count, answers, answers_of
from runs.rules.events import MOMENT_KINDS, TOLD_KINDS, Provenance
from runs.rules.lines import LineKind
from runs.rules.places import places_in
from runs.rules.story import story
from tests.runs.helpers import ASK, GRANT, START, confirmed, moment, refund_story, told

NOW = START + timedelta(hours=1)
WRITE = {"tier": "change", "verb": "refund", "system": "billing"}


def lines_of(events, kind=None, now=NOW):
    lines = timeline.tell(events, now=now).lines
    return [
        (line.verb, line.text) for line in lines if kind is None or line.kind == kind
    ]


def texts(events, kind, now=NOW):
    return [text for _, text in lines_of(events, kind, now)]


def answer_of(events, key):
    return next(answer for answer in answers(events) if answer.key == key)


def asked(**more):
    return [
        moment("asked", 10, source="Refund agent", **ASK),
        moment("ruled", 10.1, occasion="ask", **more),
    ]


def test_the_run_of_the_look_page_reads_as_drawn():
    told_of = lines_of(refund_story())

    assert told_of == [
        ("Started", 'customer e-mail "Where is my refund?"'),
        ("Looked at", "order 12, customer 881 and policy v7"),
        ("Tried twice", "shipping_status: 1 failure (time-out), then fine"),
        ("Decided", "a refund is due: delivered nine days late · 0.82"),
        ("Asked to", "refund EUR 40.00 for order 12"),
        ("", "waited 6 min 02 s of 30 min for a person"),
        ("Approved", "Dana Reyes, who opened 3 of 3 evidence items"),
        ("Changed", "refunded 0.00 → 40.00 (order 12, billing)"),
        ("Finished", "customer told by e-mail"),
    ]
    told_story = story(refund_story())
    assert told_story.title == "Refund EUR 40.00 for order 12, done after approval."
    assert [figure.value for figure in told_story.figures] == [
        "6 min 17 s",
        "6 min 02 s",
        "1",
        "EUR 0.14",
        "7 of 7",
    ]


def test_each_line_says_where_its_truth_comes_from():
    lines = timeline.tell(refund_story()).lines

    by_verb = {line.verb: (line.provenance, line.by) for line in lines}
    assert by_verb["Looked at"] == (Provenance.REPORTED, "")
    assert by_verb["Approved"] == (Provenance.ENFORCED, "")
    assert by_verb["Changed"] == (Provenance.CONFIRMED, "Billing")


def test_an_outcome_that_only_the_agent_told_is_reported_not_enforced():
    events = [event for event in refund_story() if event.kind != "change.made"]

    lines = timeline.tell(events).lines

    changed = next(line for line in lines if line.verb == "Changed")
    assert changed.provenance == Provenance.REPORTED


@pytest.mark.parametrize(
    ("change", "is_contradiction"),
    [
        (
            confirmed(
                "change.made", 400, system="billing", resource="o", grant="another"
            ),
            True,
        ),
        (told("change.made", 400, system="billing", resource="order 12"), True),
        (
            told("change.made", 400, system="billing", resource="o", grant="another"),
            True,
        ),
        (told("change.made", 400, system="billing", resource="o", grant=GRANT), False),
    ],
)
def test_a_change_without_a_redeemed_grant_is_a_red_line(change, is_contradiction):
    events = [*refund_story(), change]

    red = texts(events, LineKind.CONTRADICTION)

    assert bool(red) is is_contradiction
    state = folding.fold({}, events)
    assert folding.unauthorised(state) == int(is_contradiction)
    assert answer_of(events, "approved").is_answered is not is_contradiction


def test_a_writing_tool_that_ran_without_leave_is_a_red_line():
    call = told(
        "tool.called", 20, tool="refund_order", args={}, status="ok", mapped=WRITE
    )
    leave = [*asked(answer="allow"), moment("redeemed", 15, grant=GRANT)]

    assert texts([call], LineKind.CONTRADICTION) == [
        "Refund agent reports that refund_order ran in billing,"
        " and no grant was redeemed for it."
    ]
    assert texts([*leave, call], LineKind.CONTRADICTION) == []
    again = told(
        "tool.called", 30, tool="refund_order", args={}, status="ok", mapped=WRITE
    )
    assert len(texts([*leave, call, again], LineKind.CONTRADICTION)) == 1
    assert folding.unauthorised(folding.fold({}, [*leave, call, again])) == 1


def test_an_outcome_told_as_failed_against_a_confirmed_change_is_a_red_line():
    events = [
        *asked(answer="allow"),
        moment("redeemed", 11, grant=GRANT),
        moment("outcome", 12, grant=GRANT, status="failed", detail="time-out"),
        confirmed(
            "change.made", 13, system="billing", resource="order 12", grant=GRANT
        ),
    ]

    assert len(texts(events, LineKind.CONTRADICTION)) == 1


def test_an_approved_action_without_an_outcome_is_said():
    events = [
        *asked(answer="allow"),
        moment("redeemed", 11, grant=GRANT),
        told("run.finished", 12, status="completed"),
    ]

    assert "A grant was used and no outcome was told for it." in texts(
        events, LineKind.GAP
    )
    changed = answer_of(events, "changed")
    assert not changed.is_answered
    assert changed.line.startswith("Cannot be answered")


def test_three_kinds_of_nothing_are_told_apart():
    quiet = [told("note", n, text=f"step {n}") for n in range(5)]
    for_person = [*asked(answer="review"), moment("proposed", 10.2, proposal="p")]
    decided = moment(
        "decided", 910, source="Dana", verdict="approve", resolution="approved"
    )
    for_system = [moment("redeemed", 920, grant=GRANT, system="billing")]
    late = [
        moment("outcome", 1920, grant=GRANT, status="succeeded"),
        told("note", 9000, text="x"),
    ]
    events = [*quiet, *for_person, decided, *for_system, *late]

    assert texts(events, LineKind.WAIT) == [
        "waited 14 min 59 s for a person",
    ]
    assert texts(events, LineKind.SYSTEM) == ["waited 16 min 40 s for billing"]
    assert texts(events, LineKind.GAP) == ["1 h 58 min, nothing recorded"]


def test_after_the_end_nothing_is_missing():
    events = [told("note", n, text="x") for n in range(3)]
    events.append(told("run.finished", 4, status="completed"))

    assert texts([*events, told("note", 9000, text="y")], LineKind.GAP) == []


def test_a_confirmation_that_says_no_more_is_not_told_twice():
    events = [event for event in refund_story() if event.kind != "change.made"]
    more = {"system": "billing", "resource": "order 12", "field": "refunded"}
    events.append(confirmed("change.made", 500, after="40.00", grant=GRANT, **more))

    changed = next(x for x in timeline.tell(events).lines if x.verb == "Changed")

    assert changed.text == "refunded 0.00 → 40.00 (order 12, billing)"
    assert changed.by == "Billing"


def test_an_open_wait_counts_up_to_now_and_a_hold_is_a_wait():
    events = [*asked(answer="review"), moment("proposed", 10, proposal="p")]
    events.append(moment("held", 20, sentence="The customer speaks of a lawyer."))

    assert texts(events, LineKind.WAIT) == [
        "59 min 50 s waiting for a person so far",
        "59 min 40 s waiting for a person to lift the hold so far",
    ]
    assert texts(events, LineKind.WAIT, now=None) == []


@pytest.mark.parametrize(
    ("ending", "title"),
    [
        ([], "waiting for a person."),
        (
            [("decided", {"verdict": "reject", "resolution": "rejected"})],
            "rejected by Dana.",
        ),
        (
            [("decided", {"verdict": "respond", "resolution": "responded"})],
            "answered by Dana instead.",
        ),
        (
            [("decided", {"verdict": "approve", "resolution": None})],
            "waiting for a person.",
        ),
        (
            [("decided", {"verdict": "approve", "resolution": "approved"})],
            "approved by Dana, not run yet.",
        ),
        (
            [
                ("decided", {"verdict": "approve", "resolution": "approved"}),
                ("granted", {"grant": GRANT}),
                ("expired", {"grant": GRANT}),
            ],
            "approved by Dana, never run.",
        ),
        ([("expired", {})], "nobody decided in time."),
        ([("withdrawn", {})], "withdrawn by the agent."),
        (
            [
                ("decided", {"verdict": "approve", "resolution": "approved"}),
                ("revoked", {"grant": GRANT}),
                ("proposed", {"proposal": "p2"}),
            ],
            "waiting for a person.",
        ),
        (
            [
                ("decided", {"verdict": "approve", "resolution": "approved"}),
                ("redeemed", {"grant": GRANT}),
                ("outcome", {"grant": GRANT, "status": "unknown"}),
            ],
            "started after approval, outcome unknown.",
        ),
    ],
)
def test_the_title_says_what_came_of_it(ending, title):
    events = [*asked(answer="review"), moment("proposed", 11, proposal="p")]
    events += [
        moment(kind, 20 + place, source="Dana", **facts)
        for place, (kind, facts) in enumerate(ending)
    ]

    assert story(events).title == f"Refund EUR 40.00 for order 12, {title}"


def test_a_refusal_and_an_allowance_are_told_with_their_reason():
    why = [{"code": "never", "text": "Deleting orders is never allowed."}]

    refused = asked(answer="refuse", reasons=why)

    assert (
        "Refused",
        "by the rulebook: Deleting orders is never allowed.",
    ) in lines_of(refused)
    assert story(refused).title.endswith("refused by the rulebook.")
    assert answer_of(refused, "approved").line == "Nobody: the rulebook refused"
    assert ("Allowed", "by the rulebook") in lines_of(asked(answer="allow"))


@pytest.mark.parametrize(
    ("events", "unanswered"),
    [
        ([], {"triggered", "looked_at", "tools", "decided"}),
        ([told("run.started", 1)], {"triggered", "looked_at", "tools", "decided"}),
        ([told("run.started", 1, trigger="x")], {"looked_at", "tools", "decided"}),
        (
            [
                told("run.started", 1, trigger="x"),
                told("run.finished", 2, status="completed"),
            ],
            {"decided"},
        ),
        (
            [
                told("run.started", 1, trigger="x"),
                told("tool.called", 2, tool="t", status="ok"),
                told("decision.made", 3, text="do it"),
            ],
            {"looked_at", "tools"},
        ),
        (asked(answer="refuse"), {"triggered", "looked_at"}),
    ],
)
def test_what_was_not_told_is_not_answered(events, unanswered):
    found = answers(events)

    assert {answer.key for answer in found if not answer.is_answered} == unanswered
    assert answered_count(folding.fold({}, events)) == 7 - len(unanswered)


def test_a_read_told_twice_is_one_read_and_a_reading_tool_alone_is_a_read():
    tool = {"tool": "get_order", "args": {}, "status": "ok", "mapped": {"tier": "read"}}
    twice = [told("tool.called", 1, **tool), told("data.read", 1, resource="order 12")]

    assert lines_of(twice) == [("Looked at", "order 12")]
    assert folding.reads_of(folding.fold({}, twice)) == (1, ["order 12"])
    assert lines_of(twice[:1]) == [("Looked at", "get_order")]
    assert folding.reads_of(folding.fold({}, twice[:1])) == (1, ["get_order"])
    assert set(timeline.anchors(timeline.tell(twice))) == {"looked_at", "tools"}


def test_late_and_skewed_events_say_so():
    late = told("note", 5, text="late")
    late = type(late)(
        **{name: getattr(late, name) for name in late.__slots__} | {"is_late": True}
    )
    ahead = told("note", 100, text="ahead")
    ahead = type(ahead)(
        **{name: getattr(ahead, name) for name in ahead.__slots__}
        | {"received_at": START}
    )

    notes = [
        line.notes
        for line in timeline.tell([late, ahead]).lines
        if line.kind == "event"
    ]

    assert notes == [
        ["Arrived after the run had ended."],
        ["The sender's clock is ahead of ours."],
    ]


def test_lateness_and_a_wrong_clock_are_said_beside_the_line():
    late = replace(told("note", 5, text="late"), is_late=True)
    late = replace(late, received_at=START + timedelta(seconds=245))
    ahead = replace(told("note", 100, text="ahead"), received_at=START)
    slow = replace(
        told("note", 200, text="slow"), received_at=START + timedelta(hours=1)
    )

    lines = timeline.tell([late, ahead, slow, told("note", 300, text="fine")]).lines

    assert [line.marks for line in lines if line.kind == "event"] == [
        ["arrived 4 min late"],
        ["clock 1 min ahead"],
        ["arrived 56 min late"],
        [],
    ]


def test_steps_that_overlap_are_told_as_at_the_same_time():
    def call(offset, name, milliseconds, **more):
        facts = {"tool": name, "args": {}, "status": "ok", "duration_ms": milliseconds}
        return told("tool.called", offset, **facts | more)

    one, other = call(1, "stock", 3000), call(2, "price", 4000)
    after = call(9, "label", 500)
    span = {"start": "2026-11-16T09:00:08Z", "end": "2026-11-16T09:00:09.5Z"}
    traced = call(8, "print", 1, span=span)

    lines = timeline.tell([one, other, traced, after]).lines

    assert [(line.text, line.together) for line in lines] == [
        ("stock", 1),
        ("price", 1),
        ("print", 2),
        ("label", 2),
    ]
    apart = timeline.tell([call(1, "stock", 900), call(2, "price", 900)]).lines
    assert [line.together for line in apart] == [0, 0]


def test_a_tool_without_a_result_was_asked_for_and_never_did():
    call = told("tool.called", 1, tool="refund", args={}, status="asked", mapped=WRITE)

    assert lines_of([call]) == [("Asked to", "use refund; whether it ran was not told")]
    assert texts([call], LineKind.CONTRADICTION) == []


def test_a_pause_that_the_agent_tells_is_a_wait_and_its_trace_ends_nothing():
    events = [
        told("run.started", 1, trigger="mail"),
        told("paused", 5, reason="asks a person", asks=[{"tool": "refund"}]),
        told("run.finished", 6, status="completed", began="2026-11-16T09:00:01Z"),
        told("resumed", 300, reason="approved"),
        told("run.finished", 305, status="completed", summary="paid"),
    ]

    telling = timeline.tell(events, now=NOW)

    assert ("Paused", "asks a person: asked to use refund") in lines_of(events)
    assert texts(events, LineKind.WAIT) == ["waited 4 min 55 s for an answer"]
    assert [line.text for line in telling.lines if line.verb == "Finished"] == ["paid"]
    assert telling.event_ids() == {event.id for event in events}


def test_the_places_of_the_answers_are_read_out_of_the_fold():
    events = refund_story()

    places = places_in(folding.fold({}, events))

    kinds = {str(event.id): event.kind for event in events}
    assert {key: kinds[event_id] for key, event_id in places.items()} == {
        "triggered": "run.started",
        "looked_at": "data.read",
        "decided": "decision.made",
        "changed": "outcome",
        "approved": "decided",
    }


def test_an_unregistered_tool_is_named_as_one():
    call = told(
        "tool.called", 1, tool="wipe", args={}, status="ok", mapped={"is_unknown": True}
    )

    assert ("Used", "an unregistered tool: wipe") in lines_of([call])
    assert folding.fold({}, [call])["unknown_tools"] == ["wipe"]


_FACTS = st.fixed_dictionaries(
    {},
    optional={
        "action_request": st.sampled_from(["a", "b"]),
        "proposal": st.sampled_from(["p", "q"]),
        "grant": st.sampled_from([GRANT, "g2"]),
        "answer": st.sampled_from(["allow", "review", "escalate", "refuse"]),
        "occasion": st.sampled_from(["ask", "decide"]),
        "verdict": st.sampled_from(["approve", "edit", "reject", "respond"]),
        "resolution": st.sampled_from(["approved", "rejected", None]),
        "status": st.sampled_from(
            ["ok", "error", "succeeded", "failed", "completed", "unknown"]
        ),
        "tool": st.sampled_from(["t", "u"]),
        "args": st.just({"n": 1}),
        "attempt": st.integers(1, 3),
        "mapped": st.sampled_from([WRITE, {"tier": "read"}, {"is_unknown": True}]),
        "amount": st.sampled_from(["1.00", "x", None]),
        "resource": st.text(max_size=5),
        "reasons": st.sampled_from([[], [{"text": "because"}], ["plain"]]),
        "changes": st.sampled_from([[], [{"field": "f", "before": 1, "after": 2}]]),
        "cost": st.sampled_from([{"value": "0.1", "currency": "EUR"}, {}]),
        "seconds": st.integers(0, 99),
        "due_at": st.sampled_from(["2026-11-16T10:00:00+00:00", "nonsense"]),
    },
)


@st.composite
def _histories(draw):
    events = []
    for _ in range(draw(st.integers(0, 25))):
        offset = draw(st.integers(0, 5000)) / 2
        facts = draw(_FACTS)
        if draw(st.booleans()):
            events.append(moment(draw(st.sampled_from(MOMENT_KINDS)), offset, **facts))
        else:
            make = draw(st.sampled_from([told, confirmed]))
            events.append(
                make(
                    draw(st.sampled_from([*TOLD_KINDS, "unheard.of"])), offset, **facts
                )
            )
    return events


@settings(max_examples=150, deadline=None)
@given(events=_histories())
def test_no_event_is_lost_in_telling(events):
    telling = timeline.tell(events, now=NOW)

    assert telling.event_ids() == {event.id for event in events}
    assert story(events, now=NOW).title
    keys = [line.sort_key for line in telling.lines]
    assert keys == sorted(keys)
    anchors = [line.anchor for line in telling.lines if line.anchor]
    assert set(timeline.anchors(telling).values()) <= set(anchors)


@settings(max_examples=150, deadline=None)
@given(events=_histories(), seed=st.integers(), cut=st.integers(0, 25))
def test_folding_is_the_same_in_every_order_and_in_any_batches(events, seed, cut):
    whole = folding.fold({}, events)
    shuffled = list(events)
    random.Random(seed).shuffle(shuffled)

    parts = folding.fold(folding.fold({}, shuffled[:cut]), shuffled[cut:])

    assert parts == whole
    assert answers_of(parts) == answers_of(whole)


@settings(max_examples=50, deadline=None)
@given(events=_histories())
def test_folding_leaves_the_old_state_alone(events):
    state = folding.fold({}, events[:5])
    before = str(state)

    folding.fold(state, events[5:])

    assert str(state) == before


def test_what_ran_in_an_emergency_waits_no_more_and_names_who_let_it_run():
    events = [
        *asked(answer="review"),
        moment("proposed", 11, proposal="p1", source="Countersign", headline="Refund"),
        moment("decided", 60, proposal="p1", source="Dana Reyes", verdict="approve"),
        moment("glass_broken", 120, proposal="p1", source="Rosa Lindqvist"),
    ]
    state = folding.fold({}, events)

    assert folding.open_asks(state) == []
    assert "so far" not in " ".join(texts(events, LineKind.WAIT))
    assert "Rosa Lindqvist, in an emergency" in answer_of(events, "approved").line
    assert "let run by Rosa Lindqvist in an emergency" in story(events).title


def test_a_run_handed_to_a_person_was_escalated():
    events = [told("run.started", 1, trigger="mail"), told("handoff", 2, to="the desk")]

    answer = next(each for each in answers(events) if each.key == "escalated")

    assert (answer.line, answer.count) == ("Handed to a person (the desk)", 1)
    assert answer.is_answered
    assert answered_count(folding.fold({}, events)) == answered_count(
        folding.fold({}, events[:1])
    )


def test_a_run_without_a_title_says_what_it_was_about_and_how_it_ended():
    events = [
        told("run.started", 1, trigger="A customer wrote: “My lamp is broken.”"),
        told("data.read", 2, system="orders", resource="order 7"),
        told("handoff", 3, to="a human agent"),
        told("run.finished", 4, status="completed"),
    ]

    assert story(events).title == (
        "A customer wrote: “My lamp is broken.”: looked at 1 record"
        " and was handed to a human agent."
    )
