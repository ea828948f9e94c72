"""How people decided on the crowd of runs, by SQL, as real history leaves it behind.

Every third run asked for a refund that went to people: a request, its ruling, a proposal
with its version, who looked and when, the decision, and what time did to it. Most are
approved; some are edited, rejected, answered, left to expire, withdrawn, escalated, asked
about or taken back. How they ended is then counted by the portal's own operation, not
written here. Every other run was allowed by itself, which only its day's tallies say.
"""

import psycopg

from approvals.operations.ending import recount_ends
from portal.accounts.actors import SYSTEM
from portal.home.bench.crowd import copy_of

_PLAN = """
CREATE TEMPORARY TABLE plan AS
SELECT numbered.*, source.*,
       uuidv7(asked_at - clock_timestamp()) AS new_request,
       uuidv7(asked_at - clock_timestamp()) AS new_record,
       uuidv7(asked_at - clock_timestamp()) AS new_proposal,
       uuidv7(asked_at - clock_timestamp()) AS new_version,
       CASE WHEN asked_at + took > clock_timestamp() THEN 'OPEN'
            WHEN k % 100 = 1 THEN 'EXPIRED' WHEN k % 150 = 2 THEN 'WITHDRAWN'
            WHEN k % 20 = 3 THEN 'EDITED' WHEN k % 25 = 4 THEN 'REJECTED'
            WHEN k % 200 = 5 THEN 'RESPONDED' ELSE 'APPROVED' END AS ended,
       asked_at + took AS over_at,
       CASE WHEN k % 40 = 6 THEN asked_at + took / 2 END AS raised_at,
       (ARRAY['limit.amount', 'check.failed', 'stop_rule.missing_data'])[1 + k % 3] AS why,
       reviewers.ids[1 + k % 4] AS reviewer
  FROM (SELECT id AS new_run, substr(agent_run_id, 7)::bigint / 3 AS k,
               started_at + interval '10 seconds' AS asked_at,
               interval '30 seconds' + substr(agent_run_id, 7)::bigint * 7919 % 7200000
                    * interval '1 millisecond' AS took,
               amount_max AS money
          FROM runs_run WHERE agent_run_id LIKE 'crowd-%'
           AND substr(agent_run_id, 7)::bigint % 3 = 0 AND NOT EXISTS (
               SELECT FROM approvals_proposal p WHERE p.run_id = runs_run.id)) AS numbered
 CROSS JOIN (SELECT p.id AS proposal, p.action_request_id AS request, v.id AS version,
                    p.authority_record_id AS record
               FROM approvals_proposal p
               JOIN approvals_proposalversion v ON v.proposal_id = p.id
               JOIN runs_run r ON r.id = p.run_id
              WHERE r.agent_run_id NOT LIKE 'crowd-%' ORDER BY p.id LIMIT 1) AS source
 CROSS JOIN (SELECT array_agg(id) AS ids FROM
             (SELECT id FROM accounts_person ORDER BY id LIMIT 4) AS four) AS reviewers
"""
_PEOPLE_ENDED = "plan.ended IN ('APPROVED', 'EDITED', 'REJECTED', 'RESPONDED')"
_OVER = "plan.ended <> 'OPEN'"
_COPIES = (
    (
        "approvals_actionrequest",
        {
            "id": "plan.new_request",
            "run_id": "plan.new_run",
            "created_at": "plan.asked_at",
            "changed_at": "least(plan.over_at, clock_timestamp())",
            "amount": "plan.money",
            "status": "CASE plan.ended WHEN 'OPEN' THEN 'IN_REVIEW'"
            " WHEN 'EDITED' THEN 'APPROVED' ELSE plan.ended END",
            "resolution": f"CASE WHEN {_OVER} THEN lower(plan.ended) ELSE '' END",
            "resolved_at": f"CASE WHEN {_OVER} THEN plan.over_at END",
        },
        "source.id = plan.request",
    ),
    (
        "approvals_authorityrecord",
        {
            "id": "plan.new_record",
            "action_request_id": "plan.new_request",
            "ruled_at": "plan.asked_at",
            "amount": "plan.money",
        },
        "source.id = plan.record",
    ),
    (
        "approvals_proposal",
        {
            "id": "plan.new_proposal",
            "action_request_id": "plan.new_request",
            "run_id": "plan.new_run",
            "authority_record_id": "plan.new_record",
            "created_at": "plan.asked_at",
            "due_at": "plan.asked_at + interval '2 hours'",
            "amount": "plan.money",
            "state": "plan.ended",
            "cause": "plan.why",
            "escalated_at": "plan.raised_at",
            # The one after it in time stands in its place.
            "reopens_id": "CASE WHEN plan.k % 500 = 8 THEN"
            " (SELECT b.new_proposal FROM plan AS b WHERE b.k = plan.k + 1) END",
            "resolved_at": f"CASE WHEN {_OVER} THEN plan.over_at END",
            "resolved_by_id": f"CASE WHEN {_PEOPLE_ENDED} THEN plan.reviewer END",
            "remind_at": "NULL",
        },
        "source.id = plan.proposal",
    ),
    (
        "approvals_proposalversion",
        {
            "id": "plan.new_version",
            "proposal_id": "plan.new_proposal",
            "authority_record_id": "plan.new_record",
            "created_at": "plan.asked_at",
            "is_material": "CASE WHEN plan.ended = 'EDITED' THEN plan.k % 3 = 0 END",
        },
        "source.id = plan.version",
    ),
)
_LOOKED = """
INSERT INTO approvals_firstlook (id, proposal_id, person_id, words, looked_at)
SELECT uuidv7(), new_proposal, reviewer, 40 + k % 200,
       greatest(asked_at, over_at - (4 + k * 31 % 900) * interval '1 second')
  FROM plan WHERE ended IN ('APPROVED', 'EDITED', 'REJECTED', 'RESPONDED') AND k % 10 <> 7
"""
_DECIDED = """
INSERT INTO approvals_decision (id, version_id, person_id, stage, confirmed_by, verdict,
    digest, reason_code, message, evidence_opened, evidence_total, decided_at)
SELECT uuidv7(), new_version, reviewer, 1, '', CASE ended WHEN 'APPROVED' THEN 'APPROVE'
       WHEN 'EDITED' THEN 'EDIT' WHEN 'REJECTED' THEN 'REJECT' ELSE 'RESPOND' END,
       'sha-256:' || md5(k::text), CASE ended WHEN 'REJECTED' THEN 'other' ELSE '' END,
       CASE WHEN ended IN ('APPROVED', 'EDITED') THEN '' ELSE 'The customer asked.' END,
       k % 2, 1, over_at
  FROM plan WHERE ended IN ('APPROVED', 'EDITED', 'REJECTED', 'RESPONDED')
"""
_MOVED = """
INSERT INTO approvals_move (id, proposal_id, kind, actor_kind, actor_id, actor_name, text,
    evidence, mentions, moved_at)
SELECT uuidv7(), new_proposal, kind, who, reviewer, 'Crowd', '', '[]', '[]',
       asked_at + took / 2 FROM plan CROSS JOIN LATERAL (VALUES
    ('ESCALATED', CASE WHEN k % 80 = 6 THEN 'system' ELSE 'person' END, k % 40 = 6),
    ('ASKED', 'person', k % 30 = 9)) AS moved (kind, who, is_so) WHERE is_so
"""
_TALLIES = """
INSERT INTO runs_tally (workflow_id, "on", measure, value)
SELECT workflow_id, (started_at AT TIME ZONE %s)::date,
       CASE WHEN substr(agent_run_id, 7)::bigint %% 3 = 0 THEN 'ruled.review'
       ELSE 'ruled.allow' END, count(*)
  FROM runs_run WHERE agent_run_id LIKE 'crowd-%%' GROUP BY 1, 2, 3
ON CONFLICT (workflow_id, "on", measure) DO UPDATE SET value = excluded.value
"""
_HELD = """
INSERT INTO runs_hold (id, run_id, workflow_id, rule_key, sentence, placed_at,
    placed_by_kind, placed_by_id, placed_by_name, resume_reason)
SELECT uuidv7(), id, workflow_id, 'bench.stop', hold_reason, started_at, 'system', id,
       'Countersign', '' FROM runs_run
 WHERE is_held AND NOT EXISTS (SELECT FROM runs_hold h WHERE h.run_id = runs_run.id)
"""
_TABLES = (
    *(table for table, _, _ in _COPIES),
    *("approvals_firstlook", "approvals_decision", "approvals_move"),
    *("approvals_proposalend", "approvals_endtally", "runs_hold", "runs_tally"),
)


def decide_crowd(superuser_url: str, *, zone: str) -> None:
    """Let people have decided on a third of the crowd, and the portal count how it ended."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(_PLAN)
        connection.execute("CREATE INDEX ON plan (k)")
        connection.execute("ANALYZE plan")
        for table, changed, where in _COPIES:
            connection.execute(copy_of(connection, table, changed, where))
        for statement in (_LOOKED, _DECIDED, _MOVED, _HELD):
            connection.execute(statement)
        connection.execute(_TALLIES, [zone])
    recount_ends(actor=SYSTEM)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(f"VACUUM (ANALYZE) {', '.join(_TABLES)}")
