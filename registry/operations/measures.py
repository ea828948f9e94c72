"""Targets and baselines in a draft: one at a time, each signed with the page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.accounts.actors import Actor
from portal.audit.operation import operation
from registry.operations import edits
from registry.operations.drafts import DraftSaved, change_draft
from registry.rules.measures import INDICATORS, SERIES

TARGETS, BASELINES = "targets", "baselines"


@operation(leaves="workflow.draft_saved")
def set_target(
    *,
    actor: Actor,
    workflow_id: UUID,
    revision: int,
    key: str,
    at_least: str,
    at_most: str,
    now: datetime,
) -> DraftSaved:
    """Set what one indicator, or one imported series, should come to.

    Raises Invalid for a number that cannot be read, Conflict for a draft changed since.
    """
    bounds = {
        name: said
        for name, said in (("at_least", at_least), ("at_most", at_most))
        if said
    }
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=revision,
        part=TARGETS,
        seen="",
        what=f"the target of {_name(key)}",
        edit=lambda old: edits.with_part(old, TARGETS, _with(old, key, bounds)),
        now=now,
    )


@operation(leaves="workflow.draft_saved")
def remove_target(
    *, actor: Actor, workflow_id: UUID, revision: int, key: str, now: datetime
) -> DraftSaved:
    """Take one target or aim out."""
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=revision,
        part=TARGETS,
        seen="",
        what=f"the target of {_name(key)} taken out",
        edit=lambda old: edits.with_part(old, TARGETS, _without(old, key)),
        now=now,
    )


@operation(leaves="workflow.draft_saved")
def set_baseline(
    *,
    actor: Actor,
    workflow_id: UUID,
    revision: int,
    row: Mapping[str, Any],
    now: datetime,
) -> DraftSaved:
    """Say what an indicator was before launch; the same indicator again replaces it."""
    key = str(row.get("key", ""))
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=revision,
        part=BASELINES,
        seen="",
        what=f"the baseline of {_name(key)}",
        edit=lambda old: edits.with_part(
            old, BASELINES, [*_other_baselines(old, key), dict(row)]
        ),
        now=now,
    )


@operation(leaves="workflow.draft_saved")
def remove_baseline(
    *, actor: Actor, workflow_id: UUID, revision: int, key: str, now: datetime
) -> DraftSaved:
    """Take one baseline out."""
    return change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=revision,
        part=BASELINES,
        seen="",
        what=f"the baseline of {_name(key)} taken out",
        edit=lambda old: edits.with_part(old, BASELINES, _other_baselines(old, key)),
        now=now,
    )


def _with(old: Mapping, key: str, bounds: Mapping[str, str]) -> dict[str, Any]:
    targets = dict(old.get(TARGETS) or {})
    if key in INDICATORS:
        return targets | {key: dict(bounds)}
    series = targets.get(SERIES)
    mine = dict(series) if isinstance(series, Mapping) else {}
    return targets | {SERIES: mine | {key: dict(bounds)}}


def _without(old: Mapping, key: str) -> dict[str, Any]:
    targets = dict(old.get(TARGETS) or {})
    series = targets.get(SERIES)
    if key not in targets and isinstance(series, Mapping):
        targets[SERIES] = {slug: said for slug, said in series.items() if slug != key}
        key = "" if targets[SERIES] else SERIES
    return {name: said for name, said in targets.items() if name != key}


def _other_baselines(old: Mapping, key: str) -> list[dict[str, Any]]:
    rows = old.get(BASELINES) or ()
    return [dict(row) for row in rows if row.get("key") != key]


def _name(key: str) -> str:
    return INDICATORS[key].label.lower() if key in INDICATORS else f"“{key[:60]}”"
