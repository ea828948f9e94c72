"""One more run of a week is added to a finding that is open already, so no double is made."""

from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, NotFound
from runs.models import FindingMove, SampledRun
from runs.operations.findings import (
    FACT_MAX,
    TEXT_MAX,
    locked_open_finding,
    note_move,
)
from runs.operations.weeks import locked_week
from runs.queries.answers import readings_of, shown


@operation(leaves="review.finding_seen_again")
def see_finding_again(
    *, actor: Actor, week_id: UUID, run_id: UUID, finding_id: UUID, now: datetime
) -> None:
    """Add a run of an open week to a finding of its workflow that is open already.

    Locks the week, then the finding. Raises NotFound, Forbidden, and AlreadyDone for a
    finding that is closed or names the run.
    """
    week = locked_week(actor=actor, week_id=week_id)
    finding = locked_open_finding(actor=actor, finding_id=finding_id)
    sampled = (
        SampledRun.to_read.filter(shown(), week=week, run_id=run_id)
        .select_related("run")
        .first()
    )
    if sampled is None or finding.workflow_id != week.workflow_id:
        raise NotFound("This run and this finding are not of the same workflow.")
    (readings,) = readings_of([week.id], run_id=run_id).values()
    if not readings.is_open:
        raise AlreadyDone(
            "finding.blind",
            "A second person still reads this run without knowing what others saw."
            " Add it once both have answered.",
        )
    again = finding.moves.filter(
        kind=FindingMove.Kind.ALSO_SEEN, facts__run=str(run_id)
    )
    if finding.sampled_id == sampled.id or again.exists():
        raise AlreadyDone("finding.names_run", "The finding names this run already.")
    title = sampled.run.title or f"Run {sampled.run.agent_run_id}"
    link = {"kind": "run", "id": str(run_id), "words": title[:FACT_MAX]}
    facts = {"run": str(run_id), "links": [link]}
    note_move(
        finding,
        FindingMove.Kind.ALSO_SEEN,
        actor,
        now,
        text=title[:TEXT_MAX],
        facts=facts,
    )
    record(
        "review.finding_seen_again",
        actor=actor,
        subject=("finding", finding.id),
        workflow_id=finding.workflow_id,
        run=sampled.run.agent_run_id,
    )
