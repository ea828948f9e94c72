"""Last week's bad batch: only the shade is broken and the agent asks for the whole lamp.

People halve most of these refunds, so the week has something to say about corrections, and
the watch over overrides has something to raise. And one order that comes back.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random

from django.utils import timezone

from portal.home.demo.scene import Scene
from portal.home.demo.stories.cases import Story, case_of
from portal.home.demo.stories.refunds import approved, edited
from runs.queries.populations import WEEK, monday_of

BATCH = 15
# Of the batch, the ones whose whole lamp was broken after all.
WHOLE = frozenset((3, 9))
CAME_BACK_DAYS = (15.4, 8.3)


def batch_of(seed: int, now: datetime) -> Iterator[tuple[datetime, str, Story]]:
    """Give when each refund of the batch was asked for, its run's name and its story."""
    monday = timezone.make_aware(
        datetime.combine(monday_of(now) - WEEK, time(8)),
        timezone.get_default_timezone(),
    )
    for number in range(BATCH):
        at = monday + timedelta(days=number // 3, hours=1 + number % 3 * 2.6)
        yield at, f"{at:%m%d}-shade-{number:02d}", _story(seed, number)


def twice(seed: int, now: datetime) -> Iterator[tuple[datetime, str, Story]]:
    """Give one order that was refunded in half, and came back a week later."""
    for play, days in zip((edited, approved), CAME_BACK_DAYS, strict=True):
        at = now - timedelta(days=days)
        yield at, f"{at:%m%d}-again", _told(play, f"{seed}-again")


def _story(seed: int, number: int) -> Story:
    return _told(approved if number in WHOLE else edited, f"{seed}-shade-{number}")


def _told(play, name: str) -> Story:
    case = case_of(Random(name), is_small=False)  # noqa: S311 - the same every time

    def story(scene: Scene) -> Iterator[float]:
        yield from play(scene, case)

    return story
