"""Every address by everybody who may knock: one table.

The letters stand for anonymous, agent, outsider, reviewer, owner, risk team, auditor,
administrator, in this order:
    L  led to signing in (a page), or told 401 (a machine)
    H  hidden: 404, as if it were not there
    D  denied: 403, with who can help
    I  in: past the door, whatever the form then comes to
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.doors.world import DRAFT, SUBMITTED

OPEN = "IIIIIIII"
PERSONS = "LLIIIIII"
SEEN = "LLHIIIII"
EDITORS = "LLHDIDDI"
PAUSERS = "LLHDIIDI"
REVIEWERS = "LLHIDDDD"
BREAKERS = "LLHDIIDD"
SIGNERS = "LLHDIIDI"
ADMINISTRATORS = "LLDDDDDI"
ASSESSORS = "LLHDIIDD"
KEEPERS = "LLHDDDDI"
MACHINES = "LILLLLLL"
TRAINERS = "LLDDDIDI"
IMPORTERS = "LLHHIHHI"
LINKERS = "LLHHIHHI"
KEEPS_SOMETHING = "LLDDIDDI"


@dataclass(frozen=True)
class Door:
    """One address and method, what is sent, and how each is answered."""

    name: str
    letters: str
    method: str = "get"
    form: Mapping[str, Any] = field(default_factory=dict)
    slug: str | None = None


def _drafts(*names: str) -> tuple[Door, ...]:
    return tuple(Door(name, SEEN, slug=DRAFT) for name in names)


_REVISION = {"revision": "1", "seen": ""}
_PLAIN_PAGES = (
    *(Door(name, OPEN) for name in ("healthz", "readyz", "metrics", "login")),
    *(Door(name, OPEN) for name in ("icons", "shortcuts", "style")),
    *(Door(name, OPEN) for name in ("api_docs", "api:openapi-json")),
    Door("login", OPEN, "post"),
    Door("logout", "LLLLLLLL", "post"),
    Door("set_theme", OPEN, "post", {"theme": "dark"}),
    Door("set_keys", OPEN, "post", {"keys": "off"}),
)
_MACHINES = (
    Door("api:api-root", "HHHHHHHH"),
    Door("api:ask", MACHINES, "post"),
    Door("api:read", MACHINES),
    Door("api:withdraw", MACHINES, "post"),
    Door("api:answer", MACHINES, "post"),
    Door("api:outcome", MACHINES, "post"),
    Door("api:reissue", MACHINES, "post"),
    Door("api:redeem", MACHINES, "post"),
    Door("api:tell_events", MACHINES, "post"),
    Door("api:ask_to_tell", OPEN),
    Door("api:batch", "LHLLLLLL"),
    *(
        Door(f"{name}{twin}", MACHINES, "post")
        for name in (
            *("otlp_traces", "otlp_logs", "otlp_metrics", "otlp_base_traces"),
            *("otlp_base_logs", "otlp_base_metrics", "openai_traces"),
        )
        for twin in ("", "_slash")
    ),
    Door("api:get_workflow", MACHINES),
)
_GRANTS = (
    Door("callbacks", PERSONS),
    Door("callback_add", KEEPS_SOMETHING),
    Door("callback_add", KEEPS_SOMETHING, "post"),
    Door("callback", SEEN),
    Door("callback", EDITORS, "post", {"change": "ping"}),
    Door("deliveries", PERSONS),
    Door("delivery", SEEN),
    Door("delivery_resend", EDITORS, "post"),
    Door("grants_untold", PERSONS),
    Door("grant", SEEN),
    Door("grant_revoke", SEEN),
    Door("grant_revoke", "LLHIIIDI", "post", {"reason": "Wrong customer"}),
    Door("grant_settle", SEEN),
    Door("grant_settle", "LLHDIIDD", "post", {"status": "failed"}),
)
_ACCOUNTS = (
    Door("people", ADMINISTRATORS),
    Door("person_add", ADMINISTRATORS),
    Door("person_add", ADMINISTRATORS, "post"),
    Door("person", ADMINISTRATORS),
    Door("person_deactivate", ADMINISTRATORS, "post"),
    Door("departments", ADMINISTRATORS),
    Door("departments", ADMINISTRATORS, "post", {"name": "Legal"}),
    Door("times", ADMINISTRATORS),
    Door("times_of", ADMINISTRATORS),
    Door("times_of", ADMINISTRATORS, "post", {"change": "times_reset"}),
    Door("me", PERSONS),
    Door("me_keys", PERSONS, "post", {"keys": "off"}),
    Door("me_password", PERSONS, "post"),
    Door("confirm", PERSONS),
    Door("confirm", PERSONS, "post"),
    Door("notices", PERSONS),
    Door("notices_count", PERSONS),
    Door("notices_live", PERSONS),
    Door("notices_read", PERSONS, "post", {"all": "yes"}),
    Door("my_notices", PERSONS),
    Door("my_notices", PERSONS, "post"),
    Door("notice_hooks", ADMINISTRATORS),
    Door("notice_hooks", ADMINISTRATORS, "post"),
    Door("notice_hook", ADMINISTRATORS),
    Door("notice_hook", ADMINISTRATORS, "post", {"change": "rotate"}),
    Door("notice_post_resend", ADMINISTRATORS, "post"),
)
_RULE = _REVISION | {
    "sentence": "The reason is missing.",
    "effect": "review",
    "fields_missing": "args.reason",
    "signals": "conflicting_records",
}
_LISTS = (
    Door("workflows_export", PERSONS, "post"),
    Door("who_may", PERSONS),
    Door("who_may_export", PERSONS, "post", {"verb": "refund"}),
    Door("heat_map", PERSONS),
    Door("workflow_views", PERSONS),
    Door("workflow_view_new", PERSONS),
    Door("workflow_view_new", PERSONS, "post", {"name": "Mine"}),
    Door("workflow_view", "LLHHIHHH"),
    Door("workflow_view", "LLHHIHHH", "post", {"change": "share", "is": "on"}),
    Door("view_remove", "LLHHIHHH", "post"),
    Door("view_restore", "LLHHIHHH", "post"),
)
_REGISTRY = (
    *_LISTS,
    Door("workflows", PERSONS),
    Door("training", TRAINERS),
    Door("my_training", PERSONS),
    Door("training_person", "LLHHHIHI"),
    Door("training_record", TRAINERS),
    Door("training_record", TRAINERS, "post"),
    Door("training_import", TRAINERS),
    Door("training_import", TRAINERS, "post"),
    Door("training_courses", PERSONS),
    Door("training_courses", ADMINISTRATORS, "post", {"change": "add"}),
    Door("completion_withdraw", TRAINERS, "post", {"reason": "Wrong person."}),
    Door("models", PERSONS),
    Door("models", ADMINISTRATORS, "post", {"change": "add"}),
    Door("model_retire", ADMINISTRATORS),
    Door("model_retire", ADMINISTRATORS, "post"),
    Door("system_retire", ADMINISTRATORS),
    Door("system_retire", ADMINISTRATORS, "post"),
    Door("systems", PERSONS),
    Door(
        "systems",
        ADMINISTRATORS,
        "post",
        {"change": "add", "name": "Warehouse", "slug": "warehouse"},
    ),
    Door("imports", PERSONS),
    Door("imports", PERSONS, "post"),
    *(
        Door(name, IMPORTERS)
        for name in ("import_page", "import_columns", "import_report", "import_undo")
    ),
    *(
        Door(name, IMPORTERS, "post")
        for name in ("import_columns", "import_apply", "import_undo", "import_discard")
    ),
    Door("workflow_new", PERSONS),
    Door("workflow_new", PERSONS, "post"),
    Door("workflow", SEEN),
    Door("workflow_page", SEEN),
    Door("workflow_page_toml", SEEN),
    Door("workflow_page_pdf", SEEN),
    Door("workflow_page_text", SEEN),
    Door("version_page_toml", SEEN),
    Door("version_page_pdf", SEEN),
    Door("version_page_text", SEEN),
    Door("packet_json", SEEN, slug=SUBMITTED),
    Door("packet_pdf", SEEN, slug=SUBMITTED),
    Door("version_packet_json", SEEN),
    Door("version_packet_pdf", SEEN),
    Door("workflow_versions", SEEN),
    Door("workflow_version", SEEN),
    Door("version_roll_back", "LLHDIDDD", "post", {"reason": "It was better before."}),
    Door("workflow_agents", SEEN),
    Door("workflow_agents", EDITORS, "post", {"change": "assign", "agent": "<agent>"}),
    Door("workflow_agent_remove", SEEN),
    Door("workflow_agent_remove", EDITORS, "post"),
    Door("workflow_people", SEEN),
    Door(
        "workflow_people",
        "LLHDIDDI",
        "post",
        {"change": "remove_reviewer", "person": "<person>"},
    ),
    Door("grants_in_flight", SEEN),
    Door("teams", PERSONS),
    Door("teams", PERSONS, "post", {"change": "add", "name": "Nobody"}),
    Door("positions", PERSONS),
    Door(
        "positions",
        ADMINISTRATORS,
        "post",
        {
            "change": "fill",
            "position": "<position>",
            "person": "<person>",
            "note": "Maya moves.",
        },
    ),
    Door("role_hand_over", SEEN),
    Door(
        "role_hand_over",
        EDITORS,
        "post",
        {"receiver": "<person>", "note": "Mondays."},
    ),
    Door("hand_over", SEEN),
    Door("hand_over", PAUSERS, "post", {"answer": "end"}),
    Door("workflow_stage", PAUSERS, "post", {"change": "next", "stage": "<position>"}),
    Door("workflow_pause", SEEN),
    Door("workflow_pause", PAUSERS, "post", {"reason": "Something smells."}),
    Door("workflow_resume", SEEN),
    Door("workflow_resume", PAUSERS, "post", {"reason": "It was nothing."}),
    *_drafts(
        *("workflow_draft", "draft_discard", "draft_basics", "draft_load"),
        *("draft_answer", "draft_matrix", "draft_cell", "draft_guardrail"),
        *("draft_caps", "draft_stop_rules", "draft_stop_rule_new"),
        *("draft_stop_rule", "draft_checks", "draft_person"),
    ),
    Door("draft_new", EDITORS, "post"),
    Door("draft_discard", EDITORS, "post", _REVISION, slug=DRAFT),
    Door(
        "draft_basics",
        EDITORS,
        "post",
        _REVISION
        | {"name": "Orders", "phase": "4", "risk": "medium", "currency": "EUR"},
        slug=DRAFT,
    ),
    Door("draft_load", EDITORS, "post", _REVISION | {"text": "<page>"}, slug=DRAFT),
    Door("draft_submit", EDITORS, "post", _REVISION, slug=DRAFT),
    Door("draft_person", EDITORS, "post", {"person": "<person>"}, slug=DRAFT),
    Door("draft_answer", EDITORS, "post", _REVISION | {"text": "Much."}, slug=DRAFT),
    Door(
        "draft_cell",
        EDITORS,
        "post",
        _REVISION | {"authority": "never"},
        slug=DRAFT,
    ),
    Door("draft_cells", EDITORS, "post", {"cell": "billing.refund"}, slug=DRAFT),
    Door("draft_tools", EDITORS, "post", {"tool": "pay_back"}, slug=DRAFT),
    Door("draft_matrix_undo", EDITORS, "post", slug=DRAFT),
    Door("draft_matrix_redo", EDITORS, "post", slug=DRAFT),
    Door("draft_matrix_paste", SEEN, slug=DRAFT),
    Door("draft_matrix_paste", SEEN, "post", {"text": "allowed"}, slug=DRAFT),
    Door("draft_guardrail", EDITORS, "post", _REVISION, slug=DRAFT),
    Door(
        "draft_caps",
        EDITORS,
        "post",
        _REVISION
        | {"key": "a-day", "kind": "count", "limit": "9", "window_hours": "24"},
        slug=DRAFT,
    ),
    Door("draft_unsaved", EDITORS, "post", {"key": "a-day"}, slug=DRAFT),
    Door("draft_stop_rule_new", EDITORS, "post", _RULE, slug=DRAFT),
    Door("draft_stop_rule", EDITORS, "post", _RULE, slug=DRAFT),
    Door(
        "draft_checks",
        EDITORS,
        "post",
        _REVISION | {"name": "order exists"},
        slug=DRAFT,
    ),
    Door(
        "draft_remove",
        EDITORS,
        "post",
        _REVISION | {"key": "refunds-a-day"},
        slug=DRAFT,
    ),
    Door("workflow_packet", SEEN, slug=SUBMITTED),
    Door(
        "packet_sign",
        "LLHDIDDD",
        "post",
        {"role": "business_owner", "digest": "sha256:stale"},
        slug=SUBMITTED,
    ),
    Door("signature_withdraw", SEEN, "post", slug=SUBMITTED),
    Door("version_withdraw", EDITORS, "post", slug=SUBMITTED),
    Door("version_launch", "LLHDIDDD", "post", slug=SUBMITTED),
)
_RUNS = (
    Door("runs", PERSONS),
    Door("runs_week", PERSONS),
    Door("runs_new", PERSONS),
    Door("runs_picked", PERSONS),
    Door("runs_export", PERSONS, "post"),
    Door("run_views", PERSONS),
    Door("run_views", PERSONS, "post", {"name": "Failed", "state": "FAILED"}),
    Door("run_view_change", "LLHIHHHH", "post", {"change": "default", "is": "on"}),
    Door("run_view_remove", "LLHIHHHH", "post"),
    Door("run_view_restore", "LLHIHHHH", "post"),
    Door("runs_recent", SEEN),
    Door("runs_caps", SEEN),
    Door("agent_telling", SEEN),
    Door("agent_seen", SEEN),
    Door("agent_batches", SEEN),
    Door("agent_batch", SEEN),
    Door("agent_batch_redrive", EDITORS, "post"),
    Door("run", SEEN),
    Door("run_story_fragment", SEEN),
    Door("run_live", SEEN),
    Door("run_print", SEEN),
    Door("run_steps", SEEN),
    Door("run_step", SEEN),
    Door("run_spans", SEEN),
    Door("run_compare", SEEN),
    Door("runs_compare", PERSONS),
    Door("run_markdown", SEEN),
    Door("run_json", SEEN),
    Door("run_flag", SEEN, "post"),
    Door("run_links", SEEN),
    Door("run_merge", LINKERS),
    Door("run_merge", LINKERS, "post", {"into": "", "reason": ""}),
    Door("runs_tasks", SEEN),
    Door("tool_dismiss", LINKERS),
    Door("tool_dismiss", LINKERS, "post", {"reason": ""}),
    Door("unplaced", PERSONS),
    Door("unplaced_trace", LINKERS),
    Door("unplaced_trace", LINKERS, "post", {"run": "own", "reason": ""}),
    Door("unplaced_dismiss", LINKERS, "post", {"why": ""}),
    Door("unplaced_again", LINKERS, "post"),
    Door("redaction", SEEN),
    Door("redaction", SIGNERS, "post", {"change": "hide", "path": "args.name"}),
    Door("redaction_everywhere", PERSONS),
    Door(
        "redaction_everywhere",
        ADMINISTRATORS,
        "post",
        {"change": "hide", "path": "**.iban"},
    ),
    Door("redaction_remove", BREAKERS),
    Door("redaction_remove", BREAKERS, "post", {"reason": "It is no secret."}),
    Door("reveals", SEEN),
    Door("token_reveal", BREAKERS),
    Door("token_reveal", BREAKERS, "post", {"reason": "A customer asks for it."}),
    Door("weeks", PERSONS),
    Door("weeks_count", PERSONS),
    Door("week", SEEN),
    Door("week_draw", SEEN),
    Door("week_population", SEEN),
    Door("reading_plan", SEEN),
    Door("reading_plan", ASSESSORS, "post", {"minutes_a_week": "180"}),
    Door("week_sign", ASSESSORS, "post", {"summary": "All is well."}),
    Door("week_next", ASSESSORS, "post"),
    Door("week_finding", ASSESSORS),
    Door("week_finding", ASSESSORS, "post"),
    Door("findings", PERSONS),
    Door("finding", SEEN),
    Door("finding_comment", SEEN, "post", {"text": "I saw it too."}),
    Door("finding_redate", ASSESSORS, "post", {"due_on": "2099-01-01", "reason": "x"}),
    Door("finding_reassign", ASSESSORS, "post", {"reason": "x"}),
    Door("finding_reopen", ASSESSORS, "post", {"reason": "Not done."}),
    Door("finding_draft", SEEN),
    Door("finding_draft", EDITORS, "post", {"go": "draft", "way": "confidence"}),
    Door("finding_close", ASSESSORS, "post", {"evidence": "The feed is hourly now."}),
    Door("review", ASSESSORS),
    Door("review", ASSESSORS, "post"),
    Door("review_take", ASSESSORS, "post"),
    Door("review_finding", ASSESSORS, "post"),
    Door("review_settle", ASSESSORS, "post"),
    Door("review_agree", ASSESSORS, "post"),
    Door("review_release", ASSESSORS, "post"),
    Door("follow_ups", PERSONS),
    Door("follow_up", "LLHDDIDD", "post"),
)
_SETTLED = {"disposition": "RESUMED", "text": "Looked into it."}
_SAID = {"message": "Where is the receipt?", "digest": "<digest>"}
_INBOX = (
    Door("rulings_past", SEEN),
    Door("rulings_try", SEEN, "post", _RULE, slug=DRAFT),
    Door("rulings_fired", SEEN),
    Door("rulings_fired_by", SEEN),
    Door("rulings_guardrail", SEEN),
    Door("backtests", SIGNERS),
    Door("backtests", SIGNERS, "post", {"days": "30"}),
    Door("backtest", SIGNERS),
    Door("backtest_rows", SIGNERS),
    Door("backtest_stop", SIGNERS, "post"),
    Door("backtest_attach", SIGNERS, "post"),
    Door("backtest_of", SEEN),
    Door("exceptions", PERSONS),
    Door("exceptions_count", PERSONS),
    Door("exception", SEEN),
    Door("exception_settle", "LLHDDDDD", "post", _SETTLED),
    Door("exception_take", "LLHDDDDD", "post"),
    Door("exception_comment", SEEN, "post", {"text": "Looked at the log."}),
    Door("run_cost", SEEN),
    Door("agent_cost", PERSONS),
    Door("change_imports", "LLDDDIDI"),
    Door("change_imports", "LLDDDIDI", "post"),
    Door("change_import", "LLHHHIHI"),
    Door("change_import_columns", "LLHHHIHI"),
    Door("change_import_columns", "LLHHHIHI", "post"),
    Door("change_import_report", "LLHHHIHI"),
    Door("change_import_send", "LLHHHIHI", "post"),
    Door("change_import_discard", "LLHHHIHI", "post"),
    Door("incidents", PERSONS),
    Door("incident", SEEN),
    Door("incident_grants", SEEN),
    Door("incident_band", SEEN),
    Door("incident_band_of_run", SEEN),
    Door("incident_take", "LLHDIIDD", "post"),
    Door("incident_settle", "LLHDIIDD", "post", {"way": "CONFIRMED"}),
    Door("incident_reopen", "LLHDIIDD", "post", {"text": "Look again."}),
    Door("inbox", PERSONS),
    Door("inbox_count", PERSONS),
    Door("inbox_live", PERSONS),
    Door("inbox_filter", PERSONS),
    Door("inbox_filters", PERSONS),
    Door("inbox_filters", PERSONS, "post", {"name": "High", "risk": "high"}),
    Door("inbox_filter_change", "LLHIHHHH", "post", {"change": "default", "is": "on"}),
    Door("inbox_filter_remove", "LLHIHHHH", "post"),
    Door("inbox_filter_restore", "LLHIHHHH", "post"),
    Door("inbox_batch", PERSONS),
    Door("inbox_batch", PERSONS, "post"),
    Door("inbox_batch_decide", PERSONS, "post"),
    Door("inbox_batch_result", "LLHIHHHH"),
    Door("inbox_batch_go", "LLHIHHHH", "post"),
    Door("inbox_batch_undo", "LLHIHHHH", "post"),
    Door("inbox_card", SEEN),
    *(
        Door(name, SEEN)
        for name in (
            *("inbox_edit", "inbox_reject", "inbox_respond"),
            *("inbox_ask", "inbox_escalate", "inbox_comment"),
        )
    ),
    Door("inbox_approve", REVIEWERS, "post", {"digest": "<digest>"}),
    Door("inbox_edit", REVIEWERS, "post", {"digest": "<digest>"}),
    Door("inbox_edit_preview", REVIEWERS, "post", {"digest": "<digest>"}),
    Door(
        "inbox_reject",
        REVIEWERS,
        "post",
        {"digest": "<digest>", "reason_code": "wrong_amount"},
    ),
    Door("inbox_respond", REVIEWERS, "post", _SAID),
    Door("inbox_undo", SEEN, "post"),
    Door("inbox_ask", REVIEWERS, "post", _SAID),
    Door("inbox_break_glass", BREAKERS),
    Door("inbox_break_glass", BREAKERS, "post"),
    Door("break_glass_list", PERSONS),
    Door("break_glass_count", PERSONS),
    Door("break_glass", SEEN),
    Door("break_glass", "LLHDIDDD", "post", {"verdict": "ACCEPTED", "text": "Right."}),
    Door("break_glass_band", SEEN),
    Door("break_glass_band_of_run", PERSONS),
    Door("inbox_escalate", REVIEWERS, "post", _SAID),
    Door("inbox_snoozed", PERSONS),
    Door("inbox_snooze", SEEN),
    Door("inbox_snooze", REVIEWERS, "post", {"until": "own", "at": "2000-01-01T10:00"}),
    Door("inbox_unsnooze", SEEN, "post"),
    Door("my_absence", PERSONS),
    Door("my_absence", PERSONS, "post", {"change": "plan", "reason": ""}),
    Door("inbox_assign", SEEN),
    Door("inbox_assign", "LLHIIDDI", "post", {"person": "<person>"}),
    Door("inbox_give_back", SEEN, "post"),
    Door("inbox_claim", REVIEWERS, "post"),
    Door("inbox_looked", SEEN, "post"),
    Door("inbox_comment", SEEN, "post", _SAID),
    Door("inbox_evidence", SEEN, "post"),
)
_HOME = (
    Door("start", PERSONS),
    Door("search", PERSONS),
    Door("numbers", PERSONS),
    Door("number", PERSONS),
    Door("agents", PERSONS),
    Door("agent_add", ADMINISTRATORS),
    Door("agent_add", ADMINISTRATORS, "post"),
    Door("agent", SEEN),
    Door("agent_key_issue", EDITORS, "post"),
    Door("agent_key_revoke", EDITORS),
    Door("agent_key_revoke", EDITORS, "post"),
    Door("agent_key_rotate", EDITORS),
    Door("agent_key_rotate", EDITORS, "post"),
    Door("agent_switch", EDITORS, "post", {"is": "off"}),
    Door("journal", PERSONS),
    Door("journal_verify", "LLDDDIII"),
    Door("journal_export", PERSONS, "post", {"form": "csv"}),
    Door("journal_entry", SEEN),
    Door("replays", PERSONS),
    Door("replay", "LLHHHHHH"),
)
DOORS = (
    *_PLAIN_PAGES,
    *_MACHINES,
    *_GRANTS,
    *_ACCOUNTS,
    *_REGISTRY,
    *_RUNS,
    *_INBOX,
    *_HOME,
)
