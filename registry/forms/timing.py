"""Forms about working time and review times; they validate and never save."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms

from registry.queries.timing_pages import countries, hours_text, subdivisions_of
from registry.rules.answers import Risk
from registry.rules.business_time import DAY_MINUTES
from registry.rules.review_times import (
    ALWAYS,
    MINUTES_MAX,
    MINUTES_MIN,
    RUNGS,
    WORKING,
    RiskTimes,
)

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CLOSED_DAYS_MAX = 200
SPANS_MAX = 4
_SPAN = re.compile(r"^(\d{1,2}):(\d{2})\s*(?:-|\u2013|to)\s*(\d{1,2}):(\d{2})$")
_TIME = re.compile(r"^(?:(\d+)\s*h(?:ours?)?)?\s*(?:(\d+)\s*m(?:in(?:utes?)?)?)?$")


def zones() -> list[tuple[str, str]]:
    """Name the time zones that one can choose."""
    found = (zone for zone in available_timezones() if "/" in zone or zone == "UTC")
    return [
        (zone, zone.replace("_", " "))
        for zone in sorted(found)
        if not zone.startswith(("Etc/", "SystemV/"))
    ]


class HoursField(forms.CharField):
    """The hours of one day: "09:00-12:00, 13:00-17:00"; empty is closed."""

    def clean(self, value: Any) -> list[tuple[int, int]]:
        text = super().clean(value)
        return spans_from(text)


def spans_from(text: str) -> list[tuple[int, int]]:
    """Read the hours of a day. An end before the start is on the next day."""
    spans: list[tuple[int, int]] = []
    for part in filter(None, (each.strip() for each in re.split(r"[,;]", text))):
        found = _SPAN.match(part)
        if not found:
            raise forms.ValidationError(
                f"“{part}” is no time of day. Write it as 09:00-17:00."
            )
        begins, ends = _minute(*found.group(1, 2)), _minute(*found.group(3, 4))
        if begins >= DAY_MINUTES:
            raise forms.ValidationError("A day begins before 24:00.")
        if ends <= begins:
            ends += DAY_MINUTES
        spans.append((begins, ends))
    spans.sort()
    if len(spans) > SPANS_MAX:
        raise forms.ValidationError(f"At most {SPANS_MAX} spans a day.")
    if any(first[1] > then[0] for first, then in zip(spans, spans[1:], strict=False)):
        raise forms.ValidationError("These hours overlap.")
    return spans


def _minute(hours: str, minutes: str) -> int:
    if int(hours) > 24 or int(minutes) > 59 or (int(hours) == 24 and int(minutes)):
        raise forms.ValidationError(f"There is no {hours}:{minutes} in a day.")
    return int(hours) * 60 + int(minutes)


class CalendarForm(forms.Form):
    """One week of working hours in a time zone, with what is closed."""

    time_zone = forms.ChoiceField(label="Time zone", choices=zones)
    country = forms.ChoiceField(
        label="Public holidays of",
        required=False,
        choices=lambda: [("", "No country"), *countries()],
    )
    subdivision = forms.CharField(
        label="State or region",
        max_length=10,
        required=False,
        help_text="Its short name, such as BE for Berlin. Empty is the whole country.",
    )
    closed_days = forms.CharField(
        label="Own closed days",
        required=False,
        widget=forms.Textarea,
        max_length=20_000,
        help_text="One a line: the date and a name, such as 2026-12-24 Christmas Eve.",
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for number, day in enumerate(DAYS):
            self.fields[f"day_{number}"] = HoursField(
                label=day, required=False, max_length=100
            )

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[f"day_{number}"] for number in range(len(DAYS))]

    def clean_time_zone(self) -> str:
        zone = self.cleaned_data["time_zone"]
        ZoneInfo(zone)
        return zone

    def clean_closed_days(self) -> list[dict[str, str]]:
        lines = self.cleaned_data["closed_days"].splitlines()
        found = [_closed(line) for line in lines if line.strip()]
        if len(found) > CLOSED_DAYS_MAX:
            raise forms.ValidationError(f"At most {CLOSED_DAYS_MAX} closed days.")
        return found

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        country, part = said.get("country", ""), said.get("subdivision", "").upper()
        known = subdivisions_of(country) if country else ()
        if part and part not in known:
            listed = ", ".join(known[:20]) or "none"
            self.add_error("subdivision", f"Not known here. Known ones: {listed}.")
        said["subdivision"] = part
        said["week"] = [said.get(f"day_{n}") or [] for n in range(len(DAYS))]
        has_errors = any(f"day_{n}" in self.errors for n in range(len(DAYS)))
        if not has_errors and not any(said["week"]):
            self.add_error("day_0", "Somebody has to work at some time of the week.")
        if not has_errors:
            self._check_nights(said["week"])
        return said

    def _check_nights(self, week: list[list[tuple[int, int]]]) -> None:
        for number, spans in enumerate(week):
            following = week[(number + 1) % len(week)]
            late = max((end - DAY_MINUTES for _, end in spans), default=0)
            if following and late > following[0][0]:
                self.add_error(
                    f"day_{number}",
                    "These hours reach into those of the next day.",
                )


def calendar_initial(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the form shows of a stored calendar."""
    closed = "\n".join(f"{each['day']} {each['name']}" for each in kept["closed_days"])
    days = {f"day_{n}": hours_text(spans) for n, spans in enumerate(kept["week"])}
    return {**kept, **days, "closed_days": closed}


def _closed(line: str) -> dict[str, str]:
    day, _, name = line.strip().partition(" ")
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise forms.ValidationError(
            f"“{line[:40]}” does not begin with a date such as 2026-12-24."
        ) from None
    return {"day": found.isoformat(), "name": name.strip()[:60] or "Closed"}


class TimeField(forms.CharField):
    """A length of time in hours and minutes, such as "2 h" or "30 min"."""

    def clean(self, value: Any) -> timedelta:
        text = super().clean(value).strip().lower()
        found = _TIME.match(text)
        if not found or not any(found.groups()):
            raise forms.ValidationError("Write it as 30 min, 2 h or 1 h 30 min.")
        hours, minutes = (int(part or 0) for part in found.groups())
        total = hours * 60 + minutes
        if not MINUTES_MIN <= total <= MINUTES_MAX:
            raise forms.ValidationError("From one minute to 2160 h.")
        return timedelta(minutes=total)


class ReviewTimesForm(forms.Form):
    """How long people have at each risk, and who is asked when nobody decides."""

    ladder = forms.MultipleChoiceField(
        required=False, choices=[(role, role) for role in RUNGS]
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for risk in Risk:
            name = risk.value
            self.fields[f"{name}_review"] = TimeField(max_length=20)
            self.fields[f"{name}_escalation"] = TimeField(max_length=20)
            self.fields[f"{name}_clock"] = forms.ChoiceField(
                choices=[(ALWAYS, ALWAYS), (WORKING, WORKING)]
            )

    @property
    def times(self) -> dict[Risk, RiskTimes]:
        said = self.cleaned_data
        return {
            risk: RiskTimes(
                said[f"{risk.value}_review"],
                said[f"{risk.value}_escalation"],
                said[f"{risk.value}_clock"] == WORKING,
            )
            for risk in Risk
        }

    @property
    def rungs(self) -> tuple[str, ...]:
        return tuple(role for role in RUNGS if role in self.cleaned_data["ladder"])


def times_initial(times: Mapping[Risk, RiskTimes], ladder: tuple[str, ...]) -> dict:
    """Give what the form shows of times."""
    shown: dict[str, Any] = {"ladder": list(ladder)}
    for risk, each in times.items():
        shown[f"{risk.value}_review"] = time_text(each.review)
        shown[f"{risk.value}_escalation"] = time_text(each.escalation)
        shown[f"{risk.value}_clock"] = WORKING if each.is_working else ALWAYS
    return shown


def time_text(time: timedelta) -> str:
    """Write a length as the form reads it."""
    hours, minutes = divmod(round(time.total_seconds() / 60), 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(filter(None, parts))
