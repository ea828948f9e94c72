"""The evidence that gates need: one function for each, and the one list of them.

A provider reads one fact live and says whether it is met, in words, and where it is mended.
Add a function to `PROVIDERS` and every gate asks for it; what was signed before is stale then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.urls import reverse

from portal.accounts.actors import Actor
from portal.home.queries.kpis.catalogue import all_kpis, figures_for
from portal.home.queries.kpis.figure import Answer, Scope
from portal.home.queries.measured.aims import aim_in
from portal.home.queries.measured.judging import Met, judged
from registry.queries.gates import packet_standing
from registry.queries.measures import live_targets
from registry.queries.people import REQUIRED_ROLES, people_of
from registry.queries.readiness import readiness_of
from registry.queries.standing_people import people_standing
from registry.queries.techniques import technique_in_force
from registry.rules.gates import Evidence
from runs.queries.gate_facts import gate_facts

# How many signed weeks each step needs, by the phase that it leaves.
WEEKS_NEEDED = {1: 2, 2: 3, 3: 4, 4: 4}
WEEKS_WITHIN = timedelta(weeks=8)
DAYS = 90


@dataclass(frozen=True)
class Gathering:
    """Whose gate is read, by whom and when."""

    actor: Actor
    workflow_id: UUID
    slug: str
    department_id: UUID
    from_phase: int
    today: date
    now: datetime

    @property
    def scope(self) -> Scope:
        first = self.today - timedelta(days=DAYS - 1)
        return Scope(first, self.today, frozenset({self.workflow_id}))

    def numbers_href(self) -> str:
        return f"{reverse('numbers')}?workflow={self.slug}"


type Provider = Callable[[Gathering], Evidence]


def roles(of: Gathering) -> Evidence:
    """Say whether every role that must be held is held."""
    people = people_of(workflow_id=of.workflow_id)
    vacant = people.vacant_required
    held = {each.role: each.person.name for each in people.roles if each.person}
    return Evidence(
        "roles",
        "Roles",
        not vacant,
        f"Vacant: {', '.join(vacant)}." if vacant else "Every role is held.",
        "; ".join(f"{role}: {held.get(role, '')}" for role in REQUIRED_ROLES),
        reverse("workflow_people", args=[of.slug]),
        "Fill the roles",
    )


def training(of: Gathering) -> Evidence:
    """Say whether whoever holds a role or reviews is trained for it today."""
    lapsed = [
        f"{each.name} ({each.label.lower()}): {each.training}"
        for each in people_standing(workflow_id=of.workflow_id)
        if each.is_there and not each.is_trained
    ]
    says = f"Not current: {'; '.join(lapsed)}." if lapsed else "Everybody's is current."
    return Evidence(
        "training",
        "Training",
        not lapsed,
        says,
        "; ".join(lapsed),
        reverse("training"),
        "Record training",
    )


def packet(of: Gathering) -> Evidence:
    """Say whether what is live was signed."""
    standing = packet_standing(workflow_id=of.workflow_id)
    return Evidence(
        "packet",
        "Launch packet",
        standing.is_met,
        standing.says,
        standing.mark,
        reverse("workflow_versions", args=[of.slug]),
        "Read the versions",
    )


def weeks(of: Gathering) -> Evidence:
    """Say whether enough weeks were read and signed lately."""
    needed = WEEKS_NEEDED[of.from_phase]
    facts = gate_facts(
        workflow_id=of.workflow_id, since=of.today - WEEKS_WITHIN, today=of.today
    )
    return Evidence(
        "weeks",
        "Weekly review",
        len(facts.signed) >= needed,
        f"{len(facts.signed)} of the last 8 weeks are signed; {needed} are needed.",
        ", ".join(day.isoformat() for day in facts.signed),
        reverse("weeks"),
        "Review the weeks",
    )


def findings(of: Gathering) -> Evidence:
    """Say whether a finding is late."""
    facts = gate_facts(workflow_id=of.workflow_id, since=of.today, today=of.today)
    opened = f"{facts.findings_open} open" if facts.findings_open else "None is open"
    return Evidence(
        "findings",
        "Findings",
        not facts.findings_late,
        f"{opened}, {facts.findings_late} late."
        if facts.findings_open
        else f"{opened}.",
        f"{facts.findings_late} late",
        f"{reverse('findings')}?workflow={of.slug}",
        "Close what is late",
    )


def unauthorised(of: Gathering) -> Evidence:
    """Say "0 of N" over the last days; nothing known is not zero."""
    figure = figures_for(
        actor=of.actor, keys=["unauthorised"], scopes=(of.scope,), now=of.now
    )["unauthorised"][0]
    is_known = figure.answer == Answer.MEASURED
    done, of_all = int(figure.over), int(figure.under or 0)
    says = f"{done} of {of_all} actions in {DAYS} days." if is_known else ""
    return Evidence(
        "unauthorised",
        "Unauthorised actions",
        is_known and not done,
        says or figure.why or "No action is known of.",
        str(done) if is_known else "unknown",
        f"{reverse('number', args=['unauthorised'])}?workflow={of.slug}",
        "Open the number",
    )


def numbers(of: Gathering) -> Evidence:
    """Say whether a number misses the target that its owner set, with some certainty."""
    targets = live_targets(actor=of.actor, workflow_ids=[of.workflow_id])
    mine = targets.get(of.workflow_id, {})
    kpis = [kpi for kpi in all_kpis() if kpi.target_key in mine]
    figures = figures_for(
        actor=of.actor, keys=[kpi.key for kpi in kpis], scopes=(of.scope,), now=of.now
    )
    missed = [
        kpi.label
        for kpi in kpis
        if judged(kpi, figures[kpi.key][0], aim_in(kpi, of.workflow_id, targets))
        == Met.NOT_MET
    ]
    unknown = [
        kpi.label for kpi in kpis if figures[kpi.key][0].answer != Answer.MEASURED
    ]
    if not kpis:
        says = "No target is set, so nothing says whether it works."
    elif missed:
        says = f"Missed: {', '.join(missed)}."
    elif len(unknown) == len(kpis):
        says = "Nothing was measured yet, so no target says whether it works."
    else:
        says = f"None of {len(kpis) - len(unknown)} measured targets is missed."
    if unknown and len(unknown) < len(kpis):
        says += f" Not measured: {', '.join(unknown)}."
    return Evidence(
        "numbers",
        "Numbers against targets",
        len(unknown) < len(kpis) and not missed,
        says,
        f"{', '.join(kpi.key for kpi in kpis)} / {', '.join(missed)}",
        of.numbers_href(),
        "Open the numbers",
    )


def readiness(of: Gathering) -> Evidence:
    """Say whether the department's assessment stands, where the company asks for one."""
    found = readiness_of(department_id=of.department_id, now=of.now)
    return Evidence(
        "readiness",
        "Readiness of the department",
        found.stands or not found.gate.is_on,
        found.text
        if found.gate.is_on
        else "The company does not ask for an assessment yet.",
        f"{found.gate.is_on} {found.closed_at}",
        found.href,
        "Open the assessment",
    )


def technique(of: Gathering) -> Evidence:
    """Say whether it was asked which technique fits, and what came of it."""
    chosen, because = technique_in_force(workflow_id=of.workflow_id)
    says = f"{chosen.label}. {because}".strip() if chosen else "Nobody has asked yet."
    return Evidence(
        "technique",
        "Best-fit technique",
        chosen is not None,
        says,
        chosen.key if chosen else "",
        reverse("workflow_page", args=[of.slug]),
        "Read the page",
    )


PROVIDERS: tuple[Provider, ...] = (
    roles,
    training,
    packet,
    weeks,
    findings,
    unauthorised,
    numbers,
    readiness,
    technique,
)


def gather(of: Gathering) -> tuple[Evidence, ...]:
    """Read everything that the gate needs, in the order of the list."""
    return tuple(provider(of) for provider in PROVIDERS)
