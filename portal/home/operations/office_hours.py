"""Office hours: a time and a place at which somebody helps whoever comes."""

from datetime import datetime, timedelta
from uuid import UUID

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.home.models import OfficeHour
from portal.home.queries.adoption import may_host

TEXT_MAX = 200
LENGTH_MAX = timedelta(hours=12)
AHEAD_MAX = timedelta(days=366)
TO_COME_MAX = 200


@operation(leaves="office_hour.announced")
def announce_office_hour(
    *,
    actor: Actor,
    about: str,
    place: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    now: datetime,
) -> UUID:
    """Announce office hours. Raises Forbidden, Invalid by field, Conflict for too many."""
    if not may_host(actor):
        raise Forbidden(
            "AI product owners, business owners and administrators do this."
        )
    about, place = " ".join(about.split()), " ".join(place.split())
    problems = {}
    if not about or len(about) > TEXT_MAX or "\x00" in about:
        problems["about"] = f"Say what it is about, in at most {TEXT_MAX} characters."
    if not place or len(place) > TEXT_MAX or "\x00" in place:
        problems["place"] = f"Say where, in at most {TEXT_MAX} characters."
    if starts_at is None or not now < starts_at <= now + AHEAD_MAX:
        problems["starts_at"] = "Choose a time to come, within a year."
    elif ends_at is None or not starts_at < ends_at <= starts_at + LENGTH_MAX:
        problems["ends_at"] = "Choose an end after its beginning, on the same day."
    if problems or starts_at is None or ends_at is None:
        raise Invalid(problems)
    to_come = OfficeHour.objects.filter(cancelled_at=None, ends_at__gt=now)
    if to_come.count() >= TO_COME_MAX:
        raise Conflict("office_hours.many", f"{TO_COME_MAX} are announced already.")
    row = OfficeHour.objects.create(
        host_id=actor.id,
        about=about,
        place=place,
        starts_at=starts_at,
        ends_at=ends_at,
        announced_at=now,
    )
    record(
        "office_hour.announced",
        actor=actor,
        subject=("office_hour", row.id),
        about=about,
        place=place,
        starts_at=starts_at.isoformat(),
    )
    return row.id


@operation(leaves="office_hour.cancelled")
def cancel_office_hour(*, actor: Actor, hour_id: UUID, now: datetime) -> None:
    """Call office hours off; whoever announced them may. Raises NotFound, AlreadyDone."""
    row = OfficeHour.objects.select_for_update(no_key=True).filter(id=hour_id).first()
    if row is None or row.host_id != actor.id:
        raise NotFound("There are no such office hours of yours.")
    if row.cancelled_at is not None or row.ends_at <= now:
        raise AlreadyDone("office_hour.over", "They are over, or called off already.")
    row.cancelled_at = now
    row.save(update_fields=["cancelled_at"])
    record(
        "office_hour.cancelled",
        actor=actor,
        subject=("office_hour", row.id),
        about=row.about,
    )
