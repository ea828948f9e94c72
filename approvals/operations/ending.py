"""How proposals ended, as numbers count them: one row each, by one statement.

The same statement keeps the row of one proposal and counts all of them anew, so that both
agree by construction.
"""

from uuid import UUID

from django.conf import settings
from django.db import connection

from approvals.models import ProposalEnd
from approvals.models.proposing import Audience, Move
from approvals.rules.widening import MONEY_WORDS, RECIPIENT_WORDS
from portal.accounts.actors import Actor
from portal.audit.acts import PROPOSE
from portal.audit.operation import operation, record, step

# An edit that nobody judged when it was made is judged by the names of its fields.
_NAMES = "|".join((*MONEY_WORDS, *RECIPIENT_WORDS, r"\mto\M", r"\mb?cc\M", "currency"))
_COLUMNS = (
    'proposal_id, workflow_id, run_id, "on", opened_at, ended_at, state, seconds, is_material,'
    " missed_due, was_asked, is_superseded, is_escalated, in_time, looked_seconds"
)
_ENDS = """
SELECT p.id, p.workflow_id, p.run_id, (p.resolved_at AT TIME ZONE %(zone)s)::date,
    least(p.created_at, p.resolved_at), p.resolved_at, p.state,
    greatest(0, extract(epoch FROM p.resolved_at - p.created_at)::double precision),
    p.state = 'EDITED' AND coalesce(v.is_material, v.is_widening OR EXISTS (
        SELECT FROM jsonb_array_elements(v.changes) AS change
        WHERE change ->> 'path' ~* %(names)s)),
    p.state = 'EXPIRED' OR EXISTS (SELECT FROM approvals_move AS m
        WHERE m.proposal_id = p.id AND m.kind = %(escalated)s
        AND m.actor_kind = 'system'),
    EXISTS (SELECT FROM approvals_move AS m
        WHERE m.proposal_id = p.id AND m.kind = %(asked)s),
    EXISTS (SELECT FROM approvals_proposal AS r WHERE r.reopens_id = p.id),
    p.escalated_at IS NOT NULL,
    p.escalated_at IS NOT NULL AND p.resolved_by_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM approvals_move AS m WHERE m.proposal_id = p.id
        AND m.kind = %(escalated)s AND m.actor_kind = 'system'
        AND (begun.is_escalated OR EXISTS (SELECT FROM approvals_move AS e
            WHERE e.proposal_id = p.id AND e.kind = %(escalated)s
            AND (e.moved_at, e.id) < (m.moved_at, m.id)))),
    (SELECT least(900, extract(epoch FROM p.resolved_at - l.looked_at)::double precision)
        FROM approvals_firstlook AS l WHERE l.proposal_id = p.id
        AND l.person_id = p.resolved_by_id AND l.looked_at <= p.resolved_at)
FROM approvals_proposal AS p JOIN approvals_proposalversion AS v
    ON v.proposal_id = p.id AND v.number = p.version_number
CROSS JOIN LATERAL (SELECT a.answer = 'escalate' OR a.decided_by = %(owner)s
    FROM approvals_proposalversion AS w JOIN approvals_authorityrecord AS a
    ON a.id = w.authority_record_id WHERE w.proposal_id = p.id AND w.number = 1
    ) AS begun (is_escalated)
WHERE p.resolved_at IS NOT NULL
"""

_KIND = (
    'workflow_id, "on", state, is_material, missed_due, was_asked, is_superseded,'
    " is_escalated, in_time"
)
_ASKED_DAYS = """
SELECT DISTINCT p.id, (r.created_at AT TIME ZONE %(zone)s)::date, %(propose)s::text
FROM approvals_actionrequest AS r JOIN accounts_person AS p
    ON p.email = lower(r.on_behalf_of_id) OR p.id::text = lower(r.on_behalf_of_id)
WHERE r.on_behalf_of_id <> ''
"""


@step
def keep_end(*, proposal_id: UUID) -> None:
    """Write how a proposal ended, or write it again after its approval was taken back."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO approvals_proposalend ({_COLUMNS}) {_ENDS}"  # noqa: S608
            " AND p.id = %(id)s ON CONFLICT (proposal_id) DO UPDATE"
            " SET is_superseded = excluded.is_superseded",
            _parameters() | {"id": str(proposal_id)},
        )


@operation(leaves="proposal.ends_recounted")
def recount_ends(*, actor: Actor) -> int:
    """Count every ended proposal again and put the rows right; says how many were wrong.

    Reads all proposals once. Whoever ends a proposal waits until it is done.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE approvals_proposalend IN EXCLUSIVE MODE")
        kept = f"SELECT {_COLUMNS} FROM approvals_proposalend"  # noqa: S608 - our names
        cursor.execute(
            "SELECT count(DISTINCT proposal_id) FROM"  # noqa: S608 - our names
            f" (({_ENDS} EXCEPT {kept}) UNION ALL ({kept} EXCEPT {_ENDS}))"
            " AS odd (proposal_id)",
            _parameters(),
        )
        wrong = cursor.fetchone()[0]
        cursor.execute("DELETE FROM approvals_proposalend")
        cursor.execute(
            f"INSERT INTO approvals_proposalend ({_COLUMNS}) {_ENDS}",  # noqa: S608
            _parameters(),
        )
    wrong += _recount_end_tallies() + _recount_asked_days()
    record(
        "proposal.ends_recounted",
        actor=actor,
        count=ProposalEnd.objects.count(),
        wrong=wrong,
    )
    return wrong


@step
def _recount_end_tallies() -> int:
    """Add the ended proposals up again, by day and kind; says how many sums were wrong."""
    counted = (
        f"SELECT {_KIND}, count(*)::int FROM approvals_proposalend"  # noqa: S608 - ours
        f" GROUP BY {_KIND}"
    )
    kept = f"SELECT {_KIND}, count FROM approvals_endtally WHERE count <> 0"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (({counted} EXCEPT {kept}) UNION ALL"  # noqa: S608
            f" ({kept} EXCEPT {counted})) AS odd"
        )
        wrong = cursor.fetchone()[0]
        cursor.execute("DELETE FROM approvals_endtally")
        cursor.execute(
            f"INSERT INTO approvals_endtally ({_KIND}, count) {counted}"  # noqa: S608
        )
    return wrong + _recount_end_times()


@step
def _recount_end_times() -> int:
    """Add up again how long deciding took; says how many sums were wrong."""
    kept = (
        'SELECT workflow_id, "on", what, range, count, total FROM approvals_endtime'
        " WHERE count <> 0"
    )
    counted = 'SELECT workflow_id, "on", what, range, count, total FROM counted'
    timed = "WITH counted AS (SELECT * FROM approvals_end_times_of_all())"
    with connection.cursor() as cursor:
        cursor.execute(
            f"{timed} SELECT count(*) FROM (({counted} EXCEPT {kept})"  # noqa: S608
            f" UNION ALL ({kept} EXCEPT {counted})) AS odd"
        )
        wrong = cursor.fetchone()[0]
        cursor.execute("DELETE FROM approvals_endtime")
        cursor.execute(
            'INSERT INTO approvals_endtime (workflow_id, "on", what, range, count, low,'
            " high, total) SELECT * FROM approvals_end_times_of_all()"
        )
    return wrong


@step
def _recount_asked_days() -> int:
    """Count again on which days agents asked in our people's names."""
    wanted = {"zone": settings.TIME_ZONE, "propose": PROPOSE}
    kept = "SELECT * FROM audit_actedday WHERE kind = %(propose)s"
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE audit_actedday IN EXCLUSIVE MODE")
        cursor.execute(
            "SELECT count(*) FROM"  # noqa: S608 - our names
            f" (({_ASKED_DAYS} EXCEPT {kept}) UNION ALL ({kept} EXCEPT {_ASKED_DAYS}))"
            " AS odd",
            wanted,
        )
        wrong = cursor.fetchone()[0]
        cursor.execute("DELETE FROM audit_actedday WHERE kind = %(propose)s", wanted)
        cursor.execute(
            f'INSERT INTO audit_actedday (actor_id, "on", kind) {_ASKED_DAYS}',
            wanted,
        )
    return wrong


def _parameters() -> dict[str, str]:
    return {
        "zone": settings.TIME_ZONE,
        "names": _NAMES,
        "escalated": Move.Kind.ESCALATED.value,
        "asked": Move.Kind.ASKED.value,
        "owner": Audience.ESCALATION_OWNER.value,
    }
