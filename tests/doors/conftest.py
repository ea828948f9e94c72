"""The world behind the doors, made once for all of them."""

import pytest

from tests.doors.world import World, make_world, rolled_back


@pytest.fixture(scope="package")
def world(django_db_setup, django_db_blocker) -> World:
    with django_db_blocker.unblock(), rolled_back():
        yield make_world()


@pytest.fixture
def open_database(world, django_db_blocker):
    """Let one test knock; what a knock changed is undone."""
    with django_db_blocker.unblock(), rolled_back():
        yield
