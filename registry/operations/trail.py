"""The trail of a draft's matrix: what each save changed in its cells and tools.

Kept by the same step that saves the draft, so no route around it exists. Loading a whole
page leaves none: that is no edit of the matrix, and what was edited before is then refused
to be taken back, because its cells say something else.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from portal.accounts.actors import Actor
from portal.audit.operation import step
from registry.models import MatrixEdit, OperatingModelVersion
from registry.operations.guards import person_id
from registry.queries.cells import parts_by_name


@step
def keep_trail(
    *,
    draft: OperatingModelVersion,
    actor: Actor,
    before: Mapping,
    what: str,
    now: datetime,
) -> None:
    """Keep what the open save changed in cells and tools, if anything. One query."""
    changes = list(changes_between(before, draft.document))
    if changes:
        MatrixEdit.objects.create(
            version=draft,
            revision=draft.revision,
            touched_revision=draft.revision,
            person_id=person_id(actor),
            what=what[:200],
            changes=changes,
            made_at=now,
        )


def changes_between(before: Mapping, after: Mapping) -> Iterator[dict[str, Any]]:
    """Yield each cell and tool that two pages say differently, by its part."""
    old, new = parts_by_name(before), parts_by_name(after)
    for part in sorted(old.keys() | new.keys()):
        if old.get(part) != new.get(part):
            yield {"part": part, "before": old.get(part), "after": new.get(part)}
