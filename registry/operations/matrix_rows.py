"""The rows kept beside a submitted version, with how far each of them reaches."""

from registry.models import AllowanceRow, OperatingModelVersion
from registry.rules.phases import group_of
from registry.rules.reach import reach_within
from registry.rules.rulebook import Allowance, Rulebook


def matrix_rows(
    version: OperatingModelVersion, rulebook: Rulebook
) -> tuple[AllowanceRow, ...]:
    """Give the rows of a version's matrix. They are not saved here."""
    return tuple(
        _row(version, rulebook, allowance) for allowance in rulebook.allowances.values()
    )


def _row(
    version: OperatingModelVersion, rulebook: Rulebook, allowance: Allowance
) -> AllowanceRow:
    reach = reach_within(allowance, rulebook)
    group = group_of(rulebook.action_groups, allowance.system, allowance.verb)
    return AllowanceRow(
        version=version,
        workflow_id=version.workflow_id,
        system=allowance.system,
        verb=allowance.verb,
        authority=allowance.authority,
        amount_max=allowance.amount_max,
        currency=allowance.currency or "",
        reach=reach.authority,
        reach_amount=reach.amount_max,
        reach_currency=reach.currency,
        reach_money=reach.money,
        reach_level=reach.level,
        reach_sentence=reach.sentence[:300],
        decided_by=reach.decided_by,
        quorum=reach.quorum,
        count_per_day=allowance.count_per_day,
        action_group=group.name[:120] if group else "",
        is_fixed=rulebook.is_fixed,
    )
