"""What can be evidence: journal entries of some names, or one of the numbers.

An entry is evidence that something was done, by whom and when; its hash chain and the
signed checkpoints prove that it was not written afterwards.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """One kind of record: what it shows, and the names of its journal entries."""

    key: str
    label: str
    names: tuple[str, ...]


EVIDENCE: tuple[Evidence, ...] = (
    Evidence(
        "registrations",
        "Workflows registered, by a person or from an inventory",
        (
            "workflow.registered",
            "inventory.applied",
            "workflow.withdrawn",
            "workflow.ended_without_ai",
            "workflow.taken_up_again",
        ),
    ),
    Evidence(
        "roles",
        "Roles given, accepted, left and filled",
        (
            "workflow.role_assigned",
            "workflow.role_offered",
            "workflow.role_accepted",
            "workflow.role_declined",
            "workflow.role_vacated",
            "position.added",
            "position.filled",
            "position.vacated",
        ),
    ),
    Evidence(
        "reviewers",
        "Who may decide, added and removed",
        (
            "workflow.reviewer_added",
            "workflow.reviewer_removed",
            "workflow.reviewers_changed",
            "team.joined",
            "team.left",
        ),
    ),
    Evidence(
        "people",
        "People, agents and keys given and taken away",
        (
            "person.created",
            "person.changed",
            "person.deactivated",
            "agent.created",
            "agent.changed",
            "agent.key_issued",
            "agent.key_rotated",
            "agent.key_revoked",
            "workflow.agent_assigned",
            "workflow.agent_removed",
        ),
    ),
    Evidence(
        "launches",
        "Versions submitted, signed, put live and taken back",
        (
            "workflow.version_submitted",
            "workflow.version_withdrawn",
            "workflow.packet_signed",
            "workflow.signature_withdrawn",
            "workflow.packet_changed",
            "workflow.version_launched",
            "workflow.rolled_back",
        ),
    ),
    Evidence(
        "backtests",
        "Drafts tried on real history before they were signed",
        ("backtest.finished", "workflow.evidence_attached"),
    ),
    Evidence(
        "limits",
        "Limits above workflows: systems, models, tools and ceilings",
        (
            "ceiling.changed",
            "catalogue.system_changed",
            "catalogue.system_retired",
            "catalogue.model_changed",
            "catalogue.model_retired",
            "catalogue.tool_retired",
            "catalogue.tool_approved",
        ),
    ),
    Evidence(
        "use",
        "How AI may be used: statements published and acknowledged",
        ("use.published", "use.acknowledged"),
    ),
    Evidence(
        "rights",
        "Who decides at which level, and what was asked beyond the limits",
        (
            "right.named",
            "right.ended",
            "request.made",
            "request.approved",
            "request.rejected",
            "request.withdrawn",
            "request.expired",
            "waiver.ended",
        ),
    ),
    Evidence(
        "phases",
        "Phases reached through a signed gate, and taken back",
        (
            "workflow.gate_signed",
            "workflow.gate_signature_withdrawn",
            "workflow.phase_raised",
            "workflow.phase_taken_back",
        ),
    ),
    Evidence(
        "programme",
        "Sponsor, readiness, exceptions and quarterly reviews",
        (
            "rollout.sponsor_named",
            "rollout.focus_passed",
            "rollout.proof_said",
            "rollout.quarter_signed",
            "readiness.closed",
            "readiness.gate_set",
            "readiness.waived",
        ),
    ),
    Evidence(
        "training",
        "Training required, done, and withdrawn",
        (
            "training.course_added",
            "training.requirements_set",
            "training.completion_recorded",
            "training.completion_withdrawn",
            "training.completions_imported",
        ),
    ),
    Evidence("rulings", "Requests answered by the rulebook", ("action.ruled",)),
    Evidence(
        "decisions",
        "Decisions by people, with reason and time taken",
        ("proposal.decided", "proposal.edited", "proposal.undone"),
    ),
    Evidence(
        "several",
        "Decisions that needed more than one person",
        ("proposal.vote_counted", "proposal.stage_begun"),
    ),
    Evidence(
        "evidence_read",
        "Cards and evidence opened before deciding",
        ("proposal.looked_at", "evidence.opened"),
    ),
    Evidence(
        "emergencies",
        "Emergencies that went past missing votes, and their review",
        ("proposal.glass_broken", "proposal.glass_reviewed"),
    ),
    Evidence(
        "grants",
        "Single-use grants issued, redeemed, refused, revoked",
        ("grant.issued", "grant.redeemed", "grant.refused", "grant.revoked"),
    ),
    Evidence(
        "stops",
        "Workflows paused and resumed, runs held and stopped",
        (
            "workflow.paused",
            "workflow.resumed",
            "workflow.stage_begun",
            "run.held",
            "run.resumed",
            "run.stopped",
        ),
    ),
    Evidence(
        "runs",
        "What runs told, taken in and sealed",
        ("run.batch_accepted", "run.batch_folded"),
    ),
    Evidence(
        "matching",
        "Changes that systems reported, matched to grants",
        ("change.judged", "change_log.sent"),
    ),
    Evidence(
        "incidents",
        "Changes without a grant, looked into and settled",
        (
            "incident.opened",
            "incident.taken",
            "incident.settled",
            "incident.reopened",
            "incident.healed",
        ),
    ),
    Evidence(
        "weeks",
        "Weekly reviews opened, read, signed and reopened",
        (
            "review.week_opened",
            "review.saved",
            "review.settled",
            "review.week_signed",
            "review.week_reopened",
        ),
    ),
    Evidence(
        "findings",
        "Findings added, carried, closed, and drafted as a change",
        (
            "review.finding_added",
            "review.finding_drafted",
            "review.finding_closed",
            "review.finding_reopened",
        ),
    ),
    Evidence(
        "drift",
        "Drift of human overrides, raised and settled",
        ("review.drift_raised", "review.drift_accepted", "review.drift_dismissed"),
    ),
    Evidence(
        "personal_data",
        "Fields hidden in runs, and hidden values looked at",
        (
            "redaction.field_added",
            "redaction.left_readable",
            "redaction.rule_removed",
            "token.revealed",
        ),
    ),
    Evidence(
        "taken_out",
        "Records taken out of the portal as files",
        (
            "journal.exported",
            "registry.exported",
            "run.list_exported",
            "controls.exported",
        ),
    ),
)
BY_KEY = {each.key: each for each in EVIDENCE}
