"""The parts of the programme lead back to it, wherever their address stands."""

import pytest
from django.urls import reverse

from portal.home.views.rollout import PARTS
from tests.approvals.asking import make_portal


@pytest.fixture
def portal(db):
    return make_portal()


@pytest.mark.parametrize("name", [name for name, *_ in PARTS])
def test_each_part_of_the_programme_has_the_programme_above_it(portal, client, name):
    client.force_login(portal.people.ada)
    page = client.get(reverse(name)).content.decode()
    trail = page.split('aria-label="Breadcrumb"')[1].split("</nav>")[0]
    assert trail.index('<a href="/programme/">Programme</a>') < trail.index(
        'aria-current="page"'
    )
