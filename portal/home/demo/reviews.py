"""The weekly review: four weeks of refunds read and signed, last week open everywhere."""

from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID

from django.utils import timezone

from portal.accounts.actors import SYSTEM
from portal.home.demo.company import Company
from portal.home.demo.known_cases import FAULT, keep_known_case, read_known
from portal.home.demo.second_readings import read_second
from portal.home.demo.workflows import PLANS, id_of
from registry.operations.launching import launch_version
from registry.operations.packets import submit_version
from registry.queries.drafting_from import page_to_change
from registry.queries.drafts import draft_of
from runs.operations.asking_again import ask_again
from runs.operations.drafting import draft_change
from runs.operations.drift import watch_due_weeks
from runs.operations.findings import add_finding, close_finding
from runs.operations.reading_plan import set_reading_plan
from runs.operations.reviewing import keep_draft, reserve_run, save_review
from runs.operations.seeing import gather_sights
from runs.operations.signing import reopen_week, sign_week
from runs.operations.weeks import open_week
from runs.queries.populations import WEEK, monday_of
from runs.queries.signed_weeks import week_of
from runs.queries.week_page.page import week_page
from runs.rules.questions import KEYS, Given

ASSESSORS = ("bruno", "ines")
NO_REASONS = {
    "right_data": "It read the order and never the delivery note.",
    "restricted_avoided": "It asked to delete an order; refused, but it should not ask.",
    "escalated_in_time": "The signals disagreed at once and it still asked for a refund.",
    "reviewer_had_context": "The photo was mentioned and not attached.",
    "faster_without_cleanup": "The customer was told that it is refunded; care had to write again.",
}
NO_CODES = {
    "right_data": "not_read",
    "restricted_avoided": "tried",
    "escalated_in_time": "never",
    "reviewer_had_context": "evidence_missing",
    "faster_without_cleanup": "told_as_done",
}


def read_weeks(company: Company, *, now: datetime) -> None:
    """Open, read and sign what a company of this age has read by now."""
    monday = monday_of(now)
    set_reading_plan(
        actor=company.actor("rosa"),
        workflow_id=id_of("refund-management"),
        minutes_a_week=90,
        minutes_a_run=5,
        now=_moment(monday - 4 * WEEK, 9),
    )
    for back in (5, 4):
        _signed_week(company, "refund-management", monday - back * WEEK, closes=False)
    _signed_week(company, "refund-management", monday - 3 * WEEK, closes=True)
    _signed_week(company, "refund-management", monday - 2 * WEEK, closes=False)
    for plan in PLANS[:-1]:
        _open_week(company, plan.slug, monday - WEEK, now)
    _reopened_week(company, monday - 2 * WEEK, now=now - timedelta(hours=20))
    watch_due_weeks(now=now)
    gather_sights(now=now)
    ask_again(now=now)


def _signed_week(company: Company, slug: str, starts_on: date, *, closes: bool) -> None:
    week_id = _opened(slug, starts_on)
    at = _moment(starts_on + WEEK, 10)
    _read(company, week_id, at=at, share=1.0)
    read_known(company, week_id, at=at + timedelta(hours=6), finds=not closes)
    read_second(company, week_id, at=at + timedelta(days=1), is_whole=True)
    if closes:
        finding = _find(
            company, week_id, "bruno", "priya", at,
            "MISSING_CONTEXT", "Requests for broken glass name a photo that nobody can open.",
        )  # fmt: skip
        close_finding(
            actor=company.actor("priya"),
            finding_id=finding,
            evidence="The agent attaches what the customer wrote to every request since then.",
            now=at + timedelta(days=6),
        )
    sign_week(
        actor=company.actor("rosa"),
        week_id=week_id,
        summary="Small refunds are right and fast. People still correct the amount for shades.",
        released="One of the two assessors was away; the first readings count.",
        now=at + timedelta(days=2),
    )
    keep_known_case(company, week_id, now=at + timedelta(days=2, hours=1))


def _open_week(company: Company, slug: str, starts_on: date, now: datetime) -> None:
    """Leave last week open: half read for refunds, a little elsewhere."""
    week_id = _opened(slug, starts_on)
    # On a Monday morning nobody has read much yet, and nothing lies ahead of now.
    at = min(_moment(starts_on + WEEK, 13), now - timedelta(hours=3))
    is_refunds = slug == "refund-management"
    _read(company, week_id, at=at, share=0.5 if is_refunds else 0.25)
    if is_refunds:
        read_known(company, week_id, at=at + timedelta(hours=1), finds=True)
        read_second(company, week_id, at=at + timedelta(hours=2), is_whole=False)
    if is_refunds:
        _find(
            company, week_id, "ines", "maya", at,
            "REPEATED_CORRECTION", "Again and again the refund was halved: the agent asks for the whole lamp when only the shade is broken.", "billing.refund",
        )  # fmt: skip
    if slug == "voice-service-desk":
        finding = _find(
            company, week_id, "ines", "maya", at,
            "LOOSE_RULE", "A delivery was moved on a name that the recording hardly gave; nobody was asked.",
        )  # fmt: skip
        _to_version(company, slug, finding, now=min(at + timedelta(days=1), now))
    if slug == "security-operations":
        _find(
            company, week_id, "bruno", "samir", at,
            "TIGHT_RULE", "Our own newsletter service was nearly blocked; the list of our own addresses is missing.",
        )  # fmt: skip


def _to_version(company: Company, slug: str, finding: UUID, *, now: datetime) -> None:
    """Draft the change that a finding asks for and put it live; it narrows, so alone."""
    owner, workflow_id = company.actor("maya"), id_of(slug)
    draft_change(
        actor=owner,
        finding_id=finding,
        way="confidence",
        given={"value": "0.7"},
        seen=page_to_change(workflow_id=workflow_id).whole,
        now=now,
    )
    submit_version(
        actor=owner,
        workflow_id=workflow_id,
        revision=draft_of(workflow_id=workflow_id).revision,
        reason="Nothing is moved on a name that was hardly heard.",
        now=now,
    )
    launch_version(actor=owner, workflow_id=workflow_id, now=now)


def _reopened_week(company: Company, starts_on: date, *, now: datetime) -> None:
    """Open a signed week again, correct one answer, and sign it as version 2."""
    week_id = week_of(workflow_id=id_of("refund-management"), starts_on=starts_on)
    reopen_week(
        actor=company.actor("ines"),
        week_id=week_id,
        reason="One run was read beside the order of another customer.",
        now=now,
    )
    ines = company.actor("ines")
    rows = week_page(actor=ines, week_id=week_id, now=now).rows
    mine = next(
        row for row in rows if row.assigned_to == ines.name and not row.is_doubled
    )
    answers = dict.fromkeys(KEYS, "yes") | {"right_data": "no"}
    reasons = {"right_data": "It read the order of another customer of that name."}
    save_review(
        actor=ines,
        week_id=week_id,
        run_id=mine.run_id,
        given=Given(answers, reasons, ""),
        now=now + timedelta(minutes=20),
    )
    sign_week(
        actor=company.actor("rosa"),
        week_id=week_id,
        summary="Small refunds are right and fast. One was read beside the wrong order; two customers of one name.",
        released="One of the two assessors was away; the first readings count.",
        now=now + timedelta(hours=1),
    )


def _opened(slug: str, starts_on: date) -> UUID:
    return open_week(
        actor=SYSTEM,
        workflow_id=id_of(slug),
        starts_on=starts_on,
        now=_moment(starts_on + WEEK, 6),
    )


def _read(company: Company, week_id: UUID, *, at: datetime, share: float) -> None:
    """Let the assessors read a share of the sample; the next one is begun and left."""
    page = week_page(actor=company.actor(ASSESSORS[0]), week_id=week_id, now=at)
    sample = tuple(row for row in page.rows if not row.is_known)
    # What is kept as a known case later: read twice, with a fault that both see.
    faulty = next((row.run_id for row in sample if row.is_doubled), None)
    until = len(sample) if share >= 1 else max(1, round(len(sample) * share))
    for number, sampled in enumerate(sample[:until]):
        who = ASSESSORS[number % len(ASSESSORS)]
        now = at + timedelta(minutes=11 * number)
        chance = Random(f"{week_id.int % 97}-{number}")  # noqa: S311 - a story
        call = {"week_id": week_id, "run_id": sampled.run_id}
        actor = company.actor(who)
        reserve_run(actor=actor, now=now, **call)
        later = now + timedelta(minutes=6)
        is_faulty = share >= 1 and sampled.run_id == faulty
        given = FAULT if is_faulty else _answers(chance)
        save_review(actor=actor, given=given, now=later, **call)
    if share < 1 and until < len(sample):
        keep_draft(
            actor=company.actor(ASSESSORS[until % len(ASSESSORS)]),
            week_id=week_id,
            run_id=sample[until].run_id,
            given=Given({"right_data": "yes"}, {}, ""),
            now=at + timedelta(minutes=11 * until),
        )


def _answers(chance: Random) -> Given:
    answers, reasons, codes = {}, {}, {}
    for key in KEYS:
        answer = chance.choices(
            ("yes", "no", "not_applicable", "cannot_judge"), weights=(86, 6, 6, 2)
        )[0]
        answers[key] = answer
        if answer == "no":
            reasons[key] = NO_REASONS[key]
            codes[key] = NO_CODES[key]
        elif answer == "cannot_judge":
            reasons[key] = "The run does not say what the customer was told."
            codes[key] = "not_told"
    return Given(answers, reasons, "", codes)


def _find(
    company: Company,
    week_id: UUID,
    who: str,
    owner: str,
    at: datetime,
    kind: str,
    text: str,
    about: str = "",
) -> UUID:
    return add_finding(
        actor=company.actor(who),
        week_id=week_id,
        run_id=None,
        kind=kind,
        text=text,
        owner_id=company.people[owner].id,
        due_on=(at + 2 * WEEK).date(),
        about=about,
        now=at + timedelta(hours=1),
    )


def _moment(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=timezone.get_default_timezone())
