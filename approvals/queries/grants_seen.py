"""The grants that reported changes may be covered by, as matching sees them."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import Q

from approvals.models import ActionRequest, Grant, Outcome
from approvals.queries.envelope import parsed
from approvals.rules.moves import GrantState
from runs.operations.redacting import facts_as, hidden_words
from runs.queries.redactions import policies_of
from runs.rules.matching import (
    CLOCKS_DIFFER,
    COVERED_FOR,
    Change,
    GrantSeen,
    told_by,
    values_of,
)
from runs.rules.redacting.tokens import TOKEN
from runs.rules.redacting.walking import Policy

GRANTS_MAX = 5_000
# Reached through our own foreign key: the registry's tables are behind its door.
_WORKFLOWS = Grant._meta.get_field("workflow").related_model._default_manager


def grants_seen(changes: Collection[Change]) -> tuple[GrantSeen, ...]:
    """Give the grants that these changes name, or that were redeemed about their times.

    Three queries. Served by approvals_grant_executed, one stretch of time a workflow.
    """
    named = {each for change in changes if (each := _id(change.named_grant))}
    rows = list(_with_words().filter(id__in=named))
    unnamed = [change for change in changes if not change.named_grant]
    if unnamed:
        ids = {each for change in unnamed if (each := change.workflow_id)}
        if any(change.workflow_id is None for change in unnamed):
            ids = set(_WORKFLOWS.values_list("id", flat=True))
        times = [change.at for change in unnamed]
        found = _with_words().filter(
            workflow_id__in=sorted(ids),
            state=GrantState.REDEEMED.value,
            redeemed_at__gte=min(times) - COVERED_FOR,
            redeemed_at__lte=max(times) + CLOCKS_DIFFER,
        )
        if not any(TOKEN.search(change.resource) for change in unnamed):
            found = found.filter(_of(unnamed))
        rows += found.order_by("-redeemed_at", "-id")[:GRANTS_MAX]
    told = _told({row.id for row in rows})
    policies = policies_of({row.workflow_id for row in rows})
    return tuple(
        seen_of(row, told.get(row.id), policies[row.workflow_id])
        for row in {row.id: row for row in rows}.values()
    )


def _of(changes: Collection[Change]) -> Q:
    """Narrow to the things that these changes are of; what is hidden cannot be looked up."""
    wanted = {word for change in changes for word in _words_of(change.resource)}
    return Q(action_request__resource_id__in=wanted) | Q(action_request__resource_id="")


def _with_words():  # type: ignore[no-untyped-def]
    return Grant.objects.select_related("action_request", "version")


def _words_of(resource: str) -> set[str]:
    """Give what the id of a thing may be: the whole text, or what follows its type."""
    parts = resource.split()
    return {resource, *(" ".join(parts[at:]) for at in range(1, min(len(parts), 6)))}


def _told(grant_ids: Collection[UUID]) -> Mapping[UUID, Mapping[str, str]]:
    """Give what the outcomes say of each field. One query."""
    rows = Outcome.objects.filter(
        grant_id__in=grant_ids, status=Outcome.Status.SUCCEEDED
    ).order_by("grant_id", "number")
    return {row.grant_id: told_by(_hidden(row.changes)) for row in rows}


def _hidden(changes: list) -> list:
    """Give what an outcome says as it would stand in an event."""
    return facts_as({"changes": changes}, Policy())["changes"]


def seen_of(
    row: Grant, told: Mapping[str, str] | None = None, policy: Policy | None = None
) -> GrantSeen:
    """Read a grant, with its request and version, into what the rule sees.

    Names and values also as they stand in an event, where they may be hidden.
    """
    request: ActionRequest = row.action_request
    action = parsed(bytes(row.version.action if row.version else request.action))
    args = action.get("args")
    hidden = facts_as({"after": args}, policy or Policy())["after"]
    return GrantSeen(
        id=row.id,
        workflow_id=row.workflow_id,
        run_id=row.run_id,
        system=request.system,
        verb=request.verb,
        resource_type=hidden_words(request.resource_type),
        resource_id=hidden_words(request.resource_id),
        headline=row.version.headline if row.version else request.headline,
        state={"ISSUED": "issued"}.get(row.state, row.state.lower()),
        redeemed_at=row.redeemed_at,
        ended_at=row.ended_at,
        values=values_of(args) | values_of(hidden),
        told=told,
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
