"""What a week still lacks before it can be signed, and what its signed versions say."""

from runs.models import ReviewWeek
from runs.queries.answers import second_readings_waiting, what_is_left


def left_to_sign(week: ReviewWeek) -> tuple[str, ...]:
    """Say what is left before this week can be signed, each as a sentence. Two queries."""
    return what_is_left(week.id)


def second_readings_left(week: ReviewWeek) -> int:
    """Count the second readings that are neither done nor given up. Two queries."""
    return second_readings_waiting(week.id)
