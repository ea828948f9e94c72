"""Who decides what at three levels, ceilings of a team and of a department, and a request that waits."""

from datetime import datetime, timedelta
from random import Random

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Team
from portal.home.demo.clockwork import Clockwork
from portal.home.demo.company import Company
from portal.home.demo.scene import Scene
from portal.home.demo.stories import remediation
from portal.home.demo.workflows import id_of, principal_of
from registry.operations.asking_more import Wanted, ask_for_more
from registry.operations.ceilings import set_ceiling
from registry.operations.decision_rights import Place, name_holder
from registry.operations.placing import place_workflow
from registry.operations.teams import add_team, join_team
from registry.queries.ceilings import ceilings_page

TEAM = "Editors"


def set_rights(company: Company, *, now: datetime) -> None:
    """Name who decides, let the editors have a ceiling, and let them ask for more."""
    team = _editors(company, now)
    _name(company, team, now)
    set_ceiling(
        actor=company.actor("rosa"),
        level="team",
        department=team.department,
        team=team,
        name="Nothing is taken off the website",
        sentence="The editors want to decide themselves before a page is taken down.",
        authority="review",
        systems=("content-system",),
        verbs=("unpublish",),
        now=now,
    )
    # What waits in the inbox since before it says so: it cannot be approved as it is.
    set_ceiling(
        actor=company.actor("rosa"),
        level="department",
        department=company.departments["it-operations"],
        name="Nothing is scaled before the move",
        sentence="Until the new data centre is open, people scale services themselves.",
        authority="never",
        systems=("platform",),
        verbs=("scale",),
        now=now - timedelta(minutes=4),
    )
    above = ceilings_page(actor=company.actor("rosa")).levels
    in_the_way = next(
        each.id
        for level in above
        for each in level.ceilings
        if each.name == "Nothing public by itself"
    )
    ask_for_more(
        actor=company.actor("greta"),
        workflow_id=id_of("content-publishing"),
        wanted=Wanted(
            kind="waiver",
            why="The price list changes every night in December, when nobody is here.",
            ceiling_id=in_the_way,
            system="content-system",
            verb="publish",
            days=31,
        ),
        now=now,
    )


def ask_past_a_ceiling(company: Company, *, now: datetime) -> int:
    """Let an agent ask for what the ceiling of its department refuses; gives how many runs."""
    slug, at = "it-remediation", now - timedelta(minutes=2)
    scene = Scene(
        company=company,
        principal=principal_of(company.agents["remediation"]),
        workflow=slug,
        run=f"it-{at:%m%d-%H%M}-refused",
        told=[at],
    )
    clockwork = Clockwork()
    story = remediation.waiting_story(
        Random(slug),  # noqa: S311 - not for secrets
        service="image-resizer",
        kind="queue-backlog",
    )
    clockwork.begin(at, story(scene), scene.told)
    clockwork.run(until=now)
    return 1


def _editors(company: Company, now: datetime) -> Team:
    team = add_team(
        actor=SYSTEM, name=TEAM, department=company.departments["marketing"], now=now
    )
    join_team(actor=SYSTEM, team_id=team.id, person=company.people["paul"], now=now)
    place_workflow(
        actor=company.actor("ada"),
        workflow_id=id_of("content-publishing"),
        team=team,
        now=now,
    )
    return team


def _name(company: Company, team: Team, now: datetime) -> None:
    named = (
        ("decide_request", Place("department", team.department), "helen"),
        ("sign_quarter", Place("enterprise"), "helen"),
        ("name_team_members", Place("team", team.department, team), "greta"),
    )
    for kind, place, key in named:
        name_holder(
            actor=company.actor("ada"),
            kind=kind,
            place=place,
            person=company.people[key],
            now=now,
        )
