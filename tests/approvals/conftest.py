"""A live refund workflow, its people, its agent, and short ways to ask over HTTP."""

import pytest

from tests.approvals.asking import Portal, make_portal


@pytest.fixture
def portal(db) -> Portal:
    """The live workflow in a transaction that is rolled back."""
    return make_portal()


@pytest.fixture
def committed_portal(committed_db) -> Portal:
    """The live workflow, committed, for several connections at once."""
    return make_portal()


@pytest.fixture
def no_undo_time(settings) -> None:
    """Approvals are usable at once, for tests that are not about undo."""
    settings.APPROVALS_UNDO_SECONDS = 0
