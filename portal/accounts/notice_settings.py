"""How people want to be told, and when an e-mail is due by that. Written down, or built in."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from portal.accounts.models import NoticeSettings
from portal.accounts.notice_kind import Kind, Way
from portal.accounts.notice_kinds import KINDS

WORK_BEGINS, WORK_ENDS = 8, 18
SATURDAY = 5
# What is older than this when it is told is no news for an e-mail.
STALE_AFTER = timedelta(hours=12)
DAYS_WITHOUT_WORK_MAX = 60


def _in_the_week(day: date) -> bool:
    return day.weekday() < SATURDAY


@dataclass(frozen=True)
class WorkingDays:
    """On which days a person works, and in which zone, as their company says."""

    time_zone: str = ""
    is_working: Callable[[date], bool] = _in_the_week


USUAL_DAYS = WorkingDays()
_CALENDARS: list[Callable[[Collection[UUID]], Mapping[UUID, WorkingDays]]] = []


def knows_working_days(
    read: Callable[[Collection[UUID]], Mapping[UUID, WorkingDays]],
) -> None:
    """Let a room say on which days people work; called once, when it starts."""
    _CALENDARS.append(read)


@dataclass(frozen=True)
class Wishes:
    """How one person wants to be told."""

    person_id: UUID
    ways: Mapping[str, str] = field(default_factory=dict)
    digest: str = "daily"
    digest_at: time = time(8)
    time_zone: str = ""
    quiet_from: time | None = None
    quiet_until: time | None = None
    days: WorkingDays = USUAL_DAYS

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone or self.days.time_zone or settings.TIME_ZONE)

    def way_of(self, kind: Kind) -> Way:
        """Give the way for a kind; what must be shown is never off."""
        chosen = self.ways.get(kind.key, kind.way.value)
        way = Way(chosen) if chosen in set(Way) else kind.way
        return Way.PORTAL if way == Way.OFF and kind.must_show else way

    def mail_at(
        self, kind: Kind, *, told_at: datetime, now: datetime
    ) -> datetime | None:
        """Say when an e-mail about it is due; None for no e-mail."""
        way = self.way_of(kind)
        if way not in (Way.NOW, Way.DIGEST) or now - told_at > STALE_AFTER:
            return None
        due = now if way == Way.NOW else self.next_digest(now)
        return self._after_quiet(due)

    def next_digest(self, now: datetime) -> datetime:
        """Give the next moment of this person's digest: on a working day, in their zone."""
        here = now.astimezone(self.zone)
        if self.digest == "hourly":
            due = here.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            if due.hour > WORK_ENDS:
                due = _at(due + timedelta(days=1), time(WORK_BEGINS))
            elif due.hour < WORK_BEGINS:
                due = _at(due, time(WORK_BEGINS))
        else:
            due = _at(here, self.digest_at)
            if due <= here:
                due = _at(due + timedelta(days=1), self.digest_at)
        begins = time(WORK_BEGINS) if self.digest == "hourly" else self.digest_at
        for _ in range(DAYS_WITHOUT_WORK_MAX):
            if self.days.is_working(due.date()):
                break
            due = _at(due + timedelta(days=1), begins)
        return due.astimezone(UTC)

    def _after_quiet(self, due: datetime) -> datetime:
        if self.quiet_from is None or self.quiet_until is None:
            return due
        here = due.astimezone(self.zone)
        clock = here.time()
        if self.quiet_from <= self.quiet_until:
            is_quiet = self.quiet_from <= clock < self.quiet_until
        else:
            is_quiet = clock >= self.quiet_from or clock < self.quiet_until
        if not is_quiet:
            return due
        ends = _at(here, self.quiet_until)
        if ends <= here:
            ends = _at(here + timedelta(days=1), self.quiet_until)
        return ends.astimezone(UTC)


def wishes_of(people: Collection[UUID]) -> dict[UUID, Wishes]:
    """Read how these people want to be told, and when they work. Three queries."""
    kept = {
        row.person_id: wishes_in(row)
        for row in NoticeSettings.objects.filter(person__in=people)
    }
    days: dict[UUID, WorkingDays] = {}
    for read in _CALENDARS:
        days |= read(people)
    return {
        person_id: replace(
            kept.get(person_id) or Wishes(person_id),
            days=days.get(person_id, USUAL_DAYS),
        )
        for person_id in people
    }


def wishes_in(row: NoticeSettings) -> Wishes:
    return Wishes(
        person_id=row.person_id,
        ways={key: way for key, way in row.ways.items() if key in KINDS},
        digest=row.digest,
        digest_at=row.digest_at,
        time_zone=row.time_zone,
        quiet_from=row.quiet_from,
        quiet_until=row.quiet_until,
    )


def _at(day: datetime, clock: time) -> datetime:
    return day.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
