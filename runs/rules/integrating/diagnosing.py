"""What is missing for which of the seven answers, from what an agent really sent.

Two sources: what the last runs add up to, and what the last batches carried. Each gap
says what cannot be answered, how often that was so, and which fix belongs to it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from runs.rules import folding
from runs.rules.answering import QUESTIONS, answers_of
from runs.rules.events import time_of

# A run that nothing was heard of for so long, and that waits for nobody, is open-ended.
SILENT_AFTER = timedelta(minutes=30)
# A share of spans or calls below this is an accident and not a way of telling.
SHARE_MIN = 0.05
# How an answer begins that time will give.
_NOT_YET = ("Nothing yet", "Nobody yet")


@dataclass(frozen=True)
class Gap:
    """Something the agent does not tell. `question` is the answer that it costs."""

    key: str
    question: str
    title: str
    why: str
    seen: str


@dataclass(frozen=True)
class Answered:
    """How many of the last runs cannot answer one of the seven questions."""

    key: str
    question: str
    unanswered: int
    runs: int

    @property
    def is_always(self) -> bool:
        return not self.unanswered


def answered_in(states: Sequence[Mapping[str, Any]]) -> tuple[Answered, ...]:
    """Count, question by question, how many runs cannot answer it.

    What is not known yet, because a person is still asked, is not missing.
    """
    counts = dict.fromkeys((key for key, _ in QUESTIONS), 0)
    for state in states:
        for answer in answers_of(state):
            is_open = answer.line.startswith(_NOT_YET)
            counts[answer.key] += not answer.is_answered and not is_open
    return tuple(
        Answered(key, question, counts[key], len(states)) for key, question in QUESTIONS
    )


def framework_of(forms: Mapping[str, int], traits: Mapping[str, Any]) -> str:
    """Name what the agent most likely tells with: a recipe's key, or nothing yet."""
    libraries = traits.get("libraries", {})
    for name, _ in sorted(libraries.items(), key=lambda each: -each[1]):
        for part, framework in _LIBRARIES:
            if part in name:
                return framework
    most = max(forms, key=lambda form: forms[form], default="")
    if most == "OTLP":
        conventions = {
            name: traits.get(f"convention.{name}", 0) for name in _BY_CONVENTION
        }
        best = max(conventions, key=lambda name: conventions[name])
        return _BY_CONVENTION[best] if conventions[best] else "otel"
    return _BY_FORM.get(most, "")


_LIBRARIES = (
    ("openinference.instrumentation.langchain", "langgraph"),
    ("openinference.instrumentation.openai_agents", "openai_agents_openinference"),
    ("opentelemetry.instrumentation.openai_agents", "openai_agents_otel"),
    ("opentelemetry.instrumentation.langchain", "openllmetry"),
    ("traceloop", "openllmetry"),
    ("pydantic-ai", "pydantic_ai"),
    ("pydantic_ai", "pydantic_ai"),
    ("agent_framework", "agent_framework"),
)
_BY_CONVENTION = {
    "openinference": "langgraph",
    "openllmetry": "openllmetry",
    "pydantic_ai": "pydantic_ai",
    "genai": "otel",
}
_BY_FORM = {
    "OPENAI": "openai_agents",
    "CLOUDEVENTS": "cloudevents",
    "NATIVE": "native",
}
FRAMEWORKS = tuple(
    dict.fromkeys(
        [name for _, name in _LIBRARIES]
        + [*_BY_CONVENTION.values(), *_BY_FORM.values()]
    )
)


def gaps_in(
    states: Sequence[Mapping[str, Any]], traits: Mapping[str, Any], *, now: datetime
) -> tuple[Gap, ...]:
    """Say what is missing, in the order of the seven questions."""
    found = [
        Gap(key, question, title, why, _of_runs(count, len(states)))
        for key, question, title, why, is_missing in _IN_RUNS
        if (count := sum(is_missing(state, now) for state in states))
    ]
    found += _in_batches(traits)
    order = {key: place for place, (key, _) in enumerate(QUESTIONS)}
    return tuple(sorted(found, key=lambda gap: order.get(gap.question, len(order))))


def _of_runs(count: int, total: int) -> str:
    if total == 1:
        return "in its only run"
    return (
        f"in all of its last {total} runs"
        if count == total
        else (f"in {count} of its last {total} runs")
    )


type _Missing = Callable[[Mapping[str, Any], datetime], bool]


def _was_told(state: Mapping[str, Any]) -> bool:
    return bool(state.get("told"))


def _no_trigger(state: Mapping[str, Any], _now: datetime) -> bool:
    started = state.get("started")
    return not (started and started[1])


def _no_reads(state: Mapping[str, Any], _now: datetime) -> bool:
    has_acted = bool(state.get("decisions") or state.get("asks"))
    return has_acted and not folding.reads_of(state)[0]


def _no_arguments(state: Mapping[str, Any], _now: datetime) -> bool:
    return bool(state.get("tools_bare"))


def _unknown_tools(state: Mapping[str, Any], _now: datetime) -> bool:
    return bool(state.get("unknown_tools"))


def _no_decision(state: Mapping[str, Any], _now: datetime) -> bool:
    finished = state.get("finished")
    has_words = "decided" in state or bool(state.get("asks"))
    return finished is not None and not has_words and not finished[2]


def _no_outcome(state: Mapping[str, Any], _now: datetime) -> bool:
    told = set(state.get("changes", {}))
    return any(
        "outcome" not in ask and not set(ask["redeemed"]) & told
        for ask in state.get("asks", {}).values()
        if ask.get("redeemed")
    )


def _no_grant(state: Mapping[str, Any], _now: datetime) -> bool:
    return bool(folding.unauthorised(state))


def _half_missing(state: Mapping[str, Any], now: datetime) -> bool:
    """A person said yes, and the agent was never heard of again."""
    return any(
        ask["resolved"][1] in ("approved", "edited")
        and not ask.get("redeemed")
        and _is_long_ago(ask["resolved"][0], now)
        for ask in state.get("asks", {}).values()
        if "resolved" in ask
    )


def _no_end(state: Mapping[str, Any], now: datetime) -> bool:
    return (
        _was_told(state)
        and "finished" not in state
        and not folding.open_asks(state)
        and _is_long_ago(state["last"][0], now)
    )


def _is_long_ago(stamp: str, now: datetime) -> bool:
    return (
        now.astimezone(UTC).replace(tzinfo=None) - time_of(stamp).replace(tzinfo=None)
        > SILENT_AFTER
    )


_IN_RUNS: tuple[tuple[str, str, str, str, _Missing], ...] = (
    (
        "no_trigger",
        "triggered",
        "It does not say what started the run",
        "Nobody can tell whether a customer, a timer or another system asked for it.",
        _no_trigger,
    ),
    (
        "no_reads",
        "looked_at",
        "It decides without saying what it read",
        "A reviewer cannot see whether it looked at the right records.",
        _no_reads,
    ),
    (
        "no_arguments",
        "tools",
        "Its tool calls come without their arguments",
        "“Called refund” says nothing as long as nobody knows for which order and how much.",
        _no_arguments,
    ),
    (
        "unknown_tools",
        "tools",
        "It uses tools that no rulebook knows",
        "A tool that is mapped to no verb and no system counts neither as a read nor as a change.",
        _unknown_tools,
    ),
    (
        "no_decision",
        "decided",
        "It does not say what it concluded",
        "The run ends, and why it ended so stands nowhere.",
        _no_decision,
    ),
    (
        "no_outcome",
        "changed",
        "It uses grants and does not report the outcome",
        "Whether the action really happened is unknown, and it cannot be asked for again.",
        _no_outcome,
    ),
    (
        "half_missing",
        "approved",
        "The half after the approval is missing",
        "A person said yes, and nothing was heard after it: the agent stopped, or only its telling did.",
        _half_missing,
    ),
    (
        "no_grant",
        "approved",
        "It changes things without a grant",
        "Each of these counts as an unauthorised action and raises an alarm.",
        _no_grant,
    ),
    (
        "no_end",
        "",
        "It does not say when a run is over",
        "Such a run stays open, and its week reviews it without an end.",
        _no_end,
    ),
)


def _in_batches(traits: Mapping[str, Any]) -> Iterable[Gap]:
    tools = traits.get("kind.tool.called", 0)
    models = traits.get("kind.model.called", 0)
    for key, question, title, why, missing, total, noun in (
        (
            "no_results",
            "tools",
            "Its tool calls come without their results",
            "A call without a result counts as asked for and never as done.",
            tools - traits.get("tool_results", 0),
            tools,
            "tool calls",
        ),
        (
            "no_conversation",
            "",
            "Its traces carry no conversation id",
            "Every pause for a person starts a new trace. Without a shared id the half before"
            " and the half after become two runs.",
            traits.get("traces", 0) - traits.get("threads", 0),
            traits.get("traces", 0),
            "traces",
        ),
        (
            "no_tokens",
            "",
            "Its model calls come without tokens",
            "What a run costs cannot be worked out.",
            models - traits.get("model_tokens", 0),
            models,
            "model calls",
        ),
        (
            "plain_spans",
            "",
            "Its spans follow no convention for AI agents",
            "They are kept as technical steps and answer none of the seven questions.",
            traits.get("convention.plain", 0),
            traits.get("spans", 0),
            "spans",
        ),
    ):
        # Web and database spans lie between an agent's own: only if they are all.
        least = 1.0 if key == "plain_spans" else SHARE_MIN
        if total and missing > 0 and missing / total >= least:
            yield Gap(key, question, title, why, f"{missing:,} of {total:,} {noun}")
