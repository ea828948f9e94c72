"""The answers of the registry's API, as its document describes them."""

from typing import Any

from ninja import Field, Schema


class TurnAnswer(Schema):
    """A further stage: who decides after those before, and how many of them."""

    decided_by: str
    quorum: int = 1


class RowAnswer(Schema):
    """One row of the matrix. What is null has no limit."""

    system: str
    verb: str
    authority: str = Field(description="allowed, review or never")
    sentence: str
    amount_max: str | None = None
    currency: str | None = None
    count_per_day: int | None = None
    quorum: int = 1
    decided_by: str
    then: list[TurnAnswer] = []
    reversibility: str | None = None
    risk: str | None = None
    data_classes: list[str] = []
    amount_field: str | None = None
    currency_field: str | None = None


class WorkflowAnswer(Schema):
    """The rulebook in force for one agent."""

    workflow: str
    name: str
    operating_model_version: int | None
    is_live: bool
    is_paused: bool
    pause_reason: str | None
    phase: int | None = Field(description="the phase that the page is written for")
    phase_in_force: int = Field(description="the phase that the workflow is in")
    risk: str | None
    currency: str | None
    allowances: list[RowAnswer]
    guardrail: list[str]
    stop_rules: list[dict[str, Any]]
    caps: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    tools: list[dict[str, str | bool]] = Field(
        description="what is_retired stands for is refused"
    )
    categories: list[str]
    action_groups: list[dict[str, Any]]
    ceilings: list[dict[str, Any]]
    vacant_roles: list[str]
