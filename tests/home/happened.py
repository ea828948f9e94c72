"""One history in which every number has something to count, and something to leave out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from django.db import connection
from django.utils import timezone

from approvals.models import ExceptionDisposition, FirstLook, Proposal
from approvals.operations.ending import recount_ends
from approvals.rules.consistency import hold_signature
from portal.accounts.actors import SYSTEM
from portal.accounts.models import Person
from runs.models import Hold, Incident, Review, Run, RunFact, SampledRun
from runs.operations.counting import count_due_runs
from runs.operations.weeks import open_week
from runs.rules.questions import KEYS
from tests.approvals.asking import Portal, make_portal
from tests.home.ended import any_history, ended
from tests.people import live_workflow, refunds_document
from tests.runs.helpers import (
    LATER,
    START,
    moment,
    refund_story,
    start_run,
    store,
    told,
)

MONDAY = START.date()
AFTER = START + timedelta(days=8)
DAY = timedelta(days=1)


def everything_happened() -> Portal:
    """Let runs, decisions, exceptions, readings and acts of people have happened."""
    share = {"first": "2026-03-01", "last": "2026-05-31", "source": "The old system."}
    cases = [{"kind": "damaged", "n": 30, "value": "20"}]
    share |= {"n": 40, "cases": cases}
    made = make_portal(
        document=refunds_document(
            baselines=[
                share | {"key": "cycle-time", "value": "30"},
                share | {"key": "escalation-rate", "value": "10"},
            ]
        )
    )
    # Of a workflow that no baseline speaks of.
    other = live_workflow(made.people, slug="returns")
    dice = Random(6)
    for number in range(40):
        _run(made, made.workflow, f"case-{number}", dice)
    for number in range(6):
        _run(made, other, f"return-{number}", dice)
    for number, end in enumerate(("succeeded", "succeeded", "failed", "unknown", "")):
        _acted(made, f"acted-{number}", end)
    Run.objects.filter(agent_run_id__in=["case-3", "case-4"]).update(is_test=True)
    count_due_runs(now=LATER)
    for number in range(3):
        _run(made, made.workflow, f"late-{number}", dice)
    for number, amount in enumerate(("10.00", "84.20", "250.00", "84.20", "9000.00")):
        made.ask(amount, run=f"asked-{number}")
    made.ask(run="asked-of-the-owner", risk="high")
    _proposals(made, dice)
    _holds(made)
    _incidents(made)
    _readings(made, other, dice)
    _acts(made, dice)
    return made


def _run(portal, workflow, name, dice):
    """Tell of one run as it may happen."""
    events = [
        told(
            "run.started",
            0,
            trigger="x",
            case=f"C-{dice.randrange(30)}",
            case_type=dice.choice(("damaged", "late", "")),
            **({"requester": f"P-{dice.randrange(20)}"} if dice.random() < 0.7 else {}),
        )
    ]
    for at in range(dice.randrange(4)):
        attempt = {"status": dice.choice(("ok", "error")), "attempt": 1 + at}
        events.append(told("tool.called", 5 + at, tool="look", args={}, **attempt))
    if dice.random() < 0.6:
        currency = dice.choice(("EUR", "EUR", "USD"))
        events.append(
            told("cost", 9, cost_kind="models", value="0.20", currency=currency)
        )
    if dice.random() < 0.3:
        events.append(told("handoff", 10, to="Dana"))
    if dice.random() < 0.3:
        events.append(moment("held", 11, rule="money", sentence="Too much."))
    if dice.random() < 0.5:
        events.append(told("outcome.confirmed", 12, resolved=dice.random() < 0.7))
    units = {"units": "2"} if dice.random() < 0.6 else {}
    status = dice.choice(("completed", "completed", "failed", "cancelled"))
    events.append(told("run.finished", 20 + dice.randrange(90), status=status, **units))
    store(start_run(workflow, portal.people.agent, name), events)


def _acted(portal, name, end):
    """Tell of one run with a grant that was used, and of what came of it."""
    events = [
        replace(event, facts=dict(event.facts) | {"status": end})
        if event.kind == "outcome"
        else event
        for event in refund_story()
        # What the rulebook answered has a record of its own.
        if event.kind != "ruled" and (end or event.kind != "outcome")
    ]
    events.append(told("outcome.confirmed", 380, resolved=True, basis="customer"))
    store(start_run(portal.workflow, portal.people.agent, name), events)


def _proposals(portal, dice):
    """Let proposals have ended in every way, some escalated, some in a reopened case."""
    again = RunFact.objects.filter(measures__has_key="run.reopened").values_list(
        "run_id", flat=True
    )
    many = any_history(6, 70, until=START + 3 * DAY)
    for number, each in enumerate(many):
        if number % 3 == 0:
            cause = "stop_rule.money" if number % 4 else f"stop_rule.{number}"
            each["escalated"] = each["at"] - timedelta(hours=1)
            each["columns"] = {"cause": cause}
    day = START - 3 * DAY
    many += [
        {"state": state, "at": day, "columns": {"run_id": run_id}}
        for run_id in again
        for state in ("APPROVED", "REJECTED", "EXPIRED")
    ]
    rows = ended(portal, *many)
    dana = portal.people.people["dana"]
    FirstLook.objects.bulk_create(
        FirstLook(
            proposal=row,
            person=dana,
            words=120,
            looked_at=each["at"] - timedelta(seconds=dice.randrange(400)),
        )
        for row, each in zip(rows, many, strict=True)
        if dice.random() < 0.6
    )
    recount_ends(actor=SYSTEM)


def _holds(portal):
    """Let stop rules have held runs: alike, alone of their kind, and still open."""
    run_id = Proposal.objects.values_list("run_id", flat=True)[0]
    erik = portal.people.people["erik"]
    for number, rule in enumerate(("money", "money", "topic", "open")):
        placed = START - number * DAY
        hold = Hold(
            run_id=run_id,
            workflow=portal.workflow,
            rule_key=rule,
            sentence="It stopped.",
            placed_at=placed,
            placed_by_kind="system",
            placed_by_id=erik.id,
            placed_by_name="Countersign",
        )
        if rule != "open":
            hold.resumed_at, hold.resume_reason = placed + DAY, "Right."
            hold.resumed_by = erik
        hold.save()
        if rule != "open":
            ExceptionDisposition.objects.create(
                hold_id=hold.id,
                run_id=run_id,
                workflow=portal.workflow,
                signature=hold_signature(portal.workflow.id, rule),
                sentence=hold.sentence,
                disposition="RESUMED",
                text="Right.",
                differs_from_precedents=False,
                precedents=0,
                disposed_by=erik,
                disposed_at=hold.resumed_at,
            )


def _incidents(portal):
    """Let actions without a grant have been seen, and one of them explained."""
    for number, settled in enumerate((None, None, START)):
        Incident.objects.create(
            kind="TOLD",
            workflow=portal.workflow,
            run_id=Run.objects.values_list("id", flat=True)[number],
            code="x",
            headline="Changed c.",
            why="No grant.",
            actions=2 + number,
            happened_at=START,
            opened_at=START,
            state="EXPLAINED" if settled else "OPEN",
            settled_at=settled,
        )


def _readings(portal, other, dice):
    """Let assessors have read most of a week, as they may answer."""
    for workflow in (portal.workflow, other):
        week = open_week(
            actor=SYSTEM, workflow_id=workflow.id, starts_on=MONDAY, now=AFTER
        )
        for sampled in SampledRun.objects.filter(week=week):
            if dice.random() < 0.2:
                continue
            answers = ("yes", "yes", "no", "not_applicable", "cannot_judge")
            Review.objects.create(
                sampled=sampled,
                assessor=portal.people.people["rosa"],
                created_at=AFTER,
                changed_at=AFTER,
                **{key: dice.choice(answers) for key in KEYS},
            )


def _acts(portal, dice):
    """Let people have acted on many days, few days or none."""
    Person.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    days = {"dana": 12, "tom": 9, "lena": 2, "maya": 1, "rosa": 8}
    today = timezone.now().date()
    with connection.cursor() as cursor:
        cursor.executemany(
            'INSERT INTO audit_actedday (actor_id, "on", kind) VALUES (%s, %s, %s)'
            " ON CONFLICT DO NOTHING",
            [
                (portal.people.people[name].id, last - ago * DAY, "decide")
                for name, count in days.items()
                for ago in range(count)
                for last in (MONDAY, today)
            ],
        )
