"""Addresses of the home room."""

from django.urls import path

from portal.home.views import (
    adoption,
    agents,
    assets,
    controls,
    feedback,
    journal,
    numbers,
    phases,
    portfolio,
    preferences,
    replays,
    rollout,
    search,
    start,
    style,
)

urlpatterns = [
    path("", start.start, name="start"),
    path("assets/icons-<slug:digest>.svg", assets.icon_sprite, name="icons"),
    path("theme/", preferences.set_theme, name="set_theme"),
    path("shortcuts/", preferences.shortcuts, name="shortcuts"),
    path("shortcuts/switch/", preferences.set_keys, name="set_keys"),
    path("style/", style.style, name="style"),
    path("search/", search.search, name="search"),
    path("portfolio/", portfolio.portfolio, name="portfolio"),
    path("portfolio/table.csv", portfolio.portfolio_csv, name="portfolio_csv"),
    path("numbers/", numbers.numbers, name="numbers"),
    path("numbers/table.csv", numbers.numbers_csv, name="numbers_csv"),
    path("numbers/table.json", numbers.numbers_json, name="numbers_json"),
    path("numbers/<slug:key>/", numbers.number, name="number"),
    path(
        "numbers/<slug:key>/baseline/", numbers.number_baseline, name="number_baseline"
    ),
    path("numbers/<slug:key>/rows/", numbers.number_rows, name="number_rows"),
    path(
        "numbers/<slug:key>/rows.csv", numbers.number_rows_csv, name="number_rows_csv"
    ),
    path("agents/", agents.agents, name="agents"),
    path("agents/register-an-agent/", agents.agent_add, name="agent_add"),
    path("agents/<slug:slug>/", agents.agent, name="agent"),
    path("agents/<slug:slug>/keys/", agents.agent_key_issue, name="agent_key_issue"),
    path(
        "agents/<slug:slug>/keys/<uuid:key_id>/revoke/",
        agents.agent_key_revoke,
        name="agent_key_revoke",
    ),
    path(
        "agents/<slug:slug>/keys/<uuid:key_id>/rotate/",
        agents.agent_key_rotate,
        name="agent_key_rotate",
    ),
    path("agents/<slug:slug>/switch/", agents.agent_switch, name="agent_switch"),
    path("journal/", journal.journal, name="journal"),
    path("journal/verify/", journal.journal_verify, name="journal_verify"),
    path("journal/export/", journal.journal_export, name="journal_export"),
    path("journal/<uuid:entry_id>/", journal.journal_entry, name="journal_entry"),
    path("workflows/<slug:slug>/phase/", phases.workflow_phase, name="workflow_phase"),
    path("workflows/<slug:slug>/phase/sign/", phases.gate_sign, name="gate_sign"),
    path(
        "workflows/<slug:slug>/phase/withdraw/",
        phases.gate_withdraw,
        name="gate_withdraw",
    ),
    path("workflows/<slug:slug>/phase/move/", phases.gate_move, name="gate_move"),
    path("workflows/<slug:slug>/phase/back/", phases.phase_back, name="phase_back"),
    path("programme/", rollout.programme, name="programme"),
    path("programme/proven/<uuid:proven_id>/", rollout.prove, name="prove"),
    path("programme/quarters/", rollout.quarters, name="quarters"),
    path("programme/quarters/<slug:quarter>/", rollout.quarter, name="quarter"),
    path("programme/adoption/", adoption.adoption, name="adoption"),
    path(
        "programme/office-hours/<uuid:hour_id>/cancel/",
        adoption.office_hour_cancel,
        name="office_hour_cancel",
    ),
    path("feedback/", feedback.feedback, name="feedback"),
    path("feedback/say/", feedback.feedback_say, name="feedback_say"),
    path("feedback/<uuid:feedback_id>/", feedback.feedback_one, name="feedback_one"),
    path(
        "feedback/<uuid:feedback_id>/answer/",
        feedback.feedback_answer,
        name="feedback_answer",
    ),
    path(
        "feedback/<uuid:feedback_id>/reopen/",
        feedback.feedback_reopen,
        name="feedback_reopen",
    ),
    path("programme/controls/", controls.controls, name="controls"),
    path(
        "programme/controls/<slug:key>/",
        controls.control_framework,
        name="control_framework",
    ),
    path(
        "programme/controls/<slug:key>/export/",
        controls.control_export,
        name="control_export",
    ),
    path("replays/", replays.replays, name="replays"),
    path("replays/<uuid:report_id>/", replays.replay, name="replay"),
]
