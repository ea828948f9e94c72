"""The guardrails as a picture: where an amount and a confidence are automated, reviewed, escalated.

One panel for each risk; x is the amount on a scale that gives small amounts room, y the
confidence. The script that drags the thresholds draws by the same two formulas.
"""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from registry.rules.answers import Answer, Risk, risk_rank
from registry.rules.rulebook import Guardrail

WIDTH, HEIGHT = 300, 216
LEFT, TOP, ACROSS, DOWN = 34, 10, 256, 168
SCALE_MIN = 1000
_NICE = (1, 2, 5)
_ROOM = 2


@dataclass(frozen=True)
class Block:
    """A rectangle of one answer; `part` names the threshold that bounds it."""

    part: str
    answer: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """A threshold that can be dragged. Without a value it is parked at the edge."""

    name: str
    axis: str
    answer: str
    at: float
    value: str


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Panel:
    """The picture of one risk; `answer` is what the risk alone brings about."""

    risk: str
    answer: str
    says: str


@dataclass(frozen=True)
class RailPicture:
    """The whole picture. Blocks and lines are the same in every panel; risk is on top."""

    panels: tuple[Panel, ...]
    blocks: tuple[Block, ...]
    lines: tuple[Line, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    scale: int
    currency: str


def picture_of(guardrail: Guardrail, *, currency: str) -> RailPicture:
    """Draw a guardrail."""
    scale = scale_for((guardrail.amount_review, guardrail.amount_escalate))
    lines = (
        _confidence_line("confidence_min", "review", guardrail.confidence_min),
        _confidence_line(
            "confidence_escalate", "escalate", guardrail.confidence_escalate
        ),
        _amount_line("amount_review", "review", guardrail.amount_review, scale),
        _amount_line("amount_escalate", "escalate", guardrail.amount_escalate, scale),
    )
    return RailPicture(
        panels=tuple(_panel(risk, guardrail) for risk in Risk),
        blocks=tuple(_block(line) for line in _reviews_first(lines)),
        lines=lines,
        across=_amount_ticks(scale),
        up=tuple(Tick(y_of(value), f"{value:g}") for value in (0, 0.25, 0.5, 0.75, 1)),
        scale=scale,
        currency=guardrail.currency or currency,
    )


def scale_for(amounts: Iterable[Any]) -> int:
    """Give where the amounts end: a round number with room to drag the largest up."""
    known = [Decimal(amount) for amount in amounts if amount is not None]
    wanted = max([*(amount * _ROOM for amount in known), Decimal(SCALE_MIN)])
    rounds = (nice * 10**power for power in itertools.count() for nice in _NICE)
    return next(number for number in rounds if number >= wanted)


def x_of(amount: Any, scale: int) -> float:
    """Give where an amount stands; beyond the scale it stands at its end."""
    share = math.log1p(max(0.0, float(amount))) / math.log1p(scale)
    return round(LEFT + ACROSS * min(1.0, share), 1)


def y_of(confidence: Any) -> float:
    """Give where a confidence stands; one is at the top."""
    return round(TOP + DOWN * (1 - min(1.0, max(0.0, float(confidence)))), 1)


def _reviews_first(lines: tuple[Line, ...]) -> list[Line]:
    """What is painted later covers: escalating is on top of reviewing."""
    return sorted(lines, key=lambda line: line.answer == "escalate")


def _confidence_line(name: str, answer: str, value: Decimal | None) -> Line:
    at = y_of(0 if value is None else value)
    return Line(name, "confidence", answer, at, "" if value is None else f"{value:f}")


def _amount_line(name: str, answer: str, value: Decimal | None, scale: int) -> Line:
    at = x_of(scale if value is None else value, scale)
    return Line(name, "amount", answer, at, "" if value is None else f"{value:f}")


def _block(line: Line) -> Block:
    right, bottom = LEFT + ACROSS, TOP + DOWN
    if line.axis == "confidence":
        height = round(bottom - line.at, 1)
        return Block(line.name, line.answer, LEFT, line.at, ACROSS, height)
    width = round(right - line.at, 1) if line.value else 0
    return Block(line.name, line.answer, line.at, TOP, width, DOWN)


def _panel(risk: Risk, guardrail: Guardrail) -> Panel:
    answer = Answer.ALLOW
    for bound, becomes in (
        (guardrail.risk_review, Answer.REVIEW),
        (guardrail.risk_escalate, Answer.ESCALATE),
    ):
        if bound is not None and risk_rank(risk) >= risk_rank(bound):
            answer = becomes
    says = {
        Answer.ALLOW: "",
        Answer.REVIEW: "all reviewed",
        Answer.ESCALATE: "all escalated",
    }[answer]
    return Panel(risk.value, answer.value, says)


def _amount_ticks(scale: int) -> tuple[Tick, ...]:
    tens = [10**power for power in range(1, 10) if 10**power < scale * 0.7]
    labels = [0, *tens, scale]
    return tuple(Tick(x_of(amount, scale), _short(amount)) for amount in labels)


def _short(amount: int) -> str:
    for size, sign in ((1_000_000, "m"), (1000, "k")):
        if amount >= size:
            return f"{amount / size:g}{sign}"
    return str(amount)
