"""Recorded conversations: how a file is read, what the agent remembers, what it sends."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.core import strict_json
from portal.home.replay.bodies import Context, EventMaker, action_body, tool_called
from portal.home.replay.mapping import Deed, tool_map
from portal.home.replay.memory import Memory, Reading, after, changes
from portal.home.replay.player import _trigger
from portal.home.replay.recordings import (
    Conversation,
    ToolCall,
    Turn,
    UnreadableRecording,
    is_right,
    read_file,
)
from portal.home.replay.report import PlayedConversation, PlayedWrite, sums
from runs.rules.shapes import ToldEvent, shape

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
BOOK = {
    "tools": [
        {"name": "get_order", "system": "orders", "verb": "read"},
        {"name": "refund_order", "system": "billing", "verb": "refund"},
        {"name": "to_human", "system": "desk", "verb": "hand_over"},
        {"name": "think", "system": "desk", "verb": "draft"},
    ]
}


def conversation(*messages: dict) -> list[dict]:
    return [{"role": "user", "content": "My lamp is broken."}, *messages]


def call(name: str, args: dict, identity: str = "call_1") -> dict:
    function = {"name": name, "arguments": json.dumps(args)}
    return {"id": identity, "type": "function", "function": function}


def written(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "recorded.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_a_call_finds_its_answer_by_id_and_else_by_place(tmp_path: Path):
    messages = conversation(
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                call("get_order", {"order_id": "1"}, "a"),
                call("get_order", {"order_id": "2"}, "b"),
            ],
        },
        {"role": "tool", "tool_call_id": "b", "content": '{"order_id": "2"}'},
        {"role": "tool", "tool_call_id": "a", "content": '{"order_id": "1"}'},
    )

    (read,) = read_file(written(tmp_path, {"messages": messages}))

    first, second = read.turns[1].calls
    assert (first.args, first.result) == ({"order_id": "1"}, '{"order_id": "1"}')
    assert (second.args, second.result) == ({"order_id": "2"}, '{"order_id": "2"}')


@pytest.mark.parametrize(
    "document",
    [
        [{"messages": conversation()}],
        {"traj": conversation()},
        conversation(),
        [conversation(), conversation()],
    ],
)
def test_every_usual_form_is_read(tmp_path: Path, document: object):
    read = read_file(written(tmp_path, document))

    assert all(each.turns[0].text == "My lamp is broken." for each in read)


def test_one_conversation_a_line_is_read(tmp_path: Path):
    path = tmp_path / "recorded.jsonl"
    line = json.dumps({"id": "c1", "messages": conversation()})
    path.write_text(f"{line}\n\n{line}\n", encoding="utf-8")

    assert [each.name for each in read_file(path)] == ["c1", "c1"]
    assert len(read_file(path, limit=1)) == 1


@pytest.mark.parametrize(
    "text", ["", "{]", "[]", '[{"messages": [{"no": "role"}]}]', "3"]
)
def test_what_is_no_recording_is_said(tmp_path: Path, text: str):
    path = tmp_path / "recorded.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(UnreadableRecording):
        read_file(path)


def test_the_rulebook_says_what_is_told_and_what_is_asked():
    tools = tool_map(BOOK)

    deeds = [tools.of(each["name"]).deed for each in BOOK["tools"]]

    assert deeds == [Deed.TELL, Deed.ASK, Deed.HAND_OVER, Deed.TELL]
    assert tools.of("drop_tables").deed is Deed.UNKNOWN


def test_before_is_what_was_read_with_its_owner_and_nothing_else():
    memory = Memory()
    order = '{"order_id": "7", "customer_id": "c9", "status": "sent", "refunded": 0}'
    memory.keep(Reading("get_order", "orders", {"order_id": "7"}, order, NOW))
    owner = Reading(
        "get_customer", "crm", {"customer_id": "c9"}, '{"name": "Ana"}', NOW
    )
    memory.keep(owner)

    before = memory.before({"order_id": "7", "refunded": 5})

    assert before["status"] == "sent"
    assert before["customer"] == {"name": "Ana"}
    assert after(before, {"order_id": "7", "refunded": 5})["refunded"] == 5
    assert memory.before({"order_id": "8"}) == {}
    assert after(before, {"order_id": "7", "note": "new"}) == {}


def test_what_a_call_changed_is_read_from_its_answer():
    before = {"order_id": "7", "refunded": 0, "status": "sent"}

    changed = changes(
        system="billing",
        args={"order_id": "7"},
        before=before,
        result='{"order_id": "7", "refunded": 5, "status": "sent"}',
    )
    made = changes(
        system="orders",
        args={"customer_id": "c"},
        before={},
        result='{"order_id": "8"}',
    )

    assert [(each["field"], each["before"], each["after"]) for each in changed] == [
        ("refunded", 0, 5)
    ]
    assert [(each["field"], each["resource"]) for each in made] == [("created", "8")]


def test_what_is_sent_passes_the_portals_own_checks():
    maker = EventMaker("refund-management", "r-1")
    tools = tool_map(BOOK)
    wrong = ToolCall(
        "c", "refund_order", {"order_id": "7"}, "{}", "Error: no such order"
    )

    told = tool_called(maker, wrong, tools.of("refund_order"), NOW)
    unknown = tool_called(maker, wrong, tools.of("drop_tables"), NOW)
    body = action_body(
        workflow="refund-management",
        run="r-1",
        call=wrong,
        tool=tools.of("refund_order"),
        memory=Memory(),
        context=Context("My lamp is broken.", "I will refund it."),
    )

    for event in (told, unknown):
        read = shape(strict_json.parse_object(json.dumps(event).encode()), now=NOW)
        assert isinstance(read, ToldEvent), read
        assert read.facts["status"] == "error"
    assert body["action"]["resource"] == {"type": "order", "id": "7"}
    assert "right_actions" not in json.dumps(body)


def test_right_and_wrong_are_told_apart_by_every_argument(tmp_path: Path):
    right = {"name": "refund_order", "kwargs": {"order_id": "7", "amount": 5}}
    document = {"messages": conversation(), "info": {"task": {"actions": [right]}}}
    (read,) = read_file(written(tmp_path, document))

    assert is_right(read, "refund_order", {"amount": 5.0, "order_id": "7"}) is True
    assert is_right(read, "refund_order", {"amount": 6, "order_id": "7"}) is False
    assert is_right(read, "cancel_order", {"amount": 5, "order_id": "7"}) is False
    (unjudged,) = read_file(written(tmp_path, {"messages": conversation()}))
    assert is_right(unjudged, "refund_order", {}) is None


def test_sums_count_a_wrong_write_that_ran_without_a_person():
    def write(**more) -> PlayedWrite:
        return PlayedWrite("c", "r", 1, "refund_order", "refund", "billing", {}, **more)

    told = sums(
        [
            PlayedConversation(
                "c",
                "r",
                writes=[
                    write(answer="refuse", is_right=False),
                    write(
                        answer="review",
                        was_with_people=True,
                        is_executed=True,
                        is_right=True,
                    ),
                    write(answer="allow", is_executed=True, is_right=False),
                ],
            )
        ]
    )

    assert told["asked"] == 3
    assert told["refused_by_rulebook"] == 1
    assert told["wrong_executed_without_a_person"] == 1
    assert told["right_executed"] == 1


def test_what_started_it_is_the_customers_first_sentence():
    turns = (Turn(0, "user", "My lamp is\nbroken. Help!"),)
    assert _trigger(Conversation("1", turns)) == (
        "A customer wrote: “My lamp is broken.”"
    )
    assert _trigger(Conversation("1", ())) == "A customer wrote."
