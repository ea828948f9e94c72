"""Adoption: who acts by department, and office hours."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.home.models import OfficeHour

PAGE = "/programme/adoption/"


def text_of(client) -> str:
    page = client.get(PAGE).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def hours(days: int = 1, **changes) -> dict[str, str]:
    starts = timezone.localtime() + timedelta(days=days)
    ends = starts + timedelta(hours=1)
    return {
        "about": "Refunds by agents",
        "place": "Room 4",
        "starts_at": f"{starts:%Y-%m-%dT%H:%M}",
        "ends_at": f"{ends:%Y-%m-%dT%H:%M}",
    } | changes


def test_departments_stand_with_their_people_and_small_ones_are_not_broken_out(
    signed_in, workflow
):
    page = signed_in("rosa").get(PAGE).content.decode()
    rows = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
    care = next(row for row in rows if "Customer care" in row)
    small = next(row for row in rows if "Sales" in row)

    assert "1 of 1" in care
    assert "not broken out" not in care
    assert "not broken out" in small


def test_who_sees_one_department_s_work_sees_no_other_department(signed_in, workflow):
    assert "Sales" not in text_of(signed_in("dana")).split("By department")[1]


def test_office_hours_are_announced_seen_by_all_and_called_off(signed_in, workflow):
    maya = signed_in("maya")
    assert maya.post(PAGE, hours()).status_code == 302
    assert "Refunds by agents" in text_of(signed_in("olga"))

    hour = OfficeHour.objects.get()
    cancel = f"/programme/office-hours/{hour.id}/cancel/"
    assert signed_in("rosa").post(cancel).status_code == 404
    maya.post(cancel)
    assert "Refunds by agents" not in text_of(signed_in("olga"))


def test_only_owners_and_administrators_announce(signed_in, workflow):
    assert signed_in("dana").post(PAGE, hours()).status_code == 403
    assert not OfficeHour.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"about": " "}, "Say what it is about"),
        ({"place": ""}, "Say where"),
        ({"starts_at": "soon"}, "Choose a time to come"),
        ({"starts_at": "2020-01-01T10:00"}, "Choose a time to come"),
        ({"starts_at": "9999-12-31T20:00"}, "Choose a time to come"),
        ({"ends_at": "2020-01-01T10:00"}, "Choose an end"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    signed_in, workflow, wrong, said
):
    answer = signed_in("maya").post(PAGE, hours(**wrong))

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not OfficeHour.objects.exists()
