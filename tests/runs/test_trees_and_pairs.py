"""Span trees at any depth and with any parents, and two narratives aligned by intent."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from runs.rules import timeline
from runs.rules.comparing import aligned
from runs.rules.span_tree import SpanSeen, traces_of
from tests.runs.helpers import START, moment, refund_story, told


def seen(span_id, parent="", begin=0, end=1, **more):
    return SpanSeen(
        key=span_id,
        trace=more.pop("trace", "t"),
        id=span_id,
        parent=parent,
        name=span_id,
        start=START + timedelta(seconds=begin),
        end=START + timedelta(seconds=end),
        **more,
    )


def rows(spans):
    (trace,) = traces_of(spans)
    return [(b.span.id if b.span else "?", b.level) for b in trace.branches]


def test_children_stand_under_their_parent_in_the_order_of_their_start():
    spans = [
        seen("b", "a", 5),
        seen("c", "a", 2),
        seen("a", "", 0, 9),
        seen("d", "c", 3),
    ]

    assert rows(spans) == [("a", 1), ("c", 2), ("d", 3), ("b", 2)]


def test_a_span_without_its_parent_stands_apart_and_nothing_is_invented():
    spans = [seen("a"), seen("x", "lost", 4), seen("y", "x", 5)]

    assert rows(spans) == [("a", 1), ("?", 1), ("x", 2), ("y", 3)]
    (trace,) = traces_of(spans)
    assert (trace.orphans, trace.branches[1].children) == (1, 1)


def test_ten_thousand_spans_inside_each_other_are_no_danger():
    spans = [seen(str(n), str(n - 1) if n else "") for n in range(10_000)]

    assert rows(spans)[-1] == ("9999", 10_000)


def test_a_bar_says_when_in_its_trace_a_span_ran():
    (trace,) = traces_of([seen("a", "", 0, 10), seen("b", "a", 5, 7.5)])

    assert [(b.begin, b.share) for b in trace.branches] == [(0, 1000), (500, 250)]


@settings(max_examples=60, deadline=None)
@given(parents=st.lists(st.integers(-1, 12), max_size=12))
def test_every_span_is_drawn_once_whatever_names_what_as_its_parent(parents):
    spans = [
        seen(str(n), "" if parent < 0 else str(parent), n)
        for n, parent in enumerate(parents)
    ]

    traces = traces_of(spans)

    drawn = [b.span.id for trace in traces for b in trace.branches if b.span]
    assert sorted(drawn) == sorted(span.id for span in spans)


def test_steps_for_the_same_thing_stand_side_by_side_however_they_ended():
    one = timeline.tell(refund_story()).lines
    rest = [e for e in refund_story()[:11] if e.facts.get("attempt") != 1]
    no = moment("decided", 500, source="Tom", verdict="reject", resolution="rejected")
    other = timeline.tell([*rest, no]).lines

    pairs = aligned(one, other)

    told_of = [
        (p.one.verb if p.one else "", p.other.verb if p.other else "", p.differs)
        for p in pairs
    ]
    assert ("Started", "Started", False) in told_of
    assert ("Tried twice", "Used", True) in told_of
    assert ("Asked to", "Asked to", False) in told_of
    assert ("Approved", "", True) in told_of
    assert ("", "Rejected", True) in told_of


def test_numbers_of_orders_are_no_difference():
    one = timeline.tell([told("data.read", 1, resource="order 12")]).lines
    other = timeline.tell([told("data.read", 1, resource="order 99")]).lines

    assert [pair.differs for pair in aligned(one, other)] == [False]
