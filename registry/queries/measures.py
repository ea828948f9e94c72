"""Targets and frozen baselines of live workflows, in base units: seconds and shares of one.

Both stand on the one page and so in the packet that was signed. A later change of either
is a new version with a new packet; what is read here is what is live.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.fields.json import KeyTransform

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.once import once
from registry.models import Workflow
from registry.rules.measures import baselines_in, in_base, targets_in

__all__ = ["Baseline", "BaselineCases", "Target", "frozen_baselines", "live_targets"]


@dataclass(frozen=True)
class BaselineCases:
    """One kind of case within a baseline, for standardising by the mix of today."""

    kind: str
    n: int
    value: float


@dataclass(frozen=True)
class Baseline:
    """What an indicator was before launch, as three people signed it.

    `value` is in the indicator's base unit: seconds for a time, 0 to 1 for a share. `n` is
    how many cases it rests on. `cases` is the case mix, empty where nobody gave one; the
    kinds are those that runs carry as their case type. `how` says in words whether it was
    measured here or stated; `source` how it was obtained.
    """

    workflow_id: UUID
    key: str
    value: float
    n: int
    first: date
    last: date
    how: str
    source: str
    cases: tuple[BaselineCases, ...]
    version: int
    packet_digest: str
    frozen_at: datetime | None


@dataclass(frozen=True)
class Target:
    """What the owner of one workflow aims at: at least, at most or both, in base units."""

    workflow_id: UUID
    key: str
    words: str
    at_least: float | None
    at_most: float | None
    version: int
    is_series: bool


def frozen_baselines(
    *,
    actor: Actor,
    workflow_ids: Collection[UUID] | None = None,
    keys: Collection[str] | None = None,
) -> Mapping[UUID, Mapping[str, Baseline]]:
    """Give the baselines of live workflows, by workflow and key. Two queries.

    Only what this person may see; `workflow_ids` None is all of it. A workflow without a
    baseline is absent: what compares with one is then not measurable.
    """
    found: dict[UUID, dict[str, Baseline]] = {}
    for identity, number, digest, at, said, _ in _said(actor, workflow_ids):
        if not said:
            continue
        mine = {
            line.key: Baseline(
                workflow_id=identity,
                key=line.key,
                value=float(in_base(line.key, line.value)),
                n=line.n,
                first=line.first,
                last=line.last,
                how="measured here" if line.is_measured else "stated",
                source=line.source,
                cases=tuple(
                    BaselineCases(
                        each.kind, each.n, float(in_base(line.key, each.value))
                    )
                    for each in line.cases
                ),
                version=number,
                packet_digest=digest or "",
                frozen_at=at,
            )
            for line in baselines_in({"baselines": said})
            if keys is None or line.key in keys
        }
        if mine:
            found[identity] = mine
    return found


def live_targets(
    *, actor: Actor, workflow_ids: Collection[UUID] | None = None
) -> Mapping[UUID, Mapping[str, Target]]:
    """Give the measured targets of live workflows, by workflow and key. Two queries."""
    found: dict[UUID, dict[str, Target]] = {}
    for identity, number, _, _, _, said in _said(actor, workflow_ids):
        if not said:
            continue
        mine = {
            each.key: Target(
                workflow_id=identity,
                key=each.key,
                words=each.words,
                at_least=_based(each.key, each.at_least),
                at_most=_based(each.key, each.at_most),
                version=number,
                is_series=each.is_series,
            )
            for each in targets_in({"targets": said})
        }
        if mine:
            found[identity] = mine
    return found


def _based(key, value) -> float | None:
    return None if value is None else float(in_base(key, value))


def _said(
    actor: Actor, workflow_ids: Collection[UUID] | None
) -> Iterable[tuple[UUID, int, str | None, datetime | None, Any, Any]]:
    """Give what live pages say of measures; a page of numbers reads all of them once."""
    rows = _all_said(actor)
    if workflow_ids is None:
        return rows
    return (row for row in rows if row[0] in workflow_ids)


@once
def _all_said(
    actor: Actor,
) -> list[tuple[UUID, int, str | None, datetime | None, Any, Any]]:
    rows = access.visible(
        Workflow.objects.filter(live_version__isnull=False).order_by(), actor=actor
    )
    return list(
        rows.annotate(
            baselines_said=KeyTransform("baselines", "live_version__document"),
            targets_said=KeyTransform("targets", "live_version__document"),
        )
        .exclude(
            Q(baselines_said__isnull=True) | Q(baselines_said=[]),
            Q(targets_said__isnull=True) | Q(targets_said={}),
        )
        .values_list(
            "id",
            "live_version__number",
            "live_version__packet__digest",
            "live_version__submitted_at",
            "baselines_said",
            "targets_said",
        )
    )
