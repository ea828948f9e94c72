"""What a constraint cannot say: legal moves, frozen bytes, digests that agree.

The tables of moves are those of `approvals.rules.moves`; a test compares them.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION approvals_is_legal(moves text, state_before text, state_after text)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT state_after = ANY (CASE moves || ':' || state_before
        WHEN 'proposal:OPEN' THEN ARRAY['ASKED', 'APPROVED', 'EDITED', 'REJECTED',
            'RESPONDED', 'EXPIRED', 'WITHDRAWN']
        WHEN 'proposal:ASKED' THEN ARRAY['OPEN', 'APPROVED', 'EDITED', 'REJECTED',
            'RESPONDED', 'EXPIRED', 'WITHDRAWN']
        WHEN 'grant:ISSUED' THEN ARRAY['REDEEMED', 'REVOKED', 'EXPIRED']
        WHEN 'action:ALLOWED' THEN ARRAY['EXECUTED', 'UNKNOWN', 'WITHDRAWN', 'REJECTED']
        WHEN 'action:IN_REVIEW' THEN ARRAY['ESCALATED', 'APPROVED', 'REJECTED',
            'RESPONDED', 'EXPIRED', 'WITHDRAWN']
        WHEN 'action:ESCALATED' THEN ARRAY['APPROVED', 'REJECTED', 'RESPONDED',
            'EXPIRED', 'WITHDRAWN']
        WHEN 'action:APPROVED' THEN ARRAY['EXECUTED', 'UNKNOWN', 'WITHDRAWN',
            'REJECTED', 'IN_REVIEW', 'ESCALATED']
        WHEN 'action:UNKNOWN' THEN ARRAY['EXECUTED']
        WHEN 'action:EXECUTED' THEN ARRAY['UNKNOWN']
        ELSE ARRAY[]::text[] END)
$$;

CREATE FUNCTION approvals_action_guarded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR NEW.id IS DISTINCT FROM OLD.id
        OR NEW.received IS DISTINCT FROM OLD.received
        OR NEW.action IS DISTINCT FROM OLD.action
        OR NEW.digest IS DISTINCT FROM OLD.digest
        OR NEW.workflow_id IS DISTINCT FROM OLD.workflow_id
        OR NEW.agent_id IS DISTINCT FROM OLD.agent_id
        OR NEW.run_id IS DISTINCT FROM OLD.run_id
        OR NEW.verb IS DISTINCT FROM OLD.verb
        OR NEW.system IS DISTINCT FROM OLD.system
        OR NEW.created_at IS DISTINCT FROM OLD.created_at
    THEN
        RAISE EXCEPTION 'what an agent asked never changes'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.status <> OLD.status
        AND NOT approvals_is_legal('action', OLD.status, NEW.status)
    THEN
        RAISE EXCEPTION 'an action does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_action_guarded BEFORE UPDATE OR DELETE
    ON approvals_actionrequest
    FOR EACH ROW EXECUTE FUNCTION approvals_action_guarded();

CREATE FUNCTION approvals_proposal_guarded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'OPEN' THEN
            RAISE EXCEPTION 'a proposal begins open'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE'
        OR NEW.action_request_id IS DISTINCT FROM OLD.action_request_id
        OR NEW.workflow_id IS DISTINCT FROM OLD.workflow_id
        OR NEW.created_at IS DISTINCT FROM OLD.created_at
    THEN
        RAISE EXCEPTION 'a proposal is not deleted and not moved to another request'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state NOT IN ('OPEN', 'ASKED') THEN
        RAISE EXCEPTION 'a proposal that is % has ended', OLD.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state <> OLD.state
        AND NOT approvals_is_legal('proposal', OLD.state, NEW.state)
    THEN
        RAISE EXCEPTION 'a proposal does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.version_number NOT IN (OLD.version_number, OLD.version_number + 1) THEN
        RAISE EXCEPTION 'versions of a proposal count up by one'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_proposal_guarded BEFORE INSERT OR UPDATE OR DELETE
    ON approvals_proposal
    FOR EACH ROW EXECUTE FUNCTION approvals_proposal_guarded();

CREATE FUNCTION approvals_decision_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.digest IS DISTINCT FROM
        (SELECT digest FROM approvals_proposalversion WHERE id = NEW.version_id)
    THEN
        RAISE EXCEPTION 'a decision is over the digest of its version'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_decision_agrees BEFORE INSERT ON approvals_decision
    FOR EACH ROW EXECUTE FUNCTION approvals_decision_agrees();

CREATE FUNCTION approvals_grant_guarded() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    basis_digest text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'ISSUED' THEN
            RAISE EXCEPTION 'a grant begins issued'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF NEW.version_id IS NULL THEN
            SELECT digest INTO basis_digest FROM approvals_authorityrecord
                WHERE id = NEW.authority_record_id AND answer = 'allow';
        ELSE
            SELECT v.digest INTO basis_digest FROM approvals_proposalversion v
                JOIN approvals_proposal p ON p.id = v.proposal_id
                WHERE v.id = NEW.version_id AND p.state IN ('APPROVED', 'EDITED')
                    AND p.version_number = v.number;
        END IF;
        IF basis_digest IS DISTINCT FROM NEW.digest THEN
            RAISE EXCEPTION 'a grant needs a ruling that allows, or an approved version'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.state <> 'ISSUED' THEN
        RAISE EXCEPTION 'a grant that is % has ended', OLD.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.action_request_id IS DISTINCT FROM OLD.action_request_id
        OR NEW.authority_record_id IS DISTINCT FROM OLD.authority_record_id
        OR NEW.version_id IS DISTINCT FROM OLD.version_id
        OR NEW.basis_id IS DISTINCT FROM OLD.basis_id
        OR NEW.agent_id IS DISTINCT FROM OLD.agent_id
        OR NEW.digest IS DISTINCT FROM OLD.digest
        OR NEW.token_hash IS DISTINCT FROM OLD.token_hash
        OR NEW.not_before IS DISTINCT FROM OLD.not_before
        OR NEW.expires_at IS DISTINCT FROM OLD.expires_at
        OR NEW.enterprise_epoch IS DISTINCT FROM OLD.enterprise_epoch
        OR NEW.department_epoch IS DISTINCT FROM OLD.department_epoch
        OR NEW.pause_epoch IS DISTINCT FROM OLD.pause_epoch
        OR NEW.operating_model_version_id IS DISTINCT FROM OLD.operating_model_version_id
    THEN
        RAISE EXCEPTION 'what a grant is bound to never changes'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state <> OLD.state AND NOT approvals_is_legal('grant', OLD.state, NEW.state)
    THEN
        RAISE EXCEPTION 'a grant does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_grant_guarded BEFORE INSERT OR UPDATE OR DELETE
    ON approvals_grant
    FOR EACH ROW EXECUTE FUNCTION approvals_grant_guarded();

CREATE FUNCTION approvals_outcome_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM approvals_grant
                   WHERE id = NEW.grant_id AND state = 'REDEEMED') THEN
        RAISE EXCEPTION 'an outcome belongs to a redeemed grant'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_outcome_agrees BEFORE INSERT ON approvals_outcome
    FOR EACH ROW EXECUTE FUNCTION approvals_outcome_agrees();

-- APPEND ONLY

-- MUST BE RECORDED
"""

APPEND_ONLY = (
    "authorityrecord",
    "proposalversion",
    "decision",
    "move",
    "evidenceopening",
    "outcome",
)
NEVER_EMPTIED = ("actionrequest", "proposal", "grant", *APPEND_ONLY)
RECORDED = (
    "actionrequest",
    "authorityrecord",
    "proposal",
    "decision",
    "grant",
    "outcome",
)

FROZEN_SQL = "".join(
    f"CREATE TRIGGER approvals_{table}_frozen BEFORE UPDATE OR DELETE"
    f" ON approvals_{table} FOR EACH ROW EXECUTE FUNCTION audit_frozen();\n"
    for table in APPEND_ONLY
) + "".join(
    f"CREATE TRIGGER approvals_{table}_no_truncate BEFORE TRUNCATE"
    f" ON approvals_{table} FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();\n"
    for table in NEVER_EMPTIED
)
RECORDED_SQL = "".join(
    f"CREATE CONSTRAINT TRIGGER approvals_{table}_recorded"
    f" AFTER INSERT OR UPDATE OR DELETE ON approvals_{table}"
    " DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();\n"
    for table in RECORDED
)

BACKWARDS = (
    "".join(
        f"DROP TRIGGER approvals_{t}_recorded ON approvals_{t};\n" for t in RECORDED
    )
    + "".join(
        f"DROP TRIGGER approvals_{t}_no_truncate ON approvals_{t};\n"
        for t in NEVER_EMPTIED
    )
    + "".join(
        f"DROP TRIGGER approvals_{t}_frozen ON approvals_{t};\n" for t in APPEND_ONLY
    )
    + """
DROP TRIGGER approvals_outcome_agrees ON approvals_outcome;
DROP FUNCTION approvals_outcome_agrees();
DROP TRIGGER approvals_grant_guarded ON approvals_grant;
DROP FUNCTION approvals_grant_guarded();
DROP TRIGGER approvals_decision_agrees ON approvals_decision;
DROP FUNCTION approvals_decision_agrees();
DROP TRIGGER approvals_proposal_guarded ON approvals_proposal;
DROP FUNCTION approvals_proposal_guarded();
DROP TRIGGER approvals_action_guarded ON approvals_actionrequest;
DROP FUNCTION approvals_action_guarded();
DROP FUNCTION approvals_is_legal(text, text, text);
"""
)


class Migration(migrations.Migration):
    dependencies = (
        ("approvals", "0001_requests_proposals_grants"),
        ("audit", "0002_journal_is_append_only"),
    )

    operations = (
        migrations.RunSQL(
            FORWARDS.replace("-- APPEND ONLY", FROZEN_SQL).replace(
                "-- MUST BE RECORDED", RECORDED_SQL
            ),
            BACKWARDS,
        ),
    )
