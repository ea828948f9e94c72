"""What must always hold of stages and of emergencies, at rest."""

from portal.core.invariants import Check

# Whose approval counts, of `decision`, `version` and `request`: neither the voter nor the
# person voted for may be the requester, run the agent or have written a widening of it.
COUNTS = (
    " AND NOT EXISTS (SELECT FROM accounts_person voter"
    " WHERE voter.id IN (decision.person_id, decision.acting_for_id)"
    " AND (voter.id IN (request.operator_id, request.key_owner_id)"
    " OR lower(request.on_behalf_of_id) IN (lower(voter.email), voter.id::text)"
    " OR EXISTS (SELECT FROM approvals_proposalversion widening"
    " JOIN approvals_proposal of_it ON of_it.id = widening.proposal_id"
    " WHERE of_it.action_request_id = request.id AND widening.is_widening"
    " AND widening.edited_by_id = voter.id"
    " AND widening.created_at <= version.created_at"
    " AND NOT EXISTS (SELECT FROM approvals_proposalversion fewer"
    " JOIN approvals_proposal of_those ON of_those.id = fewer.proposal_id"
    " WHERE of_those.action_request_id = request.id"
    " AND fewer.edited_by_id IS NOT NULL AND NOT fewer.is_widening"
    " AND fewer.created_at > widening.created_at"
    " AND fewer.created_at <= version.created_at))))"
)

STAGE_CHECKS = (
    Check(
        "4 Separation",
        "stage %s of proposal %s was approved by %s people, and needed %s",
        "SELECT stage.number, proposal.id, count(DISTINCT"  # noqa: S608 - fixed text
        " coalesce(decision.acting_for_id, decision.person_id)),"
        " (stage.turn ->> 'quorum')::int"
        " FROM approvals_proposal proposal"
        " CROSS JOIN LATERAL jsonb_array_elements(proposal.stages)"
        " WITH ORDINALITY stage(turn, number)"
        " JOIN approvals_actionrequest request ON request.id = proposal.action_request_id"
        " JOIN approvals_proposalversion version ON version.proposal_id = proposal.id"
        " AND version.number = proposal.version_number"
        " LEFT JOIN approvals_decision decision ON decision.version_id = version.id"
        " AND decision.verdict IN ('APPROVE', 'EDIT') AND decision.stage = stage.number"
        f"{COUNTS} WHERE proposal.state IN ('APPROVED', 'EDITED') AND NOT EXISTS (SELECT FROM"
        " approvals_breakglass glass WHERE glass.proposal_id = proposal.id)"
        " GROUP BY stage.number, stage.turn, proposal.id"
        " HAVING count(DISTINCT coalesce(decision.acting_for_id, decision.person_id))"
        " < (stage.turn ->> 'quorum')::int",
    ),
    Check(
        "4 Separation",
        "the seat of person %s counts in two stages of proposal %s",
        "SELECT coalesce(decision.acting_for_id, decision.person_id), version.proposal_id"
        " FROM approvals_decision decision"
        " JOIN approvals_proposalversion version ON version.id = decision.version_id"
        " WHERE decision.verdict IN ('APPROVE', 'EDIT')"
        " GROUP BY coalesce(decision.acting_for_id, decision.person_id),"
        " version.id, version.proposal_id HAVING count(DISTINCT decision.stage) > 1",
    ),
    Check(
        "4 Separation",
        "proposal %s stands on a stage that is not its audience's",
        "SELECT proposal.id FROM approvals_proposal proposal"
        " WHERE jsonb_array_length(proposal.stages) > 0 AND"
        " (proposal.stages -> (proposal.stage - 1) ->> 'decided_by',"
        " (proposal.stages -> (proposal.stage - 1) ->> 'quorum')::int)"
        " IS DISTINCT FROM (proposal.audience::text, proposal.quorum::int)",
    ),
    Check(
        "4 Separation",
        "grant %s is of high risk, and %s who confirmed it were fewer than %s",
        "SELECT grant_.id, count(DISTINCT coalesce(decision.acting_for_id,"
        " decision.person_id)), proposal.quorum FROM approvals_grant grant_"
        " JOIN approvals_authorityrecord ruling ON ruling.id = grant_.authority_record_id"
        " AND ruling.risk = 'high' AND ruling.occasion IN ('DECIDE', 'EDIT')"
        " JOIN approvals_proposalversion version ON version.id = grant_.version_id"
        " JOIN approvals_proposal proposal ON proposal.id = version.proposal_id"
        " LEFT JOIN approvals_decision decision ON decision.version_id = version.id"
        " AND decision.verdict IN ('APPROVE', 'EDIT') AND decision.confirmed_by <> ''"
        " AND decision.stage = proposal.stage"
        " WHERE NOT EXISTS (SELECT FROM approvals_breakglass glass"
        " WHERE glass.proposal_id = proposal.id) GROUP BY grant_.id, proposal.quorum"
        " HAVING count(DISTINCT coalesce(decision.acting_for_id, decision.person_id))"
        " < proposal.quorum",
    ),
    Check(
        "4 Separation",
        "the emergency %s was let run by whoever runs its agent",
        "SELECT glass.id FROM approvals_breakglass glass"
        " JOIN approvals_proposal proposal ON proposal.id = glass.proposal_id"
        " JOIN approvals_actionrequest request ON request.id = proposal.action_request_id"
        " WHERE glass.person_id IN (request.operator_id, request.key_owner_id)",
    ),
    Check(
        "4 Separation",
        "the emergency %s is reviewed by the person who let it run",
        "SELECT glass.id FROM approvals_breakglass glass"
        " JOIN approvals_breakglassreview review ON review.break_glass_id = glass.id"
        " WHERE review.person_id = glass.person_id",
    ),
    Check(
        "4 Separation",
        "the emergency %s does not belong to the approved version of its proposal",
        "SELECT glass.id FROM approvals_breakglass glass"
        " JOIN approvals_proposal proposal ON proposal.id = glass.proposal_id"
        " JOIN approvals_proposalversion version ON version.id = glass.version_id"
        " WHERE proposal.state NOT IN ('APPROVED', 'EDITED')"
        " OR version.proposal_id <> proposal.id"
        " OR version.number <> proposal.version_number"
        " OR glass.digest <> version.digest"
        " OR glass.person_id IS DISTINCT FROM proposal.resolved_by_id",
    ),
    Check(
        "7 Audit is complete",
        "the emergency %s has no entry in the journal",
        "SELECT glass.id FROM approvals_breakglass glass WHERE NOT EXISTS"
        " (SELECT FROM audit_entry WHERE subject_kind = 'proposal'"
        " AND subject_id = glass.proposal_id::text"
        " AND name = 'proposal.glass_broken')",
    ),
)
