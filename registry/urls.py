"""Addresses of the registry's pages."""

from django.urls import path

from registry.views import (
    acceptable_use,
    agents,
    answering,
    capability,
    catalogue,
    ceilings,
    drafting,
    duties,
    guardrail,
    importing,
    lists,
    matrix,
    matrix_paste,
    measures,
    models,
    outputs,
    overview,
    packet_files,
    packets,
    pausing,
    people,
    phases,
    readiness,
    registering,
    rights,
    rules,
    saved_views,
    teams,
    techniques,
    timing,
    tools,
    training,
    versions,
    who_may,
)

urlpatterns = [
    path("systems/", catalogue.systems, name="systems"),
    path(
        "systems/<uuid:system_id>/retire/", models.system_retire, name="system_retire"
    ),
    path("ceilings/", ceilings.ceilings, name="ceilings"),
    path("ceilings/new/", ceilings.ceiling_new, name="ceiling_new"),
    path("ceilings/<uuid:ceiling_id>/", ceilings.ceiling, name="ceiling"),
    path(
        "ceilings/<uuid:ceiling_id>/change/",
        ceilings.ceiling_change,
        name="ceiling_change",
    ),
    path("requests/", capability.capability_requests, name="capability_requests"),
    path(
        "requests/<uuid:request_id>/",
        capability.capability_request,
        name="capability_request",
    ),
    path(
        "workflows/<slug:slug>/ask/", capability.capability_ask, name="capability_ask"
    ),
    path("decision-rights/", rights.decision_rights, name="decision_rights"),
    path("training/", training.training, name="training"),
    path("training/mine/", training.my_training, name="my_training"),
    path("training/record/", training.training_record, name="training_record"),
    path("training/import/", training.training_import, name="training_import"),
    path("training/courses/", training.training_courses, name="training_courses"),
    path(
        "training/people/<uuid:person_id>/",
        training.training_person,
        name="training_person",
    ),
    path(
        "training/completions/<uuid:completion_id>/withdraw/",
        training.completion_withdraw,
        name="completion_withdraw",
    ),
    path("programme/readiness/", readiness.readiness, name="readiness"),
    path(
        "programme/readiness/<slug:department>/",
        readiness.readiness_department,
        name="readiness_department",
    ),
    path(
        "programme/readiness/<slug:department>/submit/",
        readiness.readiness_submit,
        name="readiness_submit",
    ),
    path(
        "programme/readiness/<slug:department>/answer/<slug:pillar>/",
        readiness.readiness_answer,
        name="readiness_answer",
    ),
    path(
        "programme/readiness/<slug:department>/<uuid:assessment_id>/",
        readiness.readiness_closed,
        name="readiness_closed",
    ),
    path("workflows/<slug:slug>/one-more/", packets.focus_pass, name="focus_pass"),
    path(
        "workflows/<slug:slug>/launch-without-readiness/",
        readiness.readiness_waive,
        name="readiness_waive",
    ),
    path("models/", models.models, name="models"),
    path("tools/", tools.tools, name="tools"),
    path("tools/<uuid:mapped_id>/", tools.tool, name="tool"),
    path("models/<uuid:model_id>/retire/", models.model_retire, name="model_retire"),
    path("times/", timing.times, name="times"),
    path("times/<slug:level>/<slug:slug>/", timing.times_of, name="times_of"),
    path("phases/", phases.phases, name="phases"),
    path("workflows/", lists.workflows, name="workflows"),
    path("workflows/export/", lists.workflows_export, name="workflows_export"),
    path("workflows/who-may/", who_may.who_may_page, name="who_may"),
    path("workflows/who-may/export/", who_may.who_may_export, name="who_may_export"),
    path("workflows/heat-map/", who_may.heat_map, name="heat_map"),
    path("workflows/views/", saved_views.views, name="workflow_views"),
    path("workflows/views/new/", saved_views.view_new, name="workflow_view_new"),
    path("workflows/views/<uuid:view_id>/", saved_views.view, name="workflow_view"),
    path(
        "workflows/views/<uuid:view_id>/remove/",
        saved_views.view_remove,
        name="view_remove",
    ),
    path(
        "workflows/views/<uuid:view_id>/restore/",
        saved_views.view_restore,
        name="view_restore",
    ),
    path("workflows/new/", registering.workflow_new, name="workflow_new"),
    path("workflows/import/", importing.imports, name="imports"),
    path(
        "workflows/import/<uuid:import_id>/", importing.import_page, name="import_page"
    ),
    path(
        "workflows/import/<uuid:import_id>/columns/",
        importing.import_columns,
        name="import_columns",
    ),
    path(
        "workflows/import/<uuid:import_id>/report/",
        importing.import_report,
        name="import_report",
    ),
    path(
        "workflows/import/<uuid:import_id>/apply/",
        importing.import_apply,
        name="import_apply",
    ),
    path(
        "workflows/import/<uuid:import_id>/undo/",
        importing.import_undo,
        name="import_undo",
    ),
    path(
        "workflows/import/<uuid:import_id>/discard/",
        importing.import_discard,
        name="import_discard",
    ),
    path("workflows/<slug:slug>/", overview.workflow, name="workflow"),
    path("workflows/<slug:slug>/page/", overview.workflow_page, name="workflow_page"),
    path(
        "workflows/<slug:slug>/page.pdf", outputs.page_as_pdf, name="workflow_page_pdf"
    ),
    path(
        "workflows/<slug:slug>/page.txt",
        outputs.page_as_text,
        name="workflow_page_text",
    ),
    path(
        "workflows/<slug:slug>/page.toml",
        outputs.page_as_toml,
        name="workflow_page_toml",
    ),
    path(
        "workflows/<slug:slug>/draft/", drafting.workflow_draft, name="workflow_draft"
    ),
    path("workflows/<slug:slug>/draft/new/", drafting.draft_new, name="draft_new"),
    path(
        "workflows/<slug:slug>/draft/discard/",
        drafting.draft_discard,
        name="draft_discard",
    ),
    path(
        "workflows/<slug:slug>/draft/basics/",
        answering.draft_basics,
        name="draft_basics",
    ),
    path("workflows/<slug:slug>/draft/load/", drafting.draft_load, name="draft_load"),
    path(
        "workflows/<slug:slug>/draft/submit/", packets.draft_submit, name="draft_submit"
    ),
    path(
        "workflows/<slug:slug>/draft/people/<slug:role>/",
        registering.draft_person,
        name="draft_person",
    ),
    path(
        "workflows/<slug:slug>/draft/answers/<slug:question>/",
        answering.draft_answer,
        name="draft_answer",
    ),
    path(
        "workflows/<slug:slug>/draft/matrix/", matrix.draft_matrix, name="draft_matrix"
    ),
    path(
        "workflows/<slug:slug>/draft/matrix/cells/",
        matrix.draft_cells,
        name="draft_cells",
    ),
    path(
        "workflows/<slug:slug>/draft/matrix/undo/",
        matrix.draft_matrix_undo,
        name="draft_matrix_undo",
    ),
    path(
        "workflows/<slug:slug>/draft/matrix/redo/",
        matrix.draft_matrix_redo,
        name="draft_matrix_redo",
    ),
    path(
        "workflows/<slug:slug>/draft/matrix/paste/",
        matrix_paste.draft_matrix_paste,
        name="draft_matrix_paste",
    ),
    path(
        "workflows/<slug:slug>/draft/matrix/<slug:system>/<slug:verb>/tools/",
        matrix.draft_tools,
        name="draft_tools",
    ),
    path(
        "workflows/<slug:slug>/draft/matrix/<slug:system>/<slug:verb>/",
        matrix.draft_cell,
        name="draft_cell",
    ),
    path(
        "workflows/<slug:slug>/draft/guardrails/",
        guardrail.draft_guardrail,
        name="draft_guardrail",
    ),
    path(
        "workflows/<slug:slug>/draft/targets/",
        measures.draft_measures,
        name="draft_measures",
    ),
    path(
        "workflows/<slug:slug>/draft/targets/<slug:part>/remove/",
        measures.draft_measure_remove,
        name="draft_measure_remove",
    ),
    path("workflows/<slug:slug>/draft/end/", techniques.draft_end, name="draft_end"),
    path("workflows/<slug:slug>/take-up/", techniques.take_up, name="workflow_take_up"),
    path(
        "workflows/<slug:slug>/draft/technique/",
        techniques.draft_technique,
        name="draft_technique",
    ),
    path(
        "workflows/<slug:slug>/draft/groups/", phases.draft_groups, name="draft_groups"
    ),
    path("workflows/<slug:slug>/draft/caps/", rules.draft_caps, name="draft_caps"),
    path(
        "workflows/<slug:slug>/draft/stop-rules/",
        rules.draft_stop_rules,
        name="draft_stop_rules",
    ),
    path(
        "workflows/<slug:slug>/draft/stop-rules/new/<slug:kind>/",
        rules.draft_stop_rule_new,
        name="draft_stop_rule_new",
    ),
    path(
        "workflows/<slug:slug>/draft/stop-rules/<slug:key>/",
        rules.draft_stop_rule,
        name="draft_stop_rule",
    ),
    path(
        "workflows/<slug:slug>/draft/checks/", rules.draft_checks, name="draft_checks"
    ),
    path(
        "workflows/<slug:slug>/draft/unsaved/<slug:form>/",
        rules.draft_unsaved,
        name="draft_unsaved",
    ),
    path(
        "workflows/<slug:slug>/draft/remove/<slug:part>/",
        rules.draft_remove,
        name="draft_remove",
    ),
    path(
        "workflows/<slug:slug>/packet/", packets.workflow_packet, name="workflow_packet"
    ),
    path(
        "workflows/<slug:slug>/packet.json",
        packet_files.packet_as_json,
        name="packet_json",
    ),
    path(
        "workflows/<slug:slug>/packet.pdf",
        packet_files.packet_as_pdf,
        name="packet_pdf",
    ),
    path(
        "workflows/<slug:slug>/versions/<int:number>/packet.json",
        packet_files.packet_as_json,
        name="version_packet_json",
    ),
    path(
        "workflows/<slug:slug>/versions/<int:number>/packet.pdf",
        packet_files.packet_as_pdf,
        name="version_packet_pdf",
    ),
    path("workflows/<slug:slug>/packet/sign/", packets.packet_sign, name="packet_sign"),
    path(
        "workflows/<slug:slug>/packet/withdraw-signature/",
        packets.signature_withdraw,
        name="signature_withdraw",
    ),
    path(
        "workflows/<slug:slug>/packet/withdraw/",
        packets.version_withdraw,
        name="version_withdraw",
    ),
    path(
        "workflows/<slug:slug>/packet/launch/",
        packets.version_launch,
        name="version_launch",
    ),
    path(
        "workflows/<slug:slug>/versions/",
        versions.workflow_versions,
        name="workflow_versions",
    ),
    path(
        "workflows/<slug:slug>/versions/<int:number>/",
        versions.workflow_version,
        name="workflow_version",
    ),
    path(
        "workflows/<slug:slug>/versions/<int:number>/page.pdf",
        outputs.page_as_pdf,
        name="version_page_pdf",
    ),
    path(
        "workflows/<slug:slug>/versions/<int:number>/page.txt",
        outputs.page_as_text,
        name="version_page_text",
    ),
    path(
        "workflows/<slug:slug>/versions/<int:number>/page.toml",
        outputs.page_as_toml,
        name="version_page_toml",
    ),
    path(
        "workflows/<slug:slug>/versions/<int:number>/roll-back/",
        versions.version_roll_back,
        name="version_roll_back",
    ),
    path("workflows/<slug:slug>/team/", rights.workflow_team, name="workflow_team"),
    path(
        "workflows/<slug:slug>/people/", people.workflow_people, name="workflow_people"
    ),
    path(
        "workflows/<slug:slug>/agents/", agents.workflow_agents, name="workflow_agents"
    ),
    path(
        "workflows/<slug:slug>/agents/<slug:agent>/remove/",
        agents.workflow_agent_remove,
        name="workflow_agent_remove",
    ),
    path("workflows/<slug:slug>/pause/", pausing.workflow_pause, name="workflow_pause"),
    path(
        "workflows/<slug:slug>/resume/", pausing.workflow_resume, name="workflow_resume"
    ),
    path(
        "programme/acceptable-use/",
        acceptable_use.acceptable_use,
        name="acceptable_use",
    ),
    path(
        "programme/acceptable-use/acknowledge/",
        acceptable_use.acceptable_use_acknowledge,
        name="acceptable_use_acknowledge",
    ),
    path("positions/", duties.positions, name="positions"),
    path("teams/", teams.teams, name="teams"),
    path("hand-overs/<uuid:hand_over_id>/", duties.hand_over, name="hand_over"),
    path(
        "workflows/<slug:slug>/people/<slug:role>/hand-over/",
        duties.role_hand_over,
        name="role_hand_over",
    ),
    path("workflows/<slug:slug>/stage/", pausing.workflow_stage, name="workflow_stage"),
]
