"""How one rulebook differs from another, and whether it widens what an agent may do.

Widening is whatever is not provably narrower. A comparison labelled narrowing or neutral means: no
request in any standing gets a more permissive ruling from the new rulebook.
"""

from collections.abc import Iterable, Iterator

from registry.rules.answers import Authority, risk_rank
from registry.rules.changed_rows import guardrail_changes, row_added, row_changes
from registry.rules.changed_rules import (
    cap_changes,
    category_changes,
    check_changes,
    group_changes,
    stop_rule_changes,
    tool_changes,
)
from registry.rules.limits import is_ungrouped
from registry.rules.narrowing import Change, Label, label_when
from registry.rules.phases import GROUPED
from registry.rules.rulebook import Rulebook

__all__ = ["Change", "Label", "compare", "label_of"]

# The phases that each bind at least as tightly as another, by what `phases.PHASES` says;
# phase 4 binds less only where its action groups name all that the new page may write.
NARROWER_PHASES = frozenset({(4, 1), (4, 2), (4, 3), (4, 5), (2, 3), (5, 3)})


def compare(old: Rulebook | None, new: Rulebook) -> tuple[Change, ...]:
    """Return how `new` differs from `old`; without an old one everything is new, and wider."""
    if old is None:
        first = Change(
            "document", "This is the first version of its page.", Label.WIDENING
        )
        return (
            first,
            *(row_added(row, new) for _, row in sorted(new.allowances.items())),
        )
    return (
        *_basics(old, new),
        *row_changes(old, new),
        *guardrail_changes(old, new),
        *stop_rule_changes(old, new),
        *cap_changes(old, new),
        *check_changes(old, new),
        *tool_changes(old, new),
        *category_changes(old, new),
        *group_changes(old, new),
    )


def label_of(changes: Iterable[Change]) -> Label:
    """Return the label of all changes together: one widening makes all of it widening."""
    labels = {change.label for change in changes}
    for label in (Label.WIDENING, Label.NARROWING):
        if label in labels:
            return label
    return Label.NEUTRAL


def _is_grouped(old: Rulebook, new: Rulebook) -> bool:
    return not any(
        is_ungrouped(old, GROUPED, system, verb)
        for (system, verb), row in new.allowances.items()
        if row.authority != Authority.NEVER
    )


def _basics(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    if old.phase != new.phase:
        is_narrower = (old.phase, new.phase) in NARROWER_PHASES
        is_narrower &= old.phase != GROUPED or _is_grouped(old, new)
        yield Change(
            "phase",
            f"Phase changed from {old.phase} to {new.phase}.",
            label_when(is_narrower),
        )
    if old.is_fixed != new.is_fixed:
        was = "reasons now" if old.is_fixed else "is one of fixed steps now"
        yield Change("technique", f"The technique {was}.", label_when(old.is_fixed))
    if old.risk != new.risk:
        is_narrower = risk_rank(new.risk) > risk_rank(old.risk)
        way = "raised" if is_narrower else "lowered"
        yield Change(
            "risk",
            f"Risk of the workflow {way} from {old.risk} to {new.risk}.",
            label_when(is_narrower),
        )
    if old.currency != new.currency:
        text = f"Currency changed from {old.currency} to {new.currency}."
        yield Change("currency", text, Label.WIDENING)
