"""The measured part of a workflow's health, for however many workflows at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.conf import settings

from approvals.queries.kpi_ends import ends_over
from approvals.rules.ended import decided_in
from portal.accounts.actors import Actor
from runs.queries.kpi_incidents import beside_over
from runs.queries.kpi_sums import Span, columns_of, sums_of

_GATEWAY = "run.acts_gateway"


@dataclass(frozen=True)
class Shares:
    """What is measured of one workflow; None where there is nothing to measure."""

    unauthorised: int | None = None
    coverage: float | None = None
    override: float | None = None
    override_over: int = 0


def shares_by_workflow(
    *, actor: Actor, workflow_ids: Sequence[UUID], first: date, last: date
) -> Mapping[UUID, Shares]:
    """Give the same shares that the numbers show, by workflow. At most six queries.

    The workflows must be such that the actor sees. Only counts are read, and no interval
    or split is worked out, so that ten thousand workflows are a second's work.
    """
    spans = [Span(first, last, frozenset({each})) for each in workflow_ids]
    columns = columns_of(spans, seen=frozenset(workflow_ids))
    count = len(spans)
    sums = sums_of(columns, measures=(_GATEWAY,), families=(), count=count)
    beside = beside_over(actor, spans, columns, zone=settings.TIME_ZONE)
    ends = ends_over(actor=actor, spans=spans)
    found = {}
    for at, each in enumerate(workflow_ids):
        gateway = int(sums[at].get(_GATEWAY, 0))
        known = gateway + beside[at].standing + beside[at].explained
        decided = decided_in(ends[at]) if ends[at] else None
        of = decided.decided if decided else 0
        found[each] = Shares(
            unauthorised=beside[at].standing if known else None,
            coverage=gateway / known if known else None,
            override=decided.overridden / of if decided and of else None,
            override_over=of,
        )
    return found
