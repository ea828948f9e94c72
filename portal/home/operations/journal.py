"""Taking journal entries out of the portal leaves an entry itself."""

from datetime import datetime

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.audit.queries import Exported
from portal.home.queries.journal import Asked, entries_to_export


@operation(leaves="journal.exported")
def export_journal(
    *, actor: Actor, asked: Asked, form: str, now: datetime
) -> tuple[Exported, ...]:
    """Read what is asked for and record that it left. Raises Invalid when it is too much."""
    entries = entries_to_export(actor=actor, asked=asked, now=now)
    record(
        "journal.exported",
        actor=actor,
        subject=("journal", form),
        count=len(entries),
        filter=asked.pairs(),
    )
    return entries
