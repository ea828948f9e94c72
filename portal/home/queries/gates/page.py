"""The page of a workflow's phase: what holds, what the next gate needs, how it came here."""

from dataclasses import dataclass
from datetime import date, datetime

from portal.accounts.actors import Actor
from portal.home.queries.gates.providers import Gathering, gather
from registry.queries.gates import GatePlace, Sheet, open_sheet, places_of, seen_of
from registry.queries.phases import WorkflowPhase, workflow_phase
from registry.queries.rights import named_to_move
from registry.queries.workflows import WorkflowHead, workflow_head
from registry.rules.gates import GOOD_FOR, Evidence, stale
from registry.rules.phases import LAST


@dataclass(frozen=True)
class GatePage:
    """The gate to the next phase; without lines there is none."""

    head: WorkflowHead
    at: WorkflowPhase
    lines: tuple[Evidence, ...]
    seen: str
    sheet: Sheet | None
    places: tuple[GatePlace, ...]
    stale: tuple[str, ...]
    good_for_days: int
    # Where somebody is named to sign gates, whether it is this reader.
    is_named_to_move: bool | None = None

    @property
    def is_met(self) -> bool:
        return bool(self.lines) and all(line.is_met for line in self.lines)

    @property
    def is_signed(self) -> bool:
        return self.sheet is not None and all(each.counts for each in self.places)

    @property
    def is_ready(self) -> bool:
        return self.is_met and self.is_signed and not self.stale

    @property
    def missing(self) -> int:
        return sum(1 for line in self.lines if not line.is_met)

    @property
    def is_mine_to_move(self) -> bool:
        if self.is_named_to_move is not None:
            return self.is_named_to_move
        owner = next(
            (each for each in self.places if each.role == "business_owner"), None
        )
        return owner is not None and owner.is_mine

    @property
    def still_to_sign(self) -> tuple[str, ...]:
        """Name whose signature is missing: the role, and who holds it."""
        return tuple(
            f"{each.label} ({each.holder or 'vacant'})"
            for each in self.places
            if not each.counts
        )

    def may_sign(self, place: GatePlace) -> bool:
        """Say whether this reader signs here: the evidence is met, and not signed so yet."""
        is_open = self.sheet is None or bool(self.stale) or not place.signed_by
        return place.is_mine and self.is_met and is_open


def gate_page(*, actor: Actor, slug: str, today: date, now: datetime) -> GatePage:
    """Give the page. Raises NotFound for anybody who may not see the workflow."""
    head = workflow_head(actor=actor, slug=slug)
    at = workflow_phase(workflow_id=head.id)
    if not head.is_live or at.phase.number >= LAST:
        return GatePage(head, at, (), "", None, (), (), GOOD_FOR.days)
    lines = evidence_of(actor=actor, head=head, today=today, now=now)
    sheet = open_sheet(workflow_id=head.id, from_phase=at.phase.number)
    old = (
        stale(sheet.lines, lines, gathered_at=sheet.gathered_at, now=now)
        if sheet is not None
        else ()
    )
    named = named_to_move(department_id=head.department_id)
    return GatePage(
        head=head,
        at=at,
        lines=lines,
        seen=seen_of(lines),
        sheet=sheet,
        places=places_of(actor=actor, workflow_id=head.id, sheet=sheet),
        stale=old,
        good_for_days=GOOD_FOR.days,
        is_named_to_move=actor.id in named if named else None,
    )


def evidence_of(
    *, actor: Actor, head: WorkflowHead, today: date, now: datetime
) -> tuple[Evidence, ...]:
    """Gather the evidence for a workflow's next step, as it is at this moment, if any."""
    if not head.is_live or head.phase >= LAST:
        return ()
    return gather(
        Gathering(
            actor=actor,
            workflow_id=head.id,
            slug=head.slug,
            department_id=head.department_id,
            from_phase=head.phase,
            today=today,
            now=now,
        )
    )
