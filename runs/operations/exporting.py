"""Taking a list of runs out of the portal is on record."""

from datetime import datetime

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import Invalid
from runs.queries.finding import count_up_to, found
from runs.queries.narrowing import RunAsked

EXPORT_MAX = 20_000


@operation(leaves="run.list_exported")
def export_runs(*, actor: Actor, asked: RunAsked, now: datetime) -> int:
    """Record that the list leaves as a file; give how many lines. Raises Invalid."""
    del now
    count = count_up_to(found(actor=actor, asked=asked).rows, EXPORT_MAX)
    if count > EXPORT_MAX:
        text = f"A file holds at most {EXPORT_MAX:,} runs, and these are more. Add a filter, for example a shorter period."
        raise Invalid({"": text})
    record(
        "run.list_exported",
        actor=actor,
        subject=("runs", "list"),
        count=count,
        filter=asked.pairs(),
    )
    return count
