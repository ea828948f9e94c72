"""What a ruling stands on: the rulebook in force and the facts of this moment.

Read inside the caller's transaction, after the shared locks, because a pause, a launch
or a ceiling may change any of it. Only the parsed rulebook is remembered, by the id of
its frozen version. Nothing here decides.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from portal.core.errors import NotFound
from registry.models import OperatingModelVersion
from registry.queries.people import REQUIRED_ROLES, PersonRef
from registry.queries.standing_rows import (
    ceiling_rows,
    lock_row,
    standing_row,
    standing_rows,
)
from registry.rules import rulebook as shapes
from registry.rules.answers import Authority
from registry.rules.document import rulebook_of
from registry.rules.rulebook import Level, Rulebook

RULEBOOKS_KEPT_MAX = 512


class LockNumbers(NamedTuple):
    """The numbers of the advisory locks that guard one workflow's rulings."""

    workflow_id: UUID
    lock_number: int
    department_lock_number: int


@dataclass(frozen=True)
class RulebookInForce:
    """A workflow's live rulebook with everything about it that a ruling reads."""

    workflow_id: UUID
    slug: str
    name: str
    department_id: UUID
    lock_number: int
    department_lock_number: int
    version_id: UUID | None
    version_number: int | None
    rulebook: Rulebook | None
    phase: int
    is_live: bool
    is_paused: bool
    pause_reason: str | None
    pause_epoch: int
    department_epoch: int
    enterprise_epoch: int
    agent_is_assigned: bool
    agent_is_active: bool
    agent_model: str | None
    operator_id: UUID | None
    approved_systems: frozenset[str]
    known_systems: frozenset[str]
    approved_models: frozenset[str] | None
    retired_tools: frozenset[tuple[str, str]]
    ceilings: tuple[shapes.Ceiling, ...]
    # The end of a waiver that no sweep has ended yet: no grant from before it is good.
    waived_until: datetime | None
    system_data: Mapping[str, frozenset[str]]
    vacant_roles: tuple[str, ...]
    lapsed_training: tuple[str, ...]
    stage: shapes.Stage | None
    role_holders: Mapping[str, PersonRef]
    lapsed_holders: Mapping[str, PersonRef]
    reviewer_ids: tuple[UUID, ...]
    assigns_least_loaded: bool


def lock_numbers(slug: str) -> LockNumbers | None:
    """Say which locks guard a workflow; they never change. One query."""
    row = lock_row(slug)
    return LockNumbers(*row) if row else None


def standing_facts(workflow: UUID | str, *, agent_id: UUID | None) -> RulebookInForce:
    """Read what a ruling stands on. One query, and one more the first time a version is met.

    Raises NotFound for a workflow that is not there.
    """
    row = standing_row(workflow, agent_id=agent_id)
    if row is None:
        raise NotFound("There is no such workflow.")
    return _in_force(row)


def standing_facts_of(
    pairs: Collection[tuple[UUID, UUID]],
) -> dict[tuple[UUID, UUID], RulebookInForce]:
    """Read the same of many workflows, each with one agent. As many queries as of one.

    For lists: what is ruled on by it is ruled on again behind the locks.
    """
    if not pairs:
        return {}
    return {
        (row["id"], row["asked_agent_id"]): _in_force(row)
        for row in standing_rows(pairs)
    }


def _in_force(row: Mapping[str, Any]) -> RulebookInForce:
    # Somebody whose training lapsed holds the role by name and can do nothing with it.
    named = {holder["role"]: holder for holder in row["holders"]}
    holders = {
        role: _person(each) for role, each in named.items() if each["is_trained"]
    }
    lapsed = {
        role: _person(each) for role, each in named.items() if role not in holders
    }
    has_live = row["live_version_id"] is not None
    return RulebookInForce(
        workflow_id=row["id"],
        slug=row["slug"],
        name=row["name"],
        department_id=row["department_id"],
        lock_number=row["lock_number"],
        department_lock_number=row["department_lock"],
        version_id=row["live_version_id"],
        version_number=row["version_number"],
        rulebook=live_rulebook(row["live_version_id"]) if has_live else None,
        phase=row["phase"],
        is_live=has_live,
        is_paused=row["paused_at"] is not None,
        pause_reason=row["pause_reason"] or None,
        pause_epoch=row["pause_epoch"],
        department_epoch=row["department_epoch"] or 0,
        enterprise_epoch=row["enterprise_epoch"] or 0,
        agent_is_assigned=row["is_assigned"],
        agent_is_active=bool(row["agent_is_active"]),
        agent_model=row["agent_model"] or None,
        operator_id=row["operator_id"],
        approved_systems=frozenset(row["approved_systems"]),
        known_systems=frozenset(row["known_systems"]),
        approved_models=frozenset(row["approved_models"])
        if row["keeps_models"]
        else None,
        retired_tools=frozenset(
            (system, name) for system, name in row["retired_tools"]
        ),
        ceilings=tuple(_ceiling(each) for each in row["ceilings"]),
        waived_until=row["waived_until"],
        system_data={
            system: frozenset(classes) for system, classes in row["system_data"].items()
        },
        vacant_roles=tuple(role.value for role in REQUIRED_ROLES if role not in named),
        lapsed_training=tuple(role.value for role in REQUIRED_ROLES if role in lapsed),
        stage=_stage(row["stage"]),
        role_holders=holders,
        lapsed_holders=lapsed,
        reviewer_ids=tuple(row["reviewer_ids"]),
        assigns_least_loaded=row["assigns_least_loaded"],
    )


@lru_cache(maxsize=RULEBOOKS_KEPT_MAX)
def live_rulebook(version_id: UUID) -> Rulebook:
    """Parse a frozen version from its bytes; frozen means it can be remembered. One query.

    Raises NotFound for a draft: a draft has no bytes and never rules.
    """
    row = (
        OperatingModelVersion.objects.filter(id=version_id, content__isnull=False)
        .values_list("content", "number")
        .first()
    )
    if row is None:
        raise NotFound("This version was never submitted.")
    content, number = row
    return rulebook_of(json.loads(bytes(content or b"")), version=number)


def rulebook_at(*, workflow_id: UUID, number: int) -> Rulebook:
    """Give the rulebook of one frozen version, for replays and backtests. Two queries."""
    version_id = (
        OperatingModelVersion.objects.filter(workflow_id=workflow_id, number=number)
        .values_list("id", flat=True)
        .first()
    )
    if version_id is None:
        raise NotFound("There is no such version.")
    return live_rulebook(version_id)


def ceilings_over(*, workflow_id: UUID) -> tuple[shapes.Ceiling, ...]:
    """Give the ceilings in force over one workflow. One query."""
    return tuple(_ceiling(row) for row in ceiling_rows(workflow_id))


def _person(row: Mapping) -> PersonRef:
    return PersonRef(id=UUID(row["id"]), name=row["name"], email=row["email"])


def _stage(row: Mapping | None) -> shapes.Stage | None:
    if row is None:
        return None
    return shapes.Stage(tiers=frozenset(row["tiers"]), verbs=frozenset(row["verbs"]))


def _ceiling(row: Mapping) -> shapes.Ceiling:
    return shapes.Ceiling(
        level=Level(row["level"]),
        name=row["name"],
        systems=tuple(row["systems"]),
        verbs=tuple(row["verbs"]),
        tiers=tuple(row["tiers"]),
        authority=Authority(row["authority"]),
        amount_max=_amount(row),
        currency=row["currency"] or None,
        sentence=row["sentence"],
        ai_models=tuple(row["ai_models"]),
        data_classes=tuple(row["data_classes"]),
        waivers=tuple(_waiver(each) for each in row["waivers"] or ()),
    )


def _waiver(row: Mapping) -> shapes.Waiver:
    return shapes.Waiver(
        system=row["system"],
        verb=row["verb"],
        amount_max=_amount(row),
        currency=row["currency"] or None,
        under_review=row["under_review"],
    )


def _amount(row: Mapping) -> Decimal | None:
    # It travels as text: a JSON number would come back as a float.
    return Decimal(row["amount_max"]) if row["amount_max"] is not None else None
