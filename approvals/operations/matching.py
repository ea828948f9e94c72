"""Matching what systems of record report to the grants that were redeemed.

It stands in this room because the grants do; runs keeps the changes and the verdicts.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from approvals.queries.grants_seen import grants_seen
from portal.accounts.actors import SYSTEM
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone
from portal.core.locks import MATCHING, lock_exclusive
from runs.operations.accepting import EVENTS_STREAM
from runs.operations.reconciling import changes_to_judge, keep_verdicts
from runs.queries.changes import used_of
from runs.rules.matching import judge_all


@operation(leaves="change.judged")
def match_changes(*, again: Collection[UUID] = (), now: datetime) -> int:
    """Judge the changes that wait, or those given once more; says how many were judged.

    One at a time, so that two changes never both find the same grant free; a unique
    constraint holds that too. Raises AlreadyDone when nothing waits, or nothing is news.
    """
    lock_exclusive(MATCHING)
    changes = changes_to_judge(again=again)
    if not changes:
        raise AlreadyDone("change.none_waits", "No change waits to be matched.")

    grants = grants_seen(changes)
    judged = judge_all(changes, grants, used_of([grant.id for grant in grants]))
    matched, unmatched = keep_verdicts(judged, now=now)

    record(
        "change.judged",
        actor=SYSTEM,
        stream=EVENTS_STREAM,
        matched=matched,
        unmatched=unmatched,
    )
    return len(changes)
