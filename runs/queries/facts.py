"""What a ruling reads about the run that asks."""

from uuid import UUID

from registry.rules.rulebook import RunFacts
from runs.models import Run, RunEvent
from runs.rules.stopping import failures_open

TOOL_EVENTS_MAX = 200


def run_facts(run_id: UUID) -> RunFacts:
    """Count a run's steps and the tool failures nothing has made good. One or two queries."""
    fold = Run.objects.filter(id=run_id).values_list("fold", flat=True).first() or {}
    steps = fold.get("events", 0)
    if not fold.get("tool_errors"):
        return RunFacts(tool_failures_open=0, steps=steps)
    newest = (
        RunEvent.objects.filter(run_id=run_id, kind="tool.called")
        .order_by("-at", "-id")
        .values_list("facts__tool", "facts__status")[:TOOL_EVENTS_MAX]
    )
    return RunFacts(tool_failures_open=failures_open(reversed(newest)), steps=steps)
