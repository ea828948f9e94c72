"""A step is never shown before the step it is part of, whatever a clock says."""

from dataclasses import replace
from datetime import timedelta

from runs.rules import timeline
from runs.rules.clocks import SAID, clamped
from tests.runs.helpers import START, told

HAIR = timedelta(microseconds=1)


def _step(identity, parent, seconds, kind="tool.called", **facts):
    at = START + timedelta(seconds=seconds)
    span = {"trace": "t", "id": identity, "parent": parent, "start": at.isoformat()}
    return told(kind, seconds, span=span, tool=identity, status="ok", **facts)


def test_a_child_with_a_slow_clock_is_shown_where_its_parent_begins():
    parent, child = _step("a", None, 100), _step("b", "a", 40)

    moved = clamped([child, parent])[0]

    assert moved.at == parent.at + HAIR
    assert moved.facts[SAID] == child.at.isoformat()
    assert moved.id == child.id


def test_clocks_that_agree_to_a_second_are_left_alone():
    events = [_step("a", None, 100), _step("b", "a", 99.5), _step("c", "a", 140)]
    assert clamped(events) == events


def test_a_grandchild_is_shown_after_whoever_began_last_above_it():
    events = [_step("a", None, 100), _step("b", "a", 50), _step("c", "b", 20)]
    shown = [one.at - events[0].at for one in clamped(events)]
    assert shown == [0 * HAIR, HAIR, 2 * HAIR]


def test_spans_that_are_their_own_ancestors_and_odd_times_hang_nothing():
    ring = [_step("a", "b", 1), _step("b", "a", 9)]
    odd = replace(ring[0], facts={"span": {"trace": "t", "id": "x", "start": "never"}})
    assert len(clamped([*ring, odd, told("note", 1, text="x")])) == 4


def test_the_line_says_what_the_senders_clock_said():
    telling = timeline.tell([_step("a", None, 100), _step("b", "a", 40)])
    line = telling.lines[-1]
    assert line.at == START + timedelta(seconds=100) + HAIR
    assert any("09:00:40" in note for note in line.notes)
