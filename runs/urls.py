"""Pages of runs and of the weekly review."""

from django.urls import path

from runs.views import lists, stories

urlpatterns = [
    path("runs/", lists.runs, name="runs"),
    path("runs/of/<slug:slug>/recent/", lists.recent_runs, name="runs_recent"),
    path("runs/<uuid:run_id>/", stories.run, name="run"),
    path("runs/<uuid:run_id>/story/", stories.run_story, name="run_story_fragment"),
    path("runs/<uuid:run_id>.md", stories.run_markdown, name="run_markdown"),
    path("runs/<uuid:run_id>.json", stories.run_json, name="run_json"),
    path("runs/<uuid:run_id>/resume/", stories.run_resume, name="run_resume"),
    path("runs/<uuid:run_id>/flag/", stories.run_flag, name="run_flag"),
]
