"""What a ruling can say: answers, their severity, reasons and the ruling itself.

Nothing here decides anything; `authority` does. An empty list of answers is a refusal, never a yes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Answer(StrEnum):
    """The four answers, in rising severity."""

    ALLOW = "allow"
    REVIEW = "review"
    ESCALATE = "escalate"
    REFUSE = "refuse"


class Authority(StrEnum):
    ALLOWED = "allowed"
    REVIEW = "review"
    NEVER = "never"


class Risk(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Reversibility(StrEnum):
    REVERSIBLE = "reversible"
    COMPENSABLE = "compensable"
    IRREVERSIBLE = "irreversible"


_SEVERITY = {answer: rank for rank, answer in enumerate(Answer)}
_RISK = {risk: rank for rank, risk in enumerate(Risk)}
_REVERSIBILITY = {way: rank for rank, way in enumerate(Reversibility)}
_AUTHORITY = {authority: rank for rank, authority in enumerate(Authority)}


def severity(answer: Answer) -> int:
    """Return how severe an answer is; what is not an answer is the most severe."""
    return _SEVERITY.get(answer, _SEVERITY[Answer.REFUSE])


def most_severe(answers: Iterable[Answer]) -> Answer:
    """Return the most severe answer; nothing at all is a refusal."""
    ranked = sorted(answers, key=severity)
    return ranked[-1] if ranked else Answer.REFUSE


def authority_rank(authority: Authority) -> int:
    """Return how strict an authority is; what is unknown is as strict as never."""
    return _AUTHORITY.get(authority, _AUTHORITY[Authority.NEVER])


def risk_rank(risk: Risk) -> int:
    """Return how high a risk is; what is unknown counts as high."""
    return _RISK.get(risk, _RISK[Risk.HIGH])


def reversibility_rank(way: Reversibility) -> int:
    """Return how hard something is to undo; what is unknown cannot be undone."""
    return _REVERSIBILITY.get(way, _REVERSIBILITY[Reversibility.IRREVERSIBLE])


def highest_risk(*risks: Risk | None) -> Risk:
    """Return the highest of the risks that were given; none at all is high."""
    given = [risk for risk in risks if risk is not None]
    return list(Risk)[max(map(risk_rank, given))] if given else Risk.HIGH


def least_reversible(*ways: Reversibility | None) -> Reversibility:
    """Return the one hardest to undo of those given; none at all cannot be undone."""
    given = [way for way in ways if way is not None]
    ranks = map(reversibility_rank, given)
    return list(Reversibility)[max(ranks)] if given else Reversibility.IRREVERSIBLE


@dataclass(frozen=True)
class Money:
    value: Decimal
    currency: str


@dataclass(frozen=True)
class Reason:
    """One rule's answer in one plain sentence. `rule` is the key of the rule that spoke."""

    code: str
    text: str
    answer: Answer
    rule: str | None = None
    who_can_help: str | None = None


@dataclass(frozen=True)
class Turn:
    """One stage of an approval: whose turn it is, and how many of them must approve."""

    decided_by: str
    quorum: int = 1


@dataclass(frozen=True)
class Ruling:
    """The rulebook's answer with every reason, the deciding ones first.

    `hold_requested` is the key of the stop rule that holds the run; `reserves` says what a
    grant on this ruling takes from each cap; `amount` is what the action itself says.
    `turns` are the stages of the row itself, the first as `quorum` says; an escalation
    puts the escalation owner before them (`approvals.rules.turns`).
    """

    answer: Answer
    reasons: tuple[Reason, ...]
    risk: Risk
    reversibility: Reversibility
    quorum: int
    decided_by: str
    operating_model_version: int | None
    amount: Money | None
    hold_requested: str | None = None
    reserves: tuple[tuple[str, Decimal], ...] = ()
    turns: tuple[Turn, ...] = ()
