"""What the API takes and gives. Every text and list has a limit; unknown fields are refused.

Nothing here can set a decision, an approver, a state or a time of the server.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field

from approvals.api import examples
from portal.core.api import StrictSchema

RUN_LENGTH_MAX = 128
TITLE_LENGTH_MAX = 300
LONG_TEXT_MAX = 20_000
EVIDENCE_MAX = 50
CHECKS_MAX = 50
SIGNALS_MAX = 50
CHANGES_MAX = 200
YEAR_MIN, YEAR_MAX = 2000, 2999


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("Write a JSON number.")
    return value


def _sensible(moment: datetime) -> datetime:
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise ValueError(f"The year lies between {YEAR_MIN} and {YEAR_MAX}.")
    return moment


def _text_only(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("Write a time as RFC 3339 text.")
    return value


type Moment = Annotated[
    AwareDatetime, BeforeValidator(_text_only), AfterValidator(_sensible)
]
type ShortText = Annotated[str, Field(max_length=200)]
type LongText = Annotated[str, Field(max_length=LONG_TEXT_MAX)]
type Name = Annotated[str, Field(min_length=1, max_length=80)]


class MoneyIn(StrictSchema):
    """Money: a decimal string with a currency."""

    value: Annotated[
        str, Field(pattern=r"^[0-9]{1,18}(\.[0-9]{1,6})?$", examples=["84.20"])
    ]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]


class OnBehalfOfIn(StrictSchema):
    type: Annotated[str, Field(min_length=1, max_length=40)]
    id: Annotated[str, Field(min_length=1, max_length=200)]


class ResourceIn(StrictSchema):
    type: Annotated[str, Field(max_length=80)] = ""
    id: ShortText = ""


class ActionIn(StrictSchema):
    """What would be done. These bytes, exactly as sent, are what a grant is for."""

    verb: Annotated[Name, Field(examples=["refund"])]
    system: Annotated[Name, Field(examples=["billing"])]
    resource: ResourceIn | None = None
    args: Annotated[
        dict[str, Any], Field(examples=[{"amount": "84.20", "currency": "EUR"}])
    ]


class EvidenceIn(StrictSchema):
    label: Annotated[str, Field(min_length=1, max_length=200)]
    source: Annotated[str, Field(max_length=120)] = ""
    url: Annotated[str, Field(max_length=2000)] = ""
    excerpt: LongText = ""
    retrieved_at: Moment | None = None


class CheckIn(StrictSchema):
    name: Annotated[str, Field(min_length=1, max_length=120)]
    status: Literal["pass", "fail", "unknown"]
    detail: Annotated[str, Field(max_length=2000)] = ""


class AskIn(StrictSchema):
    """A request for leave to do one action."""

    model_config = ConfigDict(json_schema_extra={"example": examples.ASK})

    workflow: Annotated[
        str, Field(min_length=1, max_length=80, examples=["refund-management"])
    ]
    run: Annotated[
        str,
        Field(
            min_length=1,
            max_length=RUN_LENGTH_MAX,
            description="Your own id of the run; the run is made on first sight.",
            examples=["case-7741"],
        ),
    ]
    action: ActionIn
    title: Annotated[str, Field(min_length=1, max_length=TITLE_LENGTH_MAX)]
    tool_call_id: ShortText = ""
    on_behalf_of: OnBehalfOfIn | None = None
    args_schema: Annotated[
        dict[str, Any] | None,
        Field(
            description="JSON Schema 2020-12 of the args. It names and narrows the fields"
            " of a reviewer's edit form; it never turns a value into another type."
        ),
    ] = None
    description: LongText = ""
    rationale: LongText = ""
    evidence: Annotated[list[EvidenceIn], Field(max_length=EVIDENCE_MAX)] = []
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    amount: MoneyIn | None = None
    confidence: (
        Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=1)] | None
    ) = Field(None, json_schema_extra={"type": "number", "minimum": 0, "maximum": 1})
    risk: Literal["low", "medium", "high"] | None = None
    category: Annotated[str, Field(max_length=80)] = ""
    reversibility: Literal["reversible", "compensable", "irreversible"] | None = None
    rollback_plan: Annotated[str, Field(max_length=4000)] = ""
    checks: Annotated[list[CheckIn], Field(max_length=CHECKS_MAX)] = []
    signals: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=60)]],
        Field(max_length=SIGNALS_MAX),
    ] = []
    cost: MoneyIn | None = None
    model: Annotated[str, Field(max_length=120)] = ""
    expires_at: Moment | None = None
    callback: Annotated[str, Field(max_length=80)] = ""


class AnswerIn(StrictSchema):
    model_config = ConfigDict(json_schema_extra={"example": examples.ANSWER})

    message: Annotated[str, Field(min_length=1, max_length=4000)]
    evidence: Annotated[list[EvidenceIn], Field(max_length=EVIDENCE_MAX)] = []


class RedeemIn(StrictSchema):
    model_config = ConfigDict(json_schema_extra={"example": examples.REDEEM})

    token: Annotated[str, Field(min_length=1, max_length=200)]
    action_digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class ChangeIn(StrictSchema):
    system: Annotated[str, Field(max_length=80)] = ""
    resource: ShortText = ""
    field: ShortText = ""
    before: Any = None
    after: Any = None


class OutcomeIn(StrictSchema):
    model_config = ConfigDict(json_schema_extra={"example": examples.OUTCOME})

    status: Literal["succeeded", "failed", "unknown"]
    detail: Annotated[str, Field(max_length=4000)] = ""
    external_ref: ShortText = ""
    changes: Annotated[list[ChangeIn], Field(max_length=CHANGES_MAX)] = []


class ReasonOut(Schema):
    code: str
    text: str
    rule: str | None
    answer: str
    who_can_help: str | None


class RulingOut(Schema):
    outcome: Literal["allow", "review", "escalate", "refuse"]
    operating_model_version: int | None
    reasons: list[ReasonOut]


class GrantOut(Schema):
    id: UUID
    token: str
    not_before: datetime
    expires_at: datetime


class ProposalOut(Schema):
    id: UUID
    url: str
    version: int
    due_at: datetime
    allowed_decisions: list[str]
    question: str | None = None


class RunOut(Schema):
    id: UUID
    url: str


class CallbackOut(Schema):
    """The receiver that was named, and whether changes are sent there."""

    name: str
    state: Literal["on", "off", "unknown"]


class AskedOut(Schema):
    """The answer to asking. `grant` is null unless allowed or approved."""

    id: UUID
    status: str
    ruling: RulingOut
    action_digest: str
    grant: GrantOut | None
    proposal: ProposalOut | None
    run: RunOut
    callback: CallbackOut | None = None


class ResolutionOut(Schema):
    type: Literal["approved", "edited", "rejected", "responded", "expired", "withdrawn"]
    action: dict[str, Any] | None
    action_digest: str | None
    reason_code: str
    message: str
    resolved_at: datetime | None


class ActionOut(AskedOut):
    resolution: ResolutionOut | None
    outcome: Literal["succeeded", "failed", "unknown"] | None


class RedeemedOut(Schema):
    execution: UUID
    action: dict[str, Any]
    action_digest: str


class OutcomeOut(Schema):
    id: UUID
    status: str
    outcome: Literal["succeeded", "failed", "unknown"]
    number: int


class ProblemOut(Schema):
    """RFC 9457: what happened, with a stable code."""

    type: str
    title: str
    status: int
    code: str
    detail: str
