"""The target of each number over a scope: what owners set, else what we aim at ourselves."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from portal.home.queries.kpis.figure import Kpi
from portal.home.queries.measured.judging import Aimed
from registry.queries.measures import Target

# What holds where no owner set a target: at least, at most, in words.
OURS: Mapping[str, tuple[float | None, float | None, str]] = {
    "unauthorised": (None, 0.0, "zero"),
    "expired": (None, 0.02, "at most 2 %"),
    "answerable": (0.9, None, "at least 90 %"),
}
Targets = Mapping[UUID, Mapping[str, Target]]


def aim_of(kpi: Kpi, targets: Targets) -> tuple[Aimed | None, str]:
    """Give the one target over these workflows, or why there is not one, in words."""
    set_by = [
        mine[kpi.target_key] for mine in targets.values() if kpi.target_key in mine
    ]
    return _aim(kpi.key, set_by)


def aim_of_series(slug: str, targets: Targets) -> tuple[Aimed | None, str]:
    """Give the one target of an imported series over these workflows."""
    mine = [each[slug] for each in targets.values() if slug in each]
    return _aim("", [target for target in mine if target.is_series])


def aim_in(kpi: Kpi, workflow_id: UUID, targets: Targets) -> Aimed | None:
    """Give the target of one workflow, or ours."""
    target = targets.get(workflow_id, {}).get(kpi.target_key)
    return _aim(kpi.key, [target] if target else [])[0]


def _aim(key: str, set_by: Sequence[Target]) -> tuple[Aimed | None, str]:
    bounds = {(each.at_least, each.at_most) for each in set_by}
    if len(bounds) > 1:
        return None, f"{len(set_by)} workflows set different ones"
    if set_by:
        first = set_by[0]
        whose = "" if len(set_by) == 1 else f"set by {len(set_by)} workflows"
        return Aimed(first.at_least, first.at_most, first.words, whose), ""
    if key in OURS:
        at_least, at_most, words = OURS[key]
        return Aimed(at_least, at_most, words, "where no owner sets another"), ""
    return None, "none set"
