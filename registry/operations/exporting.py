"""Taking the registry list, or the answer to who may, out of the portal is on record."""

from datetime import datetime

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import Invalid
from registry.queries.listing import workflow_count
from registry.queries.narrowing import ListFilter
from registry.queries.who_may import line_count
from registry.rules.asking import WhoMay

EXPORT_MAX = 20_000


@operation(leaves="registry.exported")
def export_workflows(*, actor: Actor, asked: ListFilter, now: datetime) -> int:
    """Record that the list leaves as a file; give how many lines. Raises Invalid."""
    del now
    count = _within(workflow_count(actor=actor, asked=asked))
    record(
        "registry.exported",
        actor=actor,
        subject=("registry", "workflows"),
        count=count,
        what="workflows",
        filter=asked.pairs(),
    )
    return count


@operation(leaves="registry.exported")
def export_who_may(
    *, actor: Actor, asked: WhoMay, authority: str, now: datetime
) -> int:
    """Record that an answer leaves as a file; give how many lines. Raises Invalid."""
    del now
    count = _within(line_count(actor=actor, asked=asked, authority=authority))
    said = {"verb": asked.verb, "system": asked.system, "authority": authority}
    record(
        "registry.exported",
        actor=actor,
        subject=("registry", "who may"),
        count=count,
        what=f"lines on who may {asked.verb}",
        filter={name: value for name, value in said.items() if value},
    )
    return count


def _within(count: int) -> int:
    if count > EXPORT_MAX:
        text = f"A file holds at most {EXPORT_MAX:,} lines, and this would be {count:,}. Add a filter."
        raise Invalid({"": text})
    return count
