"""The people of the demo are trained for what they do, and one of them not for long."""

from datetime import timedelta

import pytest

from portal.core.clock import wall_clock
from portal.home.demo.company import found_company
from portal.home.demo.training import train_everybody
from registry.models import TrainingCompletion

pytestmark = pytest.mark.django_db


def test_everybody_has_done_every_course_and_one_right_ends_within_a_month():
    now = wall_clock()
    company = found_company(now=now - timedelta(days=44))

    train_everybody(now=now)

    done = TrainingCompletion.objects.filter(expires_on__gte=now.date())
    assert done.count() == 3 * len(company.people)
    soon = done.filter(expires_on__lte=now.date() + timedelta(days=30))
    assert [each.person.name for each in soon] == ["Tom Okafor"]
