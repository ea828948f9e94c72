"""What must always hold of rulings, proposals, decisions and grants.

The numbers are those of the promises. What needs more than one SELECT (digests over
bytes, rolling windows) is computed here, row by row.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from approvals.models import ActionRequest, Grant, ProposalVersion
from approvals.queries.envelope import digest_of
from approvals.queries.stage_invariants import COUNTS, STAGE_CHECKS
from portal.core.invariants import Check
from registry.queries.rulebooks import live_rulebook
from registry.rules.answers import Authority
from registry.rules.rulebook import Cap
from runs.queries.invariants import Reservation, reservations

CHECKS = (
    Check(
        "1 Authority",
        "grant %s stands on a ruling that does not allow, and on no approval",
        "SELECT basis.id FROM approvals_grant basis JOIN approvals_authorityrecord ruling"
        " ON ruling.id = basis.authority_record_id"
        " WHERE basis.version_id IS NULL AND ruling.answer <> 'allow'",
    ),
    Check(
        "1 Authority",
        "grant %s stands on a proposal that was never approved",
        "SELECT grant_.id FROM approvals_grant grant_"
        " JOIN approvals_proposalversion version ON version.id = grant_.version_id"
        " JOIN approvals_proposal proposal ON proposal.id = version.proposal_id"
        " WHERE proposal.state NOT IN ('APPROVED', 'EDITED')"
        " OR version.number <> proposal.version_number",
    ),
    Check(
        "1 Authority",
        "grant %s is bound to other bytes than those it was given for",
        "SELECT grant_.id FROM approvals_grant grant_"
        " JOIN approvals_actionrequest request ON request.id = grant_.action_request_id"
        " LEFT JOIN approvals_proposalversion version ON version.id = grant_.version_id"
        " WHERE grant_.digest <> coalesce(version.digest, request.digest)",
    ),
    Check(
        "2 Decisions",
        "a decision on proposal %s was made on other bytes than those of its version",
        "SELECT version.proposal_id FROM approvals_decision decision"
        " JOIN approvals_proposalversion version ON version.id = decision.version_id"
        " WHERE decision.digest <> version.digest",
    ),
    Check(
        "2 Decisions",
        "proposal %s is %s, and no decision says so",
        "SELECT proposal.id, lower(proposal.state) FROM approvals_proposal proposal"
        " WHERE proposal.state IN ('APPROVED', 'EDITED', 'REJECTED', 'RESPONDED')"
        " AND NOT EXISTS (SELECT FROM approvals_decision decision"
        " JOIN approvals_proposalversion version ON version.id = decision.version_id"
        " WHERE version.proposal_id = proposal.id AND decision.verdict = ANY (CASE"
        " proposal.state WHEN 'REJECTED' THEN ARRAY['REJECT'] WHEN 'RESPONDED'"
        " THEN ARRAY['RESPOND'] ELSE ARRAY['APPROVE', 'EDIT'] END))"
        " AND NOT EXISTS (SELECT FROM approvals_breakglass glass"
        " WHERE glass.proposal_id = proposal.id AND proposal.state IN ('APPROVED', 'EDITED'))",
    ),
    Check(
        "2 Decisions",
        "hold %s ended, and no disposition of a person says so",
        "SELECT held.id FROM runs_hold held WHERE (held.resumed_at IS NOT NULL"
        " OR held.stopped_at IS NOT NULL) AND NOT EXISTS (SELECT"
        " FROM approvals_exceptiondisposition settled WHERE settled.hold_id = held.id"
        " AND (settled.disposition = 'STOPPED') = (held.stopped_at IS NOT NULL))",
    ),
    Check(
        "2 Decisions",
        "decision %s is by somebody who had not acknowledged how AI may be used",
        # A version is published behind the lock that each decision shares, so later than
        # every decision that did not have to know of it.
        "SELECT decision.id FROM approvals_decision decision CROSS JOIN LATERAL"
        " (SELECT max(number) AS number FROM registry_usestatement WHERE asks_anew"
        " AND published_at < decision.decided_at) asked WHERE asked.number IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM registry_useacknowledgement given"
        " JOIN registry_usestatement said ON said.id = given.statement_id"
        " WHERE given.person_id = decision.person_id AND said.number >= asked.number"
        " AND given.acknowledged_at <= decision.decided_at)",
    ),
    Check(
        "3 Pause",
        "grant %s was issued or redeemed while its workflow was paused (%s, entry %s)",
        # Entries of a stream are chained last in their transactions, so their order is
        # the order of the commits; a time could not tell that.
        "SELECT subject_id, stream, sequence FROM (SELECT subject_id, stream, sequence,"
        " name, sum(CASE name WHEN 'workflow.paused' THEN 1 WHEN 'workflow.resumed'"
        " THEN -1 ELSE 0 END) OVER (PARTITION BY stream ORDER BY sequence) AS paused"
        " FROM audit_entry WHERE name IN ('workflow.paused', 'workflow.resumed',"
        " 'grant.issued', 'grant.redeemed')) moment"
        " WHERE paused > 0 AND starts_with(name, 'grant.')",
    ),
    Check(
        "4 Separation",
        "proposal %s was approved by %s who count, and needed %s",
        "SELECT proposal.id, count(DISTINCT decision.person_id), proposal.quorum"  # noqa: S608 - fixed text
        " FROM approvals_proposal proposal"
        " JOIN approvals_actionrequest request ON request.id = proposal.action_request_id"
        " JOIN approvals_proposalversion version ON version.proposal_id = proposal.id"
        " AND version.number = proposal.version_number"
        " LEFT JOIN approvals_decision decision ON decision.version_id = version.id"
        " AND decision.verdict IN ('APPROVE', 'EDIT')"
        f"{COUNTS} WHERE proposal.state IN ('APPROVED', 'EDITED') AND NOT EXISTS (SELECT FROM"
        " approvals_breakglass glass WHERE glass.proposal_id = proposal.id)"
        " GROUP BY proposal.id HAVING count(DISTINCT decision.person_id) < proposal.quorum",
    ),
    Check(
        "6 Single use",
        "request %s was executed %s times",
        "SELECT action_request_id, count(*) FROM approvals_grant"
        " WHERE state = 'REDEEMED' GROUP BY action_request_id HAVING count(*) > 1",
    ),
    Check(
        "6 Single use",
        "basis %s has %s grants that ran or can run",
        "SELECT basis_id, count(*) FROM approvals_grant"
        " WHERE state IN ('REDEEMED', 'ISSUED') GROUP BY basis_id HAVING count(*) > 1",
    ),
    Check(
        "7 Audit is complete",
        "grant %s was issued without its entry in the journal",
        "SELECT grant_.id FROM approvals_grant grant_ WHERE NOT EXISTS"
        " (SELECT FROM audit_entry WHERE subject_kind = 'grant'"
        " AND subject_id = grant_.id::text AND name = 'grant.issued')",
    ),
    Check(
        "7 Audit is complete",
        "grant %s was redeemed without its entry in the journal",
        "SELECT grant_.id FROM approvals_grant grant_ WHERE grant_.state = 'REDEEMED'"
        " AND NOT EXISTS (SELECT FROM audit_entry WHERE subject_kind = 'grant'"
        " AND subject_id = grant_.id::text AND name = 'grant.redeemed')",
    ),
    Check(
        "7 Audit is complete",
        "the rulebook ruled on request %s without an entry in the journal",
        "SELECT ruling.action_request_id FROM approvals_authorityrecord ruling"
        " WHERE NOT EXISTS (SELECT FROM audit_entry"
        " WHERE subject_kind = 'action_request'"
        " AND subject_id = ruling.action_request_id::text AND name = 'action.ruled')",
    ),
    Check(
        "14 Moves",
        "request %s is %s, and a grant of it was redeemed",
        "SELECT request.id, lower(request.status) FROM approvals_actionrequest request"
        " JOIN approvals_grant grant_ ON grant_.action_request_id = request.id"
        " WHERE grant_.state = 'REDEEMED' AND request.status IN"
        " ('REFUSED', 'IN_REVIEW', 'ESCALATED', 'RESPONDED')",
    ),
    *STAGE_CHECKS,
)


def wrong_digests() -> Iterator[str]:
    """Name each request and version whose digest is not that of its bytes. Two queries."""
    requests = ActionRequest.objects.values_list(
        "id", "workflow_id", "agent_id", "action", "digest"
    )
    for request_id, workflow_id, agent_id, action, digest in requests.iterator():
        found = digest_of(
            workflow_id=workflow_id, agent_id=agent_id, action=bytes(action)
        )
        if found != digest:
            yield f"request {request_id}: its digest is not that of its bytes"
    versions = ProposalVersion.objects.values_list(
        "id",
        "proposal__workflow_id",
        "proposal__action_request__agent_id",
        "action",
        "digest",
    )
    for version_id, workflow_id, agent_id, action, digest in versions.iterator():
        found = digest_of(
            workflow_id=workflow_id, agent_id=agent_id, action=bytes(action)
        )
        if found != digest:
            yield f"proposal version {version_id}: its digest is not that of its bytes"


def never_granted() -> Iterator[str]:
    """Name each grant for a verb that its rulebook says never, or nothing, about."""
    grants = Grant.objects.values_list(
        "id",
        "operating_model_version_id",
        "action_request__system",
        "action_request__verb",
    )
    for grant_id, version_id, system, verb in grants.iterator():
        row = live_rulebook(version_id).allowances.get((system, verb))
        if row is None or row.authority == Authority.NEVER:
            yield f"grant {grant_id}: {verb} in {system} is never allowed by its rulebook"


def passed_caps() -> Iterator[str]:
    """Name each grant whose reservation passed a cap within its rolling window."""
    versions = dict(Grant.objects.values_list("id", "operating_model_version_id"))
    windows: dict[tuple[UUID, str], deque[tuple[datetime, Decimal]]] = defaultdict(
        deque
    )
    for entry in reservations():
        cap = _cap_of(entry, versions)
        if cap is None:
            continue
        window = windows[entry.workflow_id, entry.cap_key]
        begins = entry.reserved_at - timedelta(hours=cap.window_hours)
        while window and window[0][0] <= begins:
            window.popleft()
        window.append((entry.reserved_at, entry.amount))
        used = sum(amount for _, amount in window)
        if used > cap.limit:
            yield (
                f"grant {entry.grant_id}: the cap {cap.key} of {cap.limit} was passed,"
                f" {used} are reserved"
            )


def _cap_of(entry: Reservation, versions: dict[UUID, UUID]) -> Cap | None:
    version_id = versions.get(entry.grant_id)
    if version_id is None:
        return None
    caps = live_rulebook(version_id).caps
    return next((cap for cap in caps if cap.key == entry.cap_key), None)
