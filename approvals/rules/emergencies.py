"""Break-glass: who may, with what reason, and by when somebody else looks at it."""

from datetime import datetime, timedelta

from registry.rules.rulebook import DecidedBy

WHY_LENGTH_MIN, WHY_LENGTH_MAX = 20, 2000
REVIEW_WORKING_DAYS = 2
LATELY = timedelta(days=30)
# Those who answer for a workflow. Being an administrator is not one of them.
ROLES = (
    DecidedBy.BUSINESS_OWNER.value,
    DecidedBy.RISK_OWNER.value,
    DecidedBy.ESCALATION_OWNER.value,
)
_SATURDAY = 5


def review_due_at(broken_at: datetime) -> datetime:
    """Return the end of the second working day after it, weekends left out."""
    day, left = broken_at, REVIEW_WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < _SATURDAY
    return day


def why_problem(why: str) -> str:
    """Say what is wrong with a reason; nothing when it will do."""
    if "\x00" in why:
        return "This holds a character that cannot be stored."
    if len(why.strip()) < WHY_LENGTH_MIN:
        return (
            f"Say in at least {WHY_LENGTH_MIN} characters what the emergency is: another"
            " person reads it afterwards."
        )
    if len(why) > WHY_LENGTH_MAX:
        return f"At most {WHY_LENGTH_MAX:,} characters."
    return ""
