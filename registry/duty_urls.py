"""Addresses of the pages about roles, positions and the stages of a resume."""

from django.urls import path

from registry.views import duties, pausing

urlpatterns = [
    path("positions/", duties.positions, name="positions"),
    path("hand-overs/<uuid:hand_over_id>/", duties.hand_over, name="hand_over"),
    path(
        "workflows/<slug:slug>/people/<slug:role>/hand-over/",
        duties.role_hand_over,
        name="role_hand_over",
    ),
    path("workflows/<slug:slug>/stage/", pausing.workflow_stage, name="workflow_stage"),
]
