"""Second readings of the demo's weeks: most agree, one does not, and somebody settles it."""

from datetime import datetime, timedelta
from uuid import UUID

from portal.home.demo.company import Company
from runs.operations.reviewing import reserve_run, save_review
from runs.operations.settling import settle_readings
from runs.queries.answers import Readings, readings_of
from runs.rules.questions import KEYS, Given

ASSESSORS = ("bruno", "ines")
SETTLED = (
    "The order and the photo were both read; what was missing is the delivery note."
)


def read_second(
    company: Company, week_id: UUID, *, at: datetime, is_whole: bool
) -> None:
    """Let the other assessor read what is doubled and read once; settle it where all is read.

    Every other one differs in one question, of a whole week from the second one on. In a
    week that goes on the last one that differs is left for a third person, and one more
    reading is left to do.
    """
    waiting = [x for x in readings_of([week_id]).values() if x.first and not x.is_open]
    chosen = waiting if is_whole else waiting[: max(1, len(waiting) - 1)]
    for number, each in enumerate(chosen):
        now = at + timedelta(minutes=9 * number)
        differs = number % 2 == (1 if is_whole else 0)
        _read(company, week_id, each, now=now, differs=differs)
        if differs and (is_whole or number > 0):
            _settle(company, week_id, each.run_id, now=now + timedelta(minutes=5))


def _read(
    company: Company, week_id: UUID, each: Readings, *, now: datetime, differs: bool
) -> None:
    if each.first is None:
        return
    other = next(
        name for name in ASSESSORS if company.people[name].id != each.first.assessor_id
    )
    call = {"week_id": week_id, "run_id": each.run_id}
    actor = company.actor(other)
    answers = dict(each.first.answers)
    reasons, codes = dict(each.first.given.reasons), dict(each.first.given.codes)
    if differs:
        is_yes = answers["right_data"] == "yes"
        answers["right_data"] = "no" if is_yes else "yes"
        reasons["right_data"] = "The delivery note was never opened."
        codes["right_data"] = "not_read"
    reserve_run(actor=actor, now=now, **call)
    given = Given({key: answers[key] for key in KEYS}, reasons, "", codes)
    save_review(actor=actor, given=given, now=now + timedelta(minutes=4), **call)


def _settle(company: Company, week_id: UUID, run_id: UUID, *, now: datetime) -> None:
    settle_readings(
        actor=company.actor("rosa"),
        week_id=week_id,
        run_id=run_id,
        answers={"right_data": "no"},
        note=SETTLED,
        now=now,
    )
