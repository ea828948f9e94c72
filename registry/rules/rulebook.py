"""The shapes that a ruling reads: the rulebook, the request and the standing.

Plain frozen data. What a field means is said here once; what it does is in `authority`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from registry.rules.answers import Authority, Money, Reversibility, Risk, Turn

NOTHING: Mapping[str, Any] = MappingProxyType({})
NO_PAIRS: Mapping[tuple[str, str], Any] = MappingProxyType({})
NO_DATA: Mapping[str, frozenset[str]] = MappingProxyType({})


class StopKind(StrEnum):
    MISSING_DATA = "missing_data"
    CONFLICTING_RECORDS = "conflicting_records"
    SENSITIVE_TOPIC = "sensitive_topic"
    LOW_CONFIDENCE = "low_confidence"
    OUTSIDE_CATEGORY = "outside_category"
    TOOL_FAILURE = "tool_failure"
    EXPRESSION = "expression"


class Effect(StrEnum):
    """What a stop rule does when it fires, in rising severity."""

    REVIEW = "review"
    ESCALATE = "escalate"
    REFUSE = "refuse"
    HOLD = "hold"


class CapKind(StrEnum):
    SPEND = "spend"
    COUNT = "count"


class Level(StrEnum):
    ENTERPRISE = "enterprise"
    DEPARTMENT = "department"
    TEAM = "team"
    PHASE = "phase"


class DecidedBy(StrEnum):
    REVIEWERS = "reviewers"
    BUSINESS_OWNER = "business_owner"
    RISK_OWNER = "risk_owner"
    ESCALATION_OWNER = "escalation_owner"


@dataclass(frozen=True)
class Allowance:
    """One cell of the matrix. The `*_field`s are dotted paths into the action's args.

    `payment.amount` names one value; `payments[].amount` sums over a list.
    Above `amount_max` or past `count_per_day` a person decides: `quorum` of `decided_by`,
    and after them, each in its turn, the stages of `then`.
    """

    system: str
    verb: str
    authority: Authority
    amount_max: Decimal | None = None
    currency: str | None = None
    count_per_day: int | None = None
    quorum: int = 1
    decided_by: str = DecidedBy.REVIEWERS
    reversibility: Reversibility | None = None
    risk: Risk | None = None
    data_classes: tuple[str, ...] = ()
    amount_field: str | None = None
    currency_field: str | None = None
    recipient_field: str | None = None
    resource_field: str | None = None
    then: tuple[Turn, ...] = ()


@dataclass(frozen=True)
class Tool:
    """An agent's tool and the one verb in one system that it stands for."""

    name: str
    system: str
    verb: str


@dataclass(frozen=True)
class ActionGroup:
    """A named set of actions, each a system and a verb; in phase 4 nothing else writes."""

    name: str
    actions: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Guardrail:
    """What is automated, reviewed and escalated among verbs of the tiers stage and change."""

    confidence_min: Decimal | None = None
    confidence_escalate: Decimal | None = None
    risk_review: Risk | None = None
    risk_escalate: Risk | None = None
    amount_review: Decimal | None = None
    amount_escalate: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True)
class StopRule:
    """A written condition that stops the agent. No `applies_to` means every verb."""

    key: str
    kind: StopKind
    effect: Effect
    sentence: str
    params: Mapping[str, Any] = NOTHING
    applies_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cap:
    """A bound on spend or count in a rolling window. No `verbs` means every verb counts."""

    key: str
    kind: CapKind
    limit: Decimal
    currency: str | None = None
    window_hours: int = 24
    verbs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """A check that must be reported as pass. No `required_for` means for every verb."""

    name: str
    required_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Waiver:
    """A ceiling does not bind one cell, up to an amount. While it is given, it is here.

    `under_review` means that a person decides instead; without it, nothing is left.
    """

    system: str
    verb: str
    amount_max: Decimal | None = None
    currency: str | None = None
    under_review: bool = True


@dataclass(frozen=True)
class Ceiling:
    """A limit from above the workflow. Each empty list means all there are.

    With `amount_max` it binds only above that amount; without, always. The waivers are
    those of the one workflow that is asked about.
    """

    level: Level
    name: str
    systems: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    authority: Authority = Authority.NEVER
    amount_max: Decimal | None = None
    currency: str | None = None
    sentence: str = ""
    ai_models: tuple[str, ...] = ()
    data_classes: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True)
class Rulebook:
    """The part of one version of the one page that rules.

    `is_fixed` says that its technique is one of fixed steps, where no model reasons; a page
    that was never asked about its technique is not.
    """

    workflow: str
    version: int
    phase: int
    risk: Risk
    currency: str
    allowances: Mapping[tuple[str, str], Allowance] = NO_PAIRS
    guardrail: Guardrail = Guardrail()
    stop_rules: tuple[StopRule, ...] = ()
    caps: tuple[Cap, ...] = ()
    checks: tuple[Check, ...] = ()
    tools: tuple[Tool, ...] = ()
    categories: tuple[str, ...] = ()
    action_groups: tuple[ActionGroup, ...] = ()
    is_fixed: bool = False


@dataclass(frozen=True)
class Request:
    """What an agent asks, as stored. Amount, confidence, risk and reversibility are claims."""

    verb: str
    system: str
    resource_type: str | None = None
    resource_id: str | None = None
    args: Mapping[str, Any] = NOTHING
    amount: Money | None = None
    confidence: Decimal | None = None
    risk: Risk | None = None
    category: str | None = None
    reversibility: Reversibility | None = None
    evidence_count: int = 0
    before: Mapping[str, Any] = NOTHING
    after: Mapping[str, Any] = NOTHING
    checks: tuple[tuple[str, str], ...] = ()
    signals: frozenset[str] = frozenset()
    cost: Money | None = None
    model: str | None = None
    title: str = ""
    description: str = ""
    rationale: str = ""


@dataclass(frozen=True)
class RunFacts:
    """What the run has seen: tool failures that nothing has made good yet, and its steps.

    `failure_ages` says how many tool calls ago each of them was; the newest call is 1. A
    failure whose age is not told counts as recent.
    """

    tool_failures_open: int = 0
    steps: int = 0
    failure_ages: tuple[int, ...] = ()


@dataclass(frozen=True)
class Stage:
    """One step of a staged resume: only these verbs and tiers run by the rulebook alone.

    For everything else a person decides; nothing named means that a person decides all.
    """

    tiers: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Standing:
    """The facts of this moment. A fact that is missing counts against the request:

    `used` must hold every cap that counts the verb. `day_counts` holds what was done today, so
    that a pair without an entry was done zero times; None means that nobody counted.
    `system_data` says what each system holds; of one that is not in it nobody has told.
    `approved_models` None means that no list is kept, `stage` None that none is in force.
    `agent_model` is the AI model that the agent is registered with, if any.
    `retired_tools` names each by its system and its own name.
    `phase` is the one that the workflow is in; its limits hold beside those of the phase that
    the page is written for.
    """

    rulebook: Rulebook | None
    is_live: bool = False
    is_paused: bool = True
    pause_reason: str | None = None
    agent_is_active: bool = False
    agent_model: str | None = None
    approved_systems: frozenset[str] = frozenset()
    known_systems: frozenset[str] = frozenset()
    approved_models: frozenset[str] | None = None
    retired_tools: frozenset[tuple[str, str]] = frozenset()
    ceilings: tuple[Ceiling, ...] = ()
    system_data: Mapping[str, frozenset[str]] = NO_DATA
    run_is_on_hold: bool = False
    hold_reason: str | None = None
    vacant_roles: tuple[str, ...] = ()
    lapsed_training: tuple[str, ...] = ()
    stage: Stage | None = None
    phase: int | None = None
    used: Mapping[str, Decimal] = NOTHING
    day_counts: Mapping[tuple[str, str], int] | None = None
    expressions: Mapping[str, bool | None] = NOTHING
    run_facts: RunFacts | None = field(default_factory=RunFacts)
