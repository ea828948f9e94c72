"""A world in which every address has something behind it, and the people who knock.

One live workflow with a proposal, a run and a grant, one with an open draft, one that
waits for signatures. Made once for all doors; every knock is rolled back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.cookies import SimpleCookie
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.db import connection, transaction
from django.test import Client

from approvals.models import Delivery
from approvals.operations.backtest_runs import claim_backtest, run_slice
from approvals.operations.backtesting import ask_backtest
from approvals.operations.batching import open_batch
from approvals.operations.break_glass import break_glass
from approvals.operations.endpoints import register_endpoint
from approvals.operations.inbox_filters import save_filter
from portal.accounts.actors import SYSTEM, actor_for
from portal.accounts.models import AgentKey, AgentKind, NoticePost
from portal.accounts.operations.agents import register_agent
from portal.accounts.operations.notices import add_hook
from portal.accounts.operations.telling import NEWS, spread
from portal.audit.models import Entry
from portal.audit.operation import operation, record
from portal.core import icons
from portal.core.models import OutboxMessage
from registry.models import OperatingModelVersion, System
from registry.operations.catalogue import set_model_approved
from registry.operations.drafts import discard_draft, set_allowance
from registry.operations.hand_overs import offer_hand_over
from registry.operations.importing import check_inventory, take_in
from registry.operations.packets import new_version, submit_version
from registry.operations.positions import add_position
from registry.operations.saved_views import save_view
from registry.operations.training import add_course, record_completion
from registry.queries.inventory_files import Reading
from registry.queries.inventory_known import Choices
from runs.models import (
    DriftAlarm,
    FollowUp,
    Incident,
    Run,
    RunEvent,
    SampledRun,
    UnmappedTool,
    UnplacedTrace,
)
from runs.operations.asking_again import _ask
from runs.operations.change_logs import check_log, take_in_log
from runs.operations.findings import add_finding
from runs.operations.redaction_rules import hide_field
from runs.operations.reviewing import save_review
from runs.operations.run_views import save_run_view
from runs.operations.series import add_series, upload_points
from runs.operations.signing import sign_week
from runs.operations.weeks import open_week
from runs.queries.coming_back import CameBack
from runs.queries.holds import unsettled_of_run
from runs.rules.questions import KEYS, Given
from runs.tasks import fold_inbox
from tests.approvals.asking import Portal, digest_of_proposal, make_portal
from tests.doors.programme_world import programme_values
from tests.people import draft_workflow
from tests.runs.helpers import append, inside, start_run

# Who knocks, in the order of the table's letters.
KNOCKERS = (
    "anonymous",
    "agent",
    "outsider",
    "reviewer",
    "owner",
    "risk",
    "auditor",
    "administrator",
)
_NAMES = {
    "outsider": "olga",
    "reviewer": "dana",
    "owner": "maya",
    "risk": "rosa",
    "auditor": "audrey",
    "administrator": "ada",
}
DRAFT, SUBMITTED = "order-changes", "returns"


@dataclass
class World:
    """The portal of the tests, and what the addresses point at."""

    portal: Portal
    values: dict[str, Any]
    sessions: dict[str, SimpleCookie] = field(default_factory=dict)

    def sign_everybody_in(self) -> None:
        """Start one session for each, for every client of theirs."""
        for knocker, name in _NAMES.items():
            client = Client()
            client.force_login(
                self.portal.people.people[name],
                backend="django.contrib.auth.backends.ModelBackend",
            )
            self.sessions[knocker] = client.cookies

    def client_of(self, knocker: str) -> Client:
        """Give the client with which somebody knocks."""
        client = Client(raise_request_exception=False)
        if knocker == "agent":
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {self.portal.key}"
        elif knocker in _NAMES:
            client.cookies = SimpleCookie(self.sessions[knocker].output(header=""))
        return client


def _what_telemetry_asks(
    portal: Portal, run_id: str, now: datetime
) -> tuple[UUID, UUID]:
    """Put a trace aside and note a tool that nobody mapped."""
    trace = inside(
        lambda: UnplacedTrace.objects.create(
            agent=portal.people.agent,
            trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
            why="no_workflow",
            first_span="look up order",
            spans=3,
            first_at=now,
            last_at=now,
        )
    )
    tool = inside(
        lambda: UnmappedTool.objects.create(
            workflow=portal.workflow,
            name="wipe_order",
            calls=2,
            run_id=run_id,
            first_at=now,
            last_at=now,
        )
    )
    return trace.id, tool.id


def make_world() -> World:
    """Set up what is behind the doors, through operations and the API."""
    portal = make_portal()
    people = portal.people
    draft_workflow(people, slug=DRAFT)
    submitted = draft_workflow(people, slug=SUBMITTED)
    now = datetime.now(tz=UTC)
    submit_version(
        reason="It may begin here.",
        actor=people.actor("maya"),
        workflow_id=submitted.id,
        revision=1,
        now=now,
    )
    asked = portal.ask()
    held = portal.ask("20.00", run="held", description="The customer calls a lawyer")
    entry = Entry.objects.filter(workflow_id=portal.workflow.id).latest("at")
    for news in OutboxMessage.objects.filter(topic=NEWS):
        spread(news.payload)
    hook = add_hook(
        actor=people.actor("ada"),
        name="Care team chat",
        url="https://chat.example.com/hooks/1",
        kinds=["break_glass", "paused"],
        department=None,
        now=now,
    )
    trace_id, tool_id = _what_telemetry_asks(portal, asked["run"]["id"], now)
    values = {
        "trace_id": trace_id,
        "tool_id": tool_id,
        **_hidden_value(portal, asked["run"]["id"], now),
        "slug": portal.workflow.slug,
        "agent": people.agent.slug,
        "agent_id": people.agent.id,
        "person_id": people.tom.id,
        "entry_id": entry.id,
        "key_id": AgentKey.objects.filter(agent=people.agent).latest("created_at").id,
        "proposal_id": asked["proposal"]["id"],
        "action_id": asked["id"],
        "run_id": asked["run"]["id"],
        "event_id": RunEvent.objects.filter(run_id=asked["run"]["id"]).first().id,
        "exception_id": unsettled_of_run(run_id=held["run"]["id"])[0][0],
        "question": "what_changes",
        "role": "escalation_owner",
        "system": "billing",
        "verb": "refund",
        "kind": "missing_data",
        "level": "workflow",
        "key": "conflicting-records",
        "part": "caps",
        "form": "cap",
        "number": 1,
        "hook_id": hook.id,
        "post_id": NoticePost.objects.create(
            hook=hook,
            news_id=hook.id,
            payload='{"sentence": "Refund management: Maya Adler paused it."}',
            made_at=now,
            due_at=None,
        ).id,
        "position": 0,
        **programme_values(portal, now),
        "filter_id": save_filter(
            actor=people.actor("dana"), name="High", filters={"risk": "high"}, now=now
        ),
        "batch_id": open_batch(
            actor=people.actor("dana"),
            picked={UUID(asked["proposal"]["id"]): ""},
            like_id=None,
            verdict="APPROVE",
            reason_code="",
            message="",
            now=now,
        ),
        "run_view_id": save_run_view(
            actor=people.actor("dana"), name="Held", filters={"hold": "now"}, now=now
        ),
        "view_id": save_view(
            actor=people.actor("maya"), name="Live", filters={"state": "live"}, now=now
        ),
        "system_id": System.objects.get(slug="billing").id,
        "model_id": set_model_approved(
            actor=SYSTEM, slug="gpt-5", is_approved=True, now=now
        ).id,
        "digest": icons.sprite_digest(),
        "page": _page_as_toml(portal),
        "import_id": _checked_import(portal, now),
        "backtest_id": _finished_backtest(portal, now),
        **_told(portal, now),
        "incident_id": _incident(portal),
        "log_id": _checked_log(portal, now),
        "brought_id": _series_file(portal, now),
        "glass_id": _emergency(portal, now),
        **_duties(portal, now),
        **_training(portal, now),
        **_reviewed_week(portal, now),
    }
    world = World(portal, values)
    world.sign_everybody_in()
    return world


def _series_file(portal: Portal, now: datetime) -> UUID:
    """Add a series under the workflow's own address, with a file not taken in yet."""
    actor, slug = portal.people.actor("ada"), portal.workflow.slug
    add_series(
        actor=actor, slug=slug, name="Satisfaction", source="the survey", now=now
    )
    return upload_points(
        actor=actor,
        slug=slug,
        file_name="scores.csv",
        data=b"day,score\n2026-11-02,4.1\nsoon,4\n",
        how="file",
        now=now,
    )


def _checked_log(portal: Portal, now: datetime) -> UUID:
    """Check a change log of two rows, and take neither in."""
    people = portal.people
    source = register_agent(
        actor=SYSTEM,
        name="Ledger",
        department=people.departments["care"],
        operator=people.priya,
        kind=AgentKind.SYSTEM_OF_RECORD,
        now=now,
    )
    actor = people.actor("ada")
    log_id = take_in_log(
        actor=actor,
        source_id=source.id,
        file_name="changes.csv",
        data=b"when,record,new value\n2026-11-16T09:00:00Z,order 9,40\nsoon,order 9,1\n",
        now=now,
    )
    check_log(
        actor=actor,
        import_id=log_id,
        reading=Reading(),
        mapping={0: "at", 1: "resource", 2: "after"},
        choices={"system": "billing", "zone": "UTC", "order": ""},
        now=now,
    )
    return log_id


def _incident(portal: Portal) -> UUID:
    """Let the agent tell of a change that nothing was granted for; give its incident."""
    change = {
        "id": "told-1",
        "workflow": portal.workflow.slug,
        "run": "used",
        "at": datetime.now(tz=UTC).isoformat(),
        "kind": "change.made",
        "system": "billing",
        "resource": "order 9",
    }
    portal.post("/events", {"events": [change]})
    fold_inbox()
    return Incident.objects.values_list("id", flat=True).get()


def _told(portal: Portal, now: datetime) -> dict[str, Any]:
    """Register a callback, tell it of one withdrawal, and use a grant without a word."""
    made = register_endpoint(
        actor=portal.people.actor("maya"),
        place=f"workflow:{portal.workflow.slug}",
        name="crm-hook",
        url="https://hooks.example.com/in",
        now=now,
    )
    taken_back = portal.ask(
        "20.00", run="taken-back", model="gpt-5", callback="crm-hook"
    )
    portal.post(f"/actions/{taken_back['id']}/withdraw")
    used = portal.ask("20.00", run="used", model="gpt-5", callback="nobody-knows")
    portal.redeem(used["grant"], used["action_digest"])
    return {
        "endpoint_id": made.endpoint_id,
        "delivery_id": Delivery.objects.latest("occurred_at").id,
        "grant_id": used["grant"]["id"],
        "inbox_id": _batch(portal),
    }


def _batch(portal: Portal) -> str:
    """Let the agent tell something that is not taken."""
    answer = portal.post("/events", {"events": [{"kind": "run.exploded"}]})
    return answer.json()["batch"]


def _emergency(portal: Portal, now: datetime) -> UUID:
    """Let the risk owner break the glass for one proposal."""
    proposal_id = portal.ask(run="an-emergency")["proposal"]["id"]
    rosa = portal.people.people["rosa"]
    broken = break_glass(
        actor=actor_for(rosa, confirmed_at=now, confirmed_by="password"),
        proposal_id=UUID(proposal_id),
        digest=digest_of_proposal(proposal_id),
        why="All reviewers are ill and the customer is stranded.",
        now=now,
    )
    return broken.id


def _duties(portal: Portal, now: datetime) -> dict[str, Any]:
    """Add a position, and offer the risk owner's role to a reviewer."""
    people = portal.people
    position = add_position(
        actor=SYSTEM,
        name="Head of customer care",
        department=people.departments["care"],
        holder=people.maya,
        now=now,
    )
    offered = offer_hand_over(
        actor=people.actor("rosa"),
        workflow_id=portal.workflow.id,
        role="risk_owner",
        receiver=people.tom,
        starts_on=None,
        note="The weekly review is on Mondays.",
        now=now,
    )
    return {
        "position_id": position.id,
        "hand_over_id": offered.id,
        "role": "escalation_owner",
    }


def _training(portal: Portal, now: datetime) -> dict[str, Any]:
    """Add a course that somebody did."""
    course = add_course(
        actor=SYSTEM, name="Reviewing", tier="universal", months_valid=12, now=now
    )
    made = record_completion(
        actor=SYSTEM,
        person_id=portal.people.tom.id,
        course_id=course.id,
        completed_on=now.date() - timedelta(days=9),
        now=now,
    )
    return {"completion_id": made.id}


def _reviewed_week(portal: Portal, now: datetime) -> dict[str, Any]:
    """Open the week of a run that ended seven days ago, with one finding."""
    then = now - timedelta(days=7)
    run_id = start_run(portal.workflow, portal.people.agent, "last-week", now=then)
    Run.objects.filter(id=run_id).update(
        state="COMPLETED", ended_at=then, last_event_at=then, answered=7
    )
    monday = then.date() - timedelta(days=then.weekday())
    opens = {"actor": SYSTEM, "workflow_id": portal.workflow.id, "now": now}
    # Which run is read twice must not hang on the key of the draw.
    with patch("runs.rules.sampling.DOUBLED", Decimal(0)):
        signed_id = open_week(starts_on=monday - timedelta(weeks=1), **opens)
        week_id = open_week(starts_on=monday, **opens)
    sign_week(
        actor=portal.people.actor("rosa"),
        week_id=signed_id,
        summary="Nothing ran.",
        now=now,
    )
    finding_id = add_finding(
        actor=portal.people.actor("rosa"),
        week_id=week_id,
        run_id=run_id,
        kind="WEAK_DATA",
        text="Orders are a day old when they are read.",
        owner_id=portal.people.maya.id,
        due_on=now.date() + timedelta(days=3),
        now=now,
    )
    return {
        "week_id": week_id,
        "signed_week_id": signed_id,
        "finding_id": finding_id,
        "read_run_id": run_id,
        "workflow_id": portal.workflow.id,
        "starts_on": monday.isoformat(),
        "follow_up_id": _asked_again(portal, week_id, now),
        "alarm_id": _alarm(portal, monday, now),
        "settle_run_id": _read_twice(portal, week_id, now),
    }


def _read_twice(portal: Portal, week_id: UUID, now: datetime) -> UUID:
    """Let two people read a run of the week and differ."""
    people, then = portal.people, now - timedelta(days=7)
    run_id = start_run(portal.workflow, people.agent, "read-twice", now=then)
    Run.objects.filter(id=run_id).update(
        state="COMPLETED", ended_at=then, last_event_at=then, answered=7
    )
    inside(
        lambda: SampledRun.objects.create(
            week_id=week_id,
            run_id=run_id,
            position=100,
            stratum="must_see",
            probability=1,
            assigned_to=people.rosa,
            is_doubled=True,
            second_to=people.maya,
        )
    )
    yes = dict.fromkeys(KEYS, "yes")
    said = {"right_data": "It never read the order."}
    for who, given in (
        ("rosa", Given(yes, {}, "")),
        ("maya", Given(yes | {"right_data": "no"}, said, "")),
    ):
        save_review(
            actor=people.actor(who),
            week_id=week_id,
            run_id=run_id,
            given=given,
            now=now,
        )
    return run_id


@operation(leaves="review.drift_raised")
def _alarm(portal: Portal, monday: date, now: datetime) -> UUID:
    """Raise an alarm about the reviewed week, as the sweep does."""
    alarm = DriftAlarm.objects.create(
        workflow=portal.workflow,
        starts_on=monday,
        direction="UP",
        decisions=40,
        overrides=20,
        usual=0.1,
        peak=7.5,
        crossed_at=now,
        chance=0.001,
        chance_adjusted=0.001,
        watched=1,
        raised_at=now,
    )
    record(
        "review.drift_raised",
        actor=SYSTEM,
        subject=("drift_alarm", alarm.id),
        workflow_id=portal.workflow.id,
        text="People overruled 20 of 40 decisions.",
    )
    return alarm.id


def _asked_again(portal: Portal, week_id: UUID, now: datetime) -> UUID:
    """Ask the risk owner again about a run of the week, because it came back."""
    sampled = SampledRun.objects.filter(week=week_id).select_related("run").get()
    found = CameBack(
        sampled_id=sampled.id,
        run_id=sampled.run_id,
        workflow_id=sampled.run.workflow_id,
        agent_run_id=sampled.run.agent_run_id,
        asked_of=portal.people.rosa.id,
        first_answer="yes",
        signs=({"kind": "unresolved", "text": "The customer says so."},),
    )
    _ask(found=found, now=now)
    return FollowUp.objects.get(sampled=sampled).id


def _hidden_value(portal: Portal, run_id: str, now: datetime) -> dict[str, Any]:
    """Hide an address in a run, and name a field to hide."""
    append(UUID(run_id), "question", text="Write to ana@example.com?")
    asked = RunEvent.objects.get(run_id=run_id, kind="question").facts["text"]
    rule_id = hide_field(
        actor=portal.people.actor("maya"),
        slug=portal.workflow.slug,
        path="args.customer.name",
        now=now,
    )
    return {"token": asked.partition("[")[2].partition("]")[0], "rule_id": rule_id}


def _finished_backtest(portal: Portal, now: datetime) -> UUID:
    """Try a wider draft on what was asked, and throw the draft away again."""
    owner, workflow = portal.people.actor("maya"), portal.workflow
    new_version(actor=owner, workflow_id=workflow.id, now=now)
    draft = OperatingModelVersion.objects.get(workflow=workflow, state="DRAFT")
    wider = set_allowance(
        actor=owner,
        workflow_id=workflow.id,
        revision=draft.revision,
        allowance=draft.document["allowances"][1] | {"amount_max": "100.00"},
        now=now,
    )
    begun = ask_backtest(actor=owner, slug=workflow.slug, days=30, now=now)
    claim_backtest(backtest_id=begun)
    run_slice(backtest_id=begun, now=now)
    discard_draft(
        actor=owner, workflow_id=workflow.id, revision=wider.revision, now=now
    )
    return begun


def _checked_import(portal: Portal, now: datetime) -> UUID:
    """Upload an inventory of three rows as the owner, and check it."""
    owner = portal.people.actor("maya")
    import_id = take_in(
        actor=owner,
        file_name="inventory.csv",
        data=b"Title,Department,Vendor\nLost,Customer care,A\nFound,Nowhere,B\nLost,,\n",
        now=now,
    )
    choices = Choices({0: "name", 1: "department", 2: "note"}, {}, "customer-care")
    check_inventory(actor=owner, import_id=import_id, choices=choices, now=now)
    return import_id


def _page_as_toml(portal: Portal) -> str:
    address = f"/workflows/{portal.workflow.slug}/page.toml"
    return portal.signed_in("maya").get(address).content.decode()


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo whatever happens inside; operations may be run in it."""
    block = transaction.atomic()
    # Operations insist on the outermost transaction; a test's own does not count.
    block._from_testcase = True
    with block:
        yield
        if connection.in_atomic_block:
            transaction.set_rollback(True)
