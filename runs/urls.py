"""Pages of runs and of the weekly review."""

from django.urls import path

from runs.api import telemetry
from runs.views import (
    caps,
    change_logs,
    costs,
    drift,
    findings,
    incidents,
    integrations,
    knowing,
    linking,
    lists,
    mondays,
    openings,
    redaction,
    reviewing,
    saved_views,
    seen,
    series,
    settling,
    signing,
    steps,
    stories,
    week_files,
    weeks,
)

# With and without a slash: a redirect would lose what an exporter sends.
_TELEMETRY = (
    ("v1/traces", telemetry.traces, "otlp_traces"),
    ("v1/logs", telemetry.logs, "otlp_logs"),
    ("v1/metrics", telemetry.metrics, "otlp_metrics"),
    ("otlp/v1/traces", telemetry.traces, "otlp_base_traces"),
    ("otlp/v1/logs", telemetry.logs, "otlp_base_logs"),
    ("otlp/v1/metrics", telemetry.metrics, "otlp_base_metrics"),
    ("openai/v1/traces/ingest", telemetry.openai_traces, "openai_traces"),
)
urlpatterns = [
    *(path(address, view, name=name) for address, view, name in _TELEMETRY),
    *(
        path(f"{address}/", view, name=f"{name}_slash")
        for address, view, name in _TELEMETRY
    ),
    path("runs/", lists.runs, name="runs"),
    path("runs/week/", lists.runs_week, name="runs_week"),
    path("runs/new/", lists.runs_new, name="runs_new"),
    path("runs/picked/", lists.runs_picked, name="runs_picked"),
    path("runs/export/", lists.runs_export, name="runs_export"),
    path("runs/views/", saved_views.views, name="run_views"),
    path(
        "runs/views/<uuid:run_view_id>/change/",
        saved_views.change,
        name="run_view_change",
    ),
    path(
        "runs/views/<uuid:run_view_id>/remove/",
        saved_views.remove,
        name="run_view_remove",
    ),
    path(
        "runs/views/<uuid:run_view_id>/restore/",
        saved_views.restore,
        name="run_view_restore",
    ),
    path("runs/of/<slug:slug>/recent/", lists.recent_runs, name="runs_recent"),
    path("runs/of/<slug:slug>/caps/", caps.caps, name="runs_caps"),
    path("runs/by/<slug:slug>/", integrations.telling, name="agent_telling"),
    path("runs/by/<slug:slug>/seen/", integrations.seen, name="agent_seen"),
    path("runs/by/<slug:slug>/batches/", integrations.batches, name="agent_batches"),
    path(
        "runs/by/<slug:slug>/batches/<uuid:inbox_id>/",
        integrations.batch,
        name="agent_batch",
    ),
    path(
        "runs/by/<slug:slug>/batches/<uuid:inbox_id>/redrive/",
        integrations.batch_redrive,
        name="agent_batch_redrive",
    ),
    path("runs/<uuid:run_id>/", stories.run, name="run"),
    path("runs/compare/", steps.runs_compare, name="runs_compare"),
    path("runs/<uuid:run_id>/live/", stories.run_live, name="run_live"),
    path("runs/<uuid:run_id>/print/", stories.run_print, name="run_print"),
    path("runs/<uuid:run_id>/steps/", steps.run_steps, name="run_steps"),
    path("runs/<uuid:run_id>/steps/<uuid:event_id>/", steps.run_step, name="run_step"),
    path("runs/<uuid:run_id>/spans/", steps.run_spans, name="run_spans"),
    path("runs/<uuid:run_id>/compare/", steps.run_compare, name="run_compare"),
    path("runs/<uuid:run_id>/story/", stories.run_story, name="run_story_fragment"),
    path("runs/<uuid:run_id>.md", stories.run_markdown, name="run_markdown"),
    path("runs/<uuid:run_id>.json", stories.run_json, name="run_json"),
    path("runs/<uuid:run_id>/flag/", stories.run_flag, name="run_flag"),
    path("runs/<uuid:run_id>/cost/", costs.run_cost, name="run_cost"),
    path("runs/agents/<slug:agent>/cost/", costs.agent_cost, name="agent_cost"),
    path("series/", series.series, name="series"),
    path("series/<slug:slug>/", series.series_one, name="series_one"),
    path("series/<slug:slug>/points.csv", series.series_points, name="series_points"),
    path(
        "series/<slug:slug>/imports/<uuid:brought_id>/",
        series.series_import,
        name="series_import",
    ),
    path(
        "series/<slug:slug>/imports/<uuid:brought_id>/undo/",
        series.series_undo,
        name="series_undo",
    ),
    path(
        "series/<slug:slug>/imports/<uuid:brought_id>/discard/",
        series.series_discard,
        name="series_discard",
    ),
    path("changes/import/", change_logs.change_imports, name="change_imports"),
    path(
        "changes/import/<uuid:log_id>/",
        change_logs.change_import,
        name="change_import",
    ),
    path(
        "changes/import/<uuid:log_id>/columns/",
        change_logs.change_import_columns,
        name="change_import_columns",
    ),
    path(
        "changes/import/<uuid:log_id>/report.csv",
        change_logs.change_import_report,
        name="change_import_report",
    ),
    path(
        "changes/import/<uuid:log_id>/send/",
        change_logs.change_import_send,
        name="change_import_send",
    ),
    path(
        "changes/import/<uuid:log_id>/discard/",
        change_logs.change_import_discard,
        name="change_import_discard",
    ),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/<uuid:incident_id>/", incidents.incident, name="incident"),
    path(
        "incidents/<uuid:incident_id>/take/",
        incidents.incident_take,
        name="incident_take",
    ),
    path(
        "incidents/<uuid:incident_id>/settle/",
        incidents.incident_settle,
        name="incident_settle",
    ),
    path(
        "incidents/<uuid:incident_id>/reopen/",
        incidents.incident_reopen,
        name="incident_reopen",
    ),
    path("incidents/of/<slug:slug>/", incidents.incident_band, name="incident_band"),
    path(
        "incidents/of-run/<uuid:run_id>/",
        incidents.incident_band_of_run,
        name="incident_band_of_run",
    ),
    path("runs/of/<slug:slug>/tasks/", linking.tasks, name="runs_tasks"),
    path(
        "runs/tools/<uuid:tool_id>/dismiss/", linking.tool_dismiss, name="tool_dismiss"
    ),
    path("runs/unplaced/", linking.unplaced, name="unplaced"),
    path(
        "runs/unplaced/<uuid:trace_id>/", linking.unplaced_trace, name="unplaced_trace"
    ),
    path(
        "runs/unplaced/<uuid:trace_id>/dismiss/",
        linking.unplaced_dismiss,
        name="unplaced_dismiss",
    ),
    path(
        "runs/unplaced/<uuid:trace_id>/again/",
        linking.unplaced_again,
        name="unplaced_again",
    ),
    path("runs/<uuid:run_id>/links/", linking.links, name="run_links"),
    path("runs/<uuid:run_id>/merge/", linking.run_merge, name="run_merge"),
    path("runs/hidden/", redaction.redaction, name="redaction_everywhere"),
    path("runs/of/<slug:slug>/hidden/", redaction.redaction, name="redaction"),
    path("runs/of/<slug:slug>/reveals/", redaction.reveals, name="reveals"),
    path(
        "runs/hidden/<uuid:rule_id>/remove/",
        redaction.redaction_remove,
        name="redaction_remove",
    ),
    path(
        "runs/<uuid:run_id>/reveal/<str:token>/",
        redaction.token_reveal,
        name="token_reveal",
    ),
    path("reviews/", weeks.weeks, name="weeks"),
    path("reviews/count/", weeks.weeks_count, name="weeks_count"),
    path("reviews/on/<str:starts_on>/", mondays.monday, name="monday"),
    path("reviews/on/<str:starts_on>/next/", mondays.monday_next, name="monday_next"),
    path("reviews/<uuid:week_id>/", weeks.week, name="week"),
    path(
        "reviews/time/<uuid:workflow_id>/", openings.reading_plan, name="reading_plan"
    ),
    path("reviews/<uuid:week_id>/draw/", openings.week_draw, name="week_draw"),
    path(
        "reviews/<uuid:week_id>/population.tsv",
        openings.week_population,
        name="week_population",
    ),
    path(
        "reviews/decisions/<slug:slug>/<str:starts_on>/",
        drift.week_decisions,
        name="week_decisions",
    ),
    path(
        "reviews/<uuid:week_id>/drift/<uuid:alarm_id>/",
        drift.week_drift,
        name="week_drift",
    ),
    path(
        "reviews/<uuid:week_id>/drift/<uuid:alarm_id>/dismiss/",
        drift.week_drift_dismiss,
        name="week_drift_dismiss",
    ),
    path("reviews/<uuid:week_id>/sign/", weeks.week_sign, name="week_sign"),
    path("reviews/<uuid:week_id>/next/", reviewing.week_next, name="week_next"),
    path("reviews/<uuid:week_id>/finding/", findings.week_finding, name="week_finding"),
    path("reviews/<uuid:week_id>/again/", signing.week_reopen, name="week_reopen"),
    path(
        "reviews/<uuid:week_id>/versions/<int:number>/",
        signing.week_version,
        name="week_version",
    ),
    path("reviews/<uuid:week_id>/week.json", week_files.week_json, name="week_json"),
    path("reviews/<uuid:week_id>/week.zip", week_files.week_zip, name="week_zip"),
    path("reviews/<uuid:week_id>/week.pdf", week_files.week_pdf, name="week_pdf"),
    path("findings/", findings.findings, name="findings"),
    path("findings/<uuid:finding_id>/", findings.finding, name="finding"),
    *(
        path(
            f"findings/<uuid:finding_id>/{deed}/",
            getattr(findings, f"finding_{deed}"),
            name=f"finding_{deed}",
        )
        for deed in ("comment", "redate", "reassign", "close", "reopen", "draft")
    ),
    path("reviews/<uuid:week_id>/runs/<uuid:run_id>/", reviewing.review, name="review"),
    path(
        "reviews/<uuid:week_id>/runs/<uuid:run_id>/take/",
        reviewing.review_take,
        name="review_take",
    ),
    path(
        "reviews/<uuid:week_id>/runs/<uuid:run_id>/finding/",
        reviewing.review_finding,
        name="review_finding",
    ),
    path(
        "reviews/<uuid:week_id>/runs/<uuid:run_id>/settle/",
        settling.review_settle,
        name="review_settle",
    ),
    path(
        "reviews/<uuid:week_id>/runs/<uuid:run_id>/agree/",
        settling.review_agree,
        name="review_agree",
    ),
    path(
        "reviews/<uuid:week_id>/runs/<uuid:run_id>/release/",
        settling.review_release,
        name="review_release",
    ),
    path(
        "reviews/<uuid:week_id>/runs/<uuid:run_id>/known/",
        knowing.known_add,
        name="known_add",
    ),
    path(
        "reviews/<uuid:week_id>/runs/<uuid:run_id>/known/withdraw/",
        knowing.known_withdraw,
        name="known_withdraw",
    ),
    path("reviews/<uuid:week_id>/known/", knowing.week_known, name="week_known"),
    path("reviews/<uuid:week_id>/seen/", seen.week_seen, name="week_seen"),
    path("reviews/again/", settling.follow_ups, name="follow_ups"),
    path("reviews/again/<uuid:follow_up_id>/", settling.follow_up, name="follow_up"),
]
