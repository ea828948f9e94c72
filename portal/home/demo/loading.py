"""Loads the demo once: the company, its workflows, six weeks of runs, an open inbox."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import connection

from portal.accounts.actors import SYSTEM
from portal.accounts.keys import AgentPrincipal
from portal.accounts.models import AgentKey, Person
from portal.audit.models import Entry
from portal.audit.operation import operation, record
from portal.home.demo import workflows
from portal.home.demo.clockwork import Clockwork, working_times
from portal.home.demo.company import (
    CAST,
    COMPANY,
    Company,
    found_company,
    known_company,
)
from portal.home.demo.scene import Scene
from portal.home.demo.stories import publishing, refunds, remediation, security, voice
from portal.home.demo.stories.refunds import Story
from registry.models import Workflow
from registry.operations.pausing import pause_workflow

SEED = 20_4_1
LOADED = "portal.demo_loaded"


@dataclass(frozen=True)
class Season:
    """The runs of one workflow: how many, between which days before now."""

    slug: str
    agent: str
    story: Callable[[int, Random], Story]
    count: int
    first_day: float
    last_day: float
    opens: int = 8
    closes: int = 18


SEASONS = (
    Season("refund-management", "refunds", refunds.story, 58, 39, 0.2),
    Season("voice-service-desk", "voice", voice.story, 30, 36, 0.2),
    Season("it-remediation", "remediation", remediation.story, 22, 35, 0.3, 0, 24),
    Season("security-operations", "security", security.story, 24, 33, 0.3, 0, 24),
    Season("content-publishing", "publishing", publishing.story, 13, 32, 6),
)


def is_loaded() -> bool:
    """Say whether the demo is here. One query."""
    return Entry.objects.filter(name=LOADED).exists()


def has_other_people() -> bool:
    """Say whether somebody uses this portal already. One query."""
    return Person.objects.exists()


def load_demo(*, now: datetime) -> int:
    """Load everything and give how many runs were played. Some twenty seconds."""
    _commit_without_waiting()
    chance = Random(SEED)  # noqa: S311 - the same demo every time
    company = found_company(now=now - timedelta(days=44))
    clockwork = Clockwork()
    made = _found_workflows(company, clockwork, now)
    principals = {
        season.agent: workflows.principal_of(
            company, company.agents[season.agent], now=now - timedelta(days=40)
        )
        for season in SEASONS
    }
    ledger = workflows.principal_of(
        company, company.billing, now=now - timedelta(days=40)
    )
    teller = Teller(company, principals, ledger, clockwork)
    count = sum(teller.tell_season(season, chance, now) for season in SEASONS)
    teller.pause_publishing(made["content-publishing"], now)
    count += teller.leave_waiting(chance, now)
    clockwork.run(until=now)
    mark_loaded(runs=count)
    return count


def refill_inbox(*, now: datetime) -> int:
    """Ask for a few more things, for a demo whose inbox has run empty."""
    company = known_company()
    principals = {
        season.agent: _known_principal(company, season.agent) for season in SEASONS
    }
    clockwork = Clockwork()
    teller = Teller(company, principals, None, clockwork)
    chance = Random(f"{now:%Y%m%d%H%M}")  # noqa: S311 - not for secrets
    count = teller.leave_waiting(chance, now)
    clockwork.run(until=now)
    return count


@operation(leaves=LOADED)
def mark_loaded(*, runs: int) -> None:
    """Write down that the demo is complete."""
    record(LOADED, actor=SYSTEM, company=COMPANY, people=len(CAST), runs=runs)


@dataclass
class Teller:
    """Hands the runs to the clockwork."""

    company: Company
    principals: dict[str, AgentPrincipal]
    ledger: AgentPrincipal | None
    clockwork: Clockwork

    def tell_season(self, season: Season, chance: Random, now: datetime) -> int:
        times = working_times(
            first=now - timedelta(days=season.first_day),
            last=now - timedelta(days=season.last_day),
            count=season.count,
            chance=chance,
            opens=season.opens,
            closes=season.closes,
        )
        for number, at in enumerate(times, start=1):
            story = season.story(number, Random(f"{SEED}-{season.slug}-{number}"))  # noqa: S311
            self.begin(season.slug, season.agent, story, at, f"{at:%m%d}-{number:03d}")
        return len(times)

    def begin(
        self, slug: str, agent: str, story: Story, at: datetime, run: str
    ) -> None:
        scene = Scene(
            company=self.company,
            principal=self.principals[agent],
            workflow=slug,
            run=f"{slug.split('-')[0]}-{run}",
            ledger=self.ledger,
            told=[at],
        )
        self.clockwork.begin(at, story(scene), scene.told)

    def pause_publishing(self, workflow: Workflow, now: datetime) -> None:
        """Pause content publishing five days ago; its agent asks once more and is refused."""
        at = now - timedelta(days=5, hours=3)

        def pause() -> Iterator[float]:
            pause_workflow(
                actor=self.company.actor("greta"),
                workflow_id=workflow.id,
                reason="A page promised a thirty-year guarantee. We find out how it passed.",
                now=at,
            )
            yield from ()

        self.clockwork.begin(at, pause(), [at])
        later = at + timedelta(hours=5)
        self.begin(
            workflow.slug,
            "publishing",
            publishing.after_pause,
            later,
            f"{later:%m%d}-late",
        )

    def leave_waiting(self, chance: Random, now: datetime) -> int:
        """Leave proposals in the inbox, of different risk and with different time left."""
        stories: tuple[tuple[float, str, str, Story], ...] = (
            (96, "refund-management", "refunds", refunds.waiting_story(chance, price="139.00", category="late-delivery", confidence=0.94)),
            (61, "refund-management", "refunds", refunds.waiting_story(chance, price="84.20", category="damaged-item", confidence=0.93)),
            (48, "security-operations", "security", security.waiting_story(chance, verb="block")),
            (37, "voice-service-desk", "voice", voice.waiting_story(chance)),
            (24, "refund-management", "refunds", refunds.waiting_story(chance, price="640.00", category="wrong-item", confidence=0.95)),
            (17, "refund-management", "refunds", refunds.waiting_story(chance, price="49.90", category="missing-item", confidence=0.71)),
            (11, "security-operations", "security", security.waiting_story(chance, verb="suspend")),
            (8, "it-remediation", "remediation", remediation.waiting_story(chance, service="stock-sync", kind="queue-backlog")),
            (5, "refund-management", "refunds", refunds.waiting_story(chance, price="112.50", category="duplicate-charge", confidence=0.97)),
            (3, "it-remediation", "remediation", remediation.waiting_story(chance, service="checkout", kind="service-hung")),
        )  # fmt: skip
        for number, (minutes, slug, agent, story) in enumerate(stories, start=1):
            at = now - timedelta(minutes=minutes)
            self.begin(slug, agent, story, at, f"{at:%m%d-%H%M}-open-{number:02d}")
        return len(stories)


def _found_workflows(
    company: Company, clockwork: Clockwork, now: datetime
) -> dict[str, Workflow]:
    made = {}
    for number, plan in enumerate(workflows.PLANS):
        at = now - timedelta(days=42 - number)
        workflow = workflows.register(company, plan, now=at)
        made[plan.slug] = workflow
        if plan.slug != "policy-assistant":
            workflows.go_live(company, plan, workflow, now=at + timedelta(hours=20))
    _later(clockwork, now - timedelta(days=17), lambda at: _widen(company, made, at))
    _later(
        clockwork,
        now - timedelta(days=3),
        lambda at: _submit_policies(company, made, at),
    )
    _later(
        clockwork,
        now - timedelta(days=1),
        lambda at: workflows.draft_next_refunds(
            company, made["refund-management"], now=at
        ),
    )
    return made


def _widen(company: Company, made: dict[str, Workflow], at: datetime) -> None:
    workflow = made["refund-management"]
    workflows.widen_refunds(company, workflow, now=at)
    later = at + timedelta(hours=4)
    workflows.go_live(company, workflows.PLANS[0], workflow, now=later)


def _submit_policies(company: Company, made: dict[str, Workflow], at: datetime) -> None:
    plan, workflow = workflows.PLANS[-1], made["policy-assistant"]
    digest = workflows.submit(company, plan, workflow, now=at)
    later = at + timedelta(hours=2)
    workflows.sign(company, plan, workflow, digest, roles=2, now=later)


def _later(clockwork: Clockwork, at: datetime, do: Callable[[datetime], None]) -> None:
    def course() -> Iterator[float]:
        do(at)
        yield from ()

    clockwork.begin(at, course(), [at])


def _known_principal(company: Company, agent: str) -> AgentPrincipal:
    known = company.agents[agent]
    key = AgentKey.objects.filter(agent=known, revoked_at=None).earliest("created_at")
    return workflows.principal_with(known, key)


def _commit_without_waiting() -> None:
    """A demo that a power cut half loses is loaded anew; nothing else is."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
