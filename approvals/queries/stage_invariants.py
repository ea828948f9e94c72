"""What must always hold of stages and of emergencies, at rest."""

from portal.core.invariants import Check

STAGE_CHECKS = (
    Check(
        "4 Separation",
        "stage %s of proposal %s was approved by %s people, and needed %s",
        "SELECT stage.number, proposal.id, count(DISTINCT"
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
        " AND decision.person_id IS DISTINCT FROM request.operator_id"
        " AND decision.person_id IS DISTINCT FROM request.key_owner_id"
        " AND NOT (version.is_widening AND decision.person_id = version.edited_by_id)"
        " WHERE proposal.state IN ('APPROVED', 'EDITED') AND NOT EXISTS (SELECT FROM"
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
