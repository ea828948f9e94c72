"""What runs are found by, worked out anew: the proof that the rows beside them are exact."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from runs.models import Run, RunEvent, RunIndex
from runs.queries.stories import event_of
from runs.rules.finding import tokens_of
from runs.rules.parts import State, involve

RUNS_AT_ONCE = 1_000
EVENTS_AT_ONCE = 2_000
# What a fold made by an earlier version lacks; nothing else of a fold is touched.
REMEMBERED = ("people", "systems", "merged")
_PUT_RIGHT = """
INSERT INTO runs_runindex AS kept (run_id, workflow_id, started_at, tokens)
SELECT r.id, r.workflow_id, r.started_at, array_to_tsvector(string_to_array(told.tokens, ' '))
  FROM unnest(%s::uuid[], %s::text[]) AS told (id, tokens) JOIN runs_run r ON r.id = told.id
ON CONFLICT (run_id) DO UPDATE SET workflow_id = excluded.workflow_id,
    started_at = excluded.started_at, tokens = excluded.tokens
 WHERE (kept.workflow_id, kept.started_at, kept.tokens) IS DISTINCT FROM
    (excluded.workflow_id, excluded.started_at, excluded.tokens)
"""


@dataclass(frozen=True)
class Reindexed:
    """How many runs were looked at, how many were wrong, and where to go on."""

    count: int
    wrong: int
    last: UUID | None


@operation(leaves="run.index_rebuilt")
def rebuild_run_index(*, actor: Actor, after: UUID) -> Reindexed:
    """Put right what the next thousand runs are found by; `last` is None at the end.

    Their rows are locked meanwhile, ids ascending, so that rulings on others go on.
    Their events are read; four queries besides.
    """
    runs = list(
        Run.objects.select_for_update(no_key=True, of=("self",))
        .filter(id__gt=after)
        .order_by("id")[:RUNS_AT_ONCE]
    )
    _remember(runs)
    RunIndex.objects.filter(run__merged_into__isnull=False).delete()
    wrong = _put_right(runs) if runs else 0
    record("run.index_rebuilt", actor=actor, count=len(runs), wrong=wrong)
    return Reindexed(len(runs), wrong, runs[-1].id if runs else None)


@step
def _remember(runs: list[Run]) -> None:
    """Let each fold know who took part and in which systems, from its events."""
    found: dict[UUID, State] = {run.id: {} for run in runs}
    rows = RunEvent.objects.filter(run_id__in=list(found)).order_by()
    for row in rows.iterator(chunk_size=EVENTS_AT_ONCE):
        involve(found[row.run_id], event_of(row))
    for run in runs:
        known = {name: run.fold[name] for name in REMEMBERED if name in run.fold}
        if known != found[run.id]:
            run.fold = {
                **{k: v for k, v in run.fold.items() if k not in REMEMBERED},
                **found[run.id],
            }
            run.save(update_fields=["fold"])


@step
def _put_right(runs: list[Run]) -> int:
    tokens = [
        " ".join(tokens_of(run.fold, title=run.title, agent_run_id=run.agent_run_id))
        for run in runs
    ]
    with connection.cursor() as cursor:
        cursor.execute(_PUT_RIGHT, [[run.id for run in runs], tokens])
        return cursor.rowcount
