"""One recorded conversation, played turn by turn as a live agent would.

Reads and messages are told as events. A writing call is asked first; it is done (its
recorded result told as the outcome) only with a redeemed grant. A call that people turned
down is not done, and the run says so, although the recording goes on as if it had been.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from portal.home.replay import bodies
from portal.home.replay.client import AgentClient, PortalRefused
from portal.home.replay.mapping import Deed, MappedTool, ToolMap
from portal.home.replay.memory import Memory, Reading, changes, record_in
from portal.home.replay.recordings import Conversation, ToolCall, same_args
from portal.home.replay.report import REASONS_KEPT_MAX, PlayedConversation, PlayedWrite

WAIT_SECONDS = 20
TRIGGER_WORDS_MAX = 100
BUFFER_MAX = 200
REDEEM_TRIES_MAX = 6
OPEN = frozenset({"in_review", "escalated"})
UNDO_SECONDS_MAX = 30.0


@dataclass(frozen=True)
class Patience:
    """How long people are waited for before the agent withdraws."""

    seconds: float = 900.0


@dataclass
class Player:
    """Plays one conversation; made anew for each."""

    client: AgentClient
    tools: ToolMap
    workflow: str
    run: str
    patience: Patience
    clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC)
    memory: Memory = field(default_factory=Memory)
    buffer: list[dict[str, Any]] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)

    def play(self, conversation: Conversation) -> PlayedConversation:
        """Play it to its end; a refusal by the portal ends it and is in the answer."""
        self.maker = bodies.EventMaker(self.workflow, self.run)
        self.context = bodies.Context()
        self.played = PlayedConversation(conversation.name, self.run)
        try:
            self._tell("run.started", trigger=_trigger(conversation))
            for turn in conversation.turns:
                self.played.turns += 1
                self._message(turn.role, turn.text)
                for call in turn.calls:
                    self.played.tool_calls += 1
                    self._call(call, turn.position)
            self._finish("completed")
        except PortalRefused as refused:
            self.played.problem = str(refused)
        return self.played

    def _message(self, role: str, text: str) -> None:
        if not text.strip() or role not in ("user", "assistant"):
            return
        said = text[: bodies.TEXT_LENGTH_MAX]
        if role == "user":
            self.context = bodies.Context(customer=text, agent=self.context.agent)
            self._tell("note", text=f"Customer: {said}")
        else:
            self.context = bodies.Context(customer=self.context.customer, agent=text)
            self._tell("note", text=f"Agent: {said}")

    def _call(self, call: ToolCall, position: int) -> None:
        tool = self.tools.of(call.name)
        if tool.deed is Deed.ASK and call.args is not None:
            self._write(call, tool, position)
            return
        thought = (call.args or {}).get("thought")
        if isinstance(thought, str) and thought:
            self._tell("decision.made", text=thought[: bodies.TEXT_LENGTH_MAX])
            return
        if tool.deed is Deed.HAND_OVER:
            self._hand_over(call)
            return
        self._told_call(call, tool)
        if tool.is_reading and not call.has_failed:
            self._remember(call, tool)

    def _hand_over(self, call: ToolCall) -> None:
        """Tell the hand-over as what it is; it changes no record."""
        self.played.has_handed_over = True
        words = next((v for v in (call.args or {}).values() if isinstance(v, str)), "")
        self._tell("handoff", to="a human agent")
        if words.strip():
            said = words[: bodies.TEXT_LENGTH_MAX]
            self._tell("note", text=f"Handed over with: {said}")

    def _remember(self, call: ToolCall, tool: MappedTool) -> None:
        at = self.clock()
        self.memory.keep(
            Reading(call.name, tool.system, call.args or {}, call.result, at)
        )
        record = record_in(call.result)
        if record is not None:
            fields = [str(name)[:80] for name in record]
            self._push(bodies.data_read(self.maker, call, tool, fields, at))

    def _told_call(self, call: ToolCall, tool: MappedTool) -> None:
        attempt = self.failures.get(call.name, 0) + 1
        self.failures[call.name] = attempt if call.has_failed else 0
        self._push(
            bodies.tool_called(self.maker, call, tool, self.clock(), attempt=attempt)
        )

    def _write(self, call: ToolCall, tool: MappedTool, position: int) -> None:
        """Ask; then do it, or say why it was not done."""
        self._flush()
        write = PlayedWrite(
            conversation=self.played.conversation,
            run=self.run,
            position=position,
            tool=call.name,
            verb=tool.verb,
            system=tool.system,
            args=dict(call.args or {}),
        )
        self.played.writes.append(write)
        key = f"{self.run}:{position}:{len(self.played.writes)}"
        told = self._ask(write, call, tool, key)
        if told["status"] in OPEN:
            told = self._wait(write, told, key)
        grant = told.get("grant")
        if grant:
            self._do(write, call, tool, told, key)
        else:
            self._tell("note", text=_why_not(write))

    def _ask(
        self, write: PlayedWrite, call: ToolCall, tool: MappedTool, key: str
    ) -> dict[str, Any]:
        body = bodies.action_body(
            workflow=self.workflow,
            run=self.run,
            call=call,
            tool=tool,
            memory=self.memory,
            context=self.context,
        )
        answer = self.client.post("/api/v1/actions", body, key=key)
        told = dict(answer.document)
        write.action_id, write.digest = told["id"], told["action_digest"]
        write.answer = told["ruling"]["outcome"]
        write.reasons = told["ruling"]["reasons"][:REASONS_KEPT_MAX]
        write.ruling_seconds = answer.seconds
        write.was_with_people = told["status"] in OPEN
        write.run_id = self.played.run_id = told["run"]["id"]
        return told

    def _wait(
        self, write: PlayedWrite, told: dict[str, Any], key: str
    ) -> dict[str, Any]:
        """Wait for people; answer a question; withdraw when nobody came in time."""
        began = time.monotonic()
        path = f"/api/v1/actions/{write.action_id}"
        answered = ""
        while told["status"] in OPEN:
            left = self.patience.seconds - (time.monotonic() - began)
            if left <= 0:
                told = dict(
                    self.client.post(f"{path}/withdraw", {}, key=f"{key}:w").document
                )
                break
            wait = max(1, min(WAIT_SECONDS, int(left)))
            told = dict(self.client.get(f"{path}?wait={wait}").document)
            question = (told.get("proposal") or {}).get("question")
            if question and question != answered:
                answered = question
                body = {"message": "The recording holds no answer to this question."}
                self.client.post(
                    f"{path}/answer", body, key=f"{key}:a:{hash(question)}"
                )
        write.waited_seconds = time.monotonic() - began
        resolution = told.get("resolution") or {}
        write.resolution = resolution.get("type") or told["status"]
        write.reason_code = resolution.get("reason_code") or ""
        write.message = resolution.get("message") or ""
        return told

    def _do(
        self,
        write: PlayedWrite,
        call: ToolCall,
        tool: MappedTool,
        told: dict[str, Any],
        key: str,
    ) -> None:
        resolution = told.get("resolution") or {}
        digest = resolution.get("action_digest") or told["action_digest"]
        redeemed = self._redeem(write, told["grant"], digest, key)
        if redeemed is None:
            self._tell("note", text=f"Not done: {write.problem}")
            return
        write.is_executed = True
        write.grant_id = told["grant"]["id"]
        write.execution_id = redeemed["execution"]
        self._report(write, call, tool, redeemed["action"]["args"], key)

    def _redeem(
        self, write: PlayedWrite, grant: dict[str, Any], digest: str, key: str
    ) -> dict[str, Any] | None:
        not_before = datetime.fromisoformat(grant["not_before"].replace("Z", "+00:00"))
        early = (not_before - self.clock()).total_seconds()
        time.sleep(max(0.0, min(early, UNDO_SECONDS_MAX)))
        body = {"token": grant["token"], "action_digest": digest}
        for tried in range(REDEEM_TRIES_MAX):
            try:
                answer = self.client.post(
                    "/api/v1/grants/redeem", body, key=f"{key}:redeem:{tried}"
                )
            except PortalRefused as refused:
                write.problem = str(refused)
                if refused.code != "grant.not_yet":
                    return None
                time.sleep(1.0)
                continue
            write.problem = ""
            return dict(answer.document)
        return None

    def _report(
        self,
        write: PlayedWrite,
        call: ToolCall,
        tool: MappedTool,
        args: dict[str, Any],
        key: str,
    ) -> None:
        """Tell the outcome: what the recorded tool answered, where it was the same call."""
        outcome: dict[str, Any] = {"status": "unknown", "detail": _NO_RESULT}
        made: list[dict[str, Any]] = []
        if same_args(args, call.args or {}):
            made = self._changes(call, tool, args)
            status = "failed" if call.has_failed else "succeeded"
            outcome = {"status": status, "detail": call.result[:4000], "changes": made}
        self.client.post(
            f"/api/v1/actions/{write.action_id}/outcome", outcome, key=f"{key}:outcome"
        )
        write.outcome = outcome["status"]
        self._told_call(call, tool)
        for change in made[: bodies.CHANGES_TOLD_MAX]:
            self._push(
                bodies.change_made(self.maker, change, write.grant_id, self.clock())
            )
        if write.outcome == "succeeded":
            self.memory.learn(call.result)

    def _changes(
        self, call: ToolCall, tool: MappedTool, args: dict[str, Any]
    ) -> list[dict[str, Any]]:
        if call.has_failed:
            return []
        before = self.memory.before(args)
        return changes(system=tool.system, args=args, before=before, result=call.result)

    def _finish(self, status: str) -> None:
        done = sum(write.is_executed for write in self.played.writes)
        asked = len(self.played.writes)
        # Without a request the portal makes the title from what it knows.
        summary = f"{asked} changes asked, {done} done." if asked else ""
        if asked and self.played.has_handed_over:
            summary += " Handed over to a human agent."
        said = {"summary": summary} if summary else {}
        self._tell("run.finished", status=status, units=1, **said)
        self._flush()

    def _tell(self, kind: str, **facts: Any) -> None:
        self._push(self.maker.make(kind, self.clock(), **facts))

    def _push(self, event: dict[str, Any]) -> None:
        self.buffer.append(event)
        if len(self.buffer) >= BUFFER_MAX:
            self._flush()

    def _flush(self) -> None:
        if self.buffer:
            self.client.send_events(self.buffer)
            self.played.events_sent += len(self.buffer)
            self.buffer = []


_NO_RESULT = (
    "People edited the call, and the recording holds no result for the edited one."
)


def _trigger(conversation: Conversation) -> str:
    """Say what started it, with the customer's first sentence."""
    first = next(
        (turn.text for turn in conversation.turns if turn.role == "user" and turn.text),
        "",
    )
    said = " ".join(first.split())
    sentence = re.split(r"(?<=[.!?])\s", said, maxsplit=1)[0]
    if len(sentence) > TRIGGER_WORDS_MAX:
        sentence = sentence[:TRIGGER_WORDS_MAX].rstrip() + "…"
    return f"A customer wrote: “{sentence}”" if sentence else "A customer wrote."


def _why_not(write: PlayedWrite) -> str:
    spoken = write.tool.replace("_", " ")
    if write.answer == "refuse":
        why = write.reasons[0]["text"] if write.reasons else "The rulebook refused."
        return f"Not done: {spoken}. The rulebook refused: {why}"
    words = f" “{write.message[:300]}”" if write.message else ""
    return f"Not done: {spoken} was {write.resolution}.{words}"
