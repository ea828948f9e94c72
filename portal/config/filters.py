"""How times, money and counts read on a page: one way each, everywhere.

Every filter is total: a missing value reads as a dash that says so, never as an error or as zero.
"""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone
from markupsafe import Markup

MISSING = Markup('<span class="missing" title="Nothing recorded">–</span>')
CURRENCIES_WITHOUT_CENTS = frozenset({"JPY", "KRW", "CLP", "VND", "ISK"})
MINUTE, HOUR, DAY = 60, 3_600, 86_400
RELATIVE_DAYS_MAX = 14


def ago(value: dt.datetime | None) -> Markup:
    """Show "6 min ago", with the exact time on hover, in print and for machines."""
    if value is None:
        return MISSING
    seconds = (timezone.now() - value).total_seconds()
    if seconds < 0:
        return _time(value, f"in {_rough(-seconds)}", "ago")
    words = (
        _exact_day(value) if seconds >= RELATIVE_DAYS_MAX * DAY else _ago_words(seconds)
    )
    return _time(value, words, "ago")


def left(value: dt.datetime | None) -> Markup:
    """Show "12 min left", or "4 min late" once it has passed."""
    if value is None:
        return MISSING
    seconds = (value - timezone.now()).total_seconds()
    return _time(
        value,
        f"{_rough(seconds)} left" if seconds >= 0 else f"{_rough(-seconds)} late",
        "left",
    )


def due(
    value: dt.datetime | None, zone: str = "", counts_from: dt.datetime | None = None
) -> Markup:
    """Show "until Mon 10:30 (working hours)" where nights and days off are not counted.

    From `counts_from` on no break comes any more, and the time is counted down.
    """
    if value is None or not zone or counts_from is None:
        return left(value)
    now = timezone.now()
    if now >= counts_from:
        return left(value)
    there = value.astimezone(ZoneInfo(zone))
    days = (there.date() - now.astimezone(there.tzinfo).date()).days
    day_name = {0: "today", 1: "tomorrow"}.get(
        days, f"{there:%a} {there.day} {there:%b}"
    )
    words = f"until {day_name} {there:%H:%M} (working hours)"
    exact = f"{_exact_day(value)}, {_local(value):%H:%M:%S %Z}"
    return Markup(
        '<time datetime="{}" title="{}" data-relative="due" data-zone="{}"'
        ' data-from="{}">{}</time>'
    ).format(value.isoformat(), exact, zone, counts_from.isoformat(), words)


def clock(value: dt.datetime | None) -> Markup:
    """Show "09:06:16"."""
    return MISSING if value is None else _time(value, f"{_local(value):%H:%M:%S}")


def day(value: dt.date | None) -> Markup:
    """Show "21 Nov 2026"."""
    return MISSING if value is None else _time(value, _exact_day(value))


def moment(value: dt.datetime | None) -> Markup:
    """Show "21 Nov 2026, 09:06"."""
    return (
        MISSING
        if value is None
        else _time(value, f"{_exact_day(value)}, {_local(value):%H:%M}")
    )


def duration(value: dt.timedelta | float | None) -> str | Markup:
    """Show "6 min 02 s": two units at most, the smaller one padded so that columns align."""
    if value is None:
        return MISSING
    seconds = value.total_seconds() if isinstance(value, dt.timedelta) else float(value)
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        minutes, rest = divmod(whole, MINUTE)
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    if whole < 2 * DAY:
        hours, rest = divmod(whole, HOUR)
        return f"{hours} h {rest // MINUTE:02d} min" if rest >= MINUTE else f"{hours} h"
    return plural(whole // DAY, "day")


def money(amount: Decimal | int | str | None, currency: str = "") -> str | Markup:
    """Show "EUR 1,284.20"; rounds half up for the eye only."""
    if amount is None:
        return MISSING
    digits = 0 if currency in CURRENCIES_WITHOUT_CENTS else 2
    return f"{currency} {Decimal(amount):,.{digits}f}".strip().replace(" ", "\u00a0")


def number(value: Decimal | float | None, digits: int | None = None) -> str | Markup:
    """Show "1,284", or a fixed number of digits after the point."""
    if value is None:
        return MISSING
    return f"{value:,}" if digits is None else f"{value:,.{digits}f}"


def percent(value: Decimal | float | None, digits: int = 0) -> str | Markup:
    """Show a share between 0 and 1 as "93 %"."""
    return MISSING if value is None else f"{float(value) * 100:.{digits}f}\u00a0%"


def plural(count: int, one: str, many: str = "") -> str:
    """Show "1 run" or "3 runs"."""
    return f"{count:,}\u00a0{one if count == 1 else many or one + 's'}"


def initials(name: str) -> str:
    words = [word for word in name.split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


def _ago_words(seconds: float) -> str:
    return "just now" if seconds < 45 else f"{_rough(seconds)} ago"


def _rough(seconds: float) -> str:
    if seconds < 45:
        return f"{round(seconds)}\u00a0s"
    if seconds < 45 * MINUTE:
        return f"{max(1, round(seconds / MINUTE))}\u00a0min"
    if seconds < 22 * HOUR:
        return f"{max(1, round(seconds / HOUR))}\u00a0h"
    return plural(max(1, round(seconds / DAY)), "day")


def _local(value: dt.datetime) -> dt.datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


def _exact_day(value: dt.date) -> str:
    shown = _local(value) if isinstance(value, dt.datetime) else value
    return f"{shown.day} {shown:%b %Y}"


def _time(value: dt.date, words: str, relative: str = "") -> Markup:
    exact = (
        f"{_exact_day(value)}, {_local(value):%H:%M:%S %Z}"
        if isinstance(value, dt.datetime)
        else _exact_day(value)
    )
    mark = Markup(' data-relative="{}"').format(relative) if relative else ""
    return Markup('<time datetime="{}" title="{}"{}>{}</time>').format(
        value.isoformat(), exact, mark, words
    )
