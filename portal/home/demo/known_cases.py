"""Known cases of the demo's weeks: one is kept each week, and a third assessor reads it later."""

from datetime import datetime, timedelta
from uuid import UUID

from portal.home.demo.company import Company
from runs.operations.knowing import add_known_case
from runs.operations.reviewing import reserve_run, save_review
from runs.queries.answers import readings_of
from runs.queries.week_page.page import week_page
from runs.rules.knowing import is_catch
from runs.rules.questions import KEYS, Given

ALL_WELL = Given(dict.fromkeys(KEYS, "yes"), {}, "")
FAULT = Given(
    dict.fromkeys(KEYS, "yes") | {"right_data": "no"},
    {"right_data": "The photo shows the shade alone, and the whole lamp was refunded."},
    "",
    {"right_data": "not_read"},
)


def keep_known_case(company: Company, week_id: UUID, *, now: datetime) -> None:
    """Keep one run with a fault that both readers saw, so that nobody else knows it."""
    agreed = (
        each
        for each in readings_of([week_id]).values()
        if each.second and not each.differs and is_catch(each.counted)
    )
    found = next(agreed, None)
    if found is not None:
        add_known_case(
            actor=company.actor("ines"),
            week_id=week_id,
            run_id=found.run_id,
            reason="The photo shows it at a glance, if somebody opens it.",
            now=now,
        )


def read_known(company: Company, week_id: UUID, *, at: datetime, finds: bool) -> None:
    """Let whoever was given a known case read it, and find what is wrong or pass it."""
    page = week_page(actor=company.actor("ines"), week_id=week_id, now=at)
    names = {person.name: name for name, person in company.people.items()}
    for number, row in enumerate(row for row in page.rows if row.is_known):
        actor = company.actor(names[row.assigned_to])
        now = at + timedelta(minutes=10 * number)
        call = {"week_id": week_id, "run_id": row.run_id}
        reserve_run(actor=actor, now=now, **call)
        given = FAULT if finds else ALL_WELL
        save_review(actor=actor, given=given, now=now + timedelta(minutes=7), **call)
