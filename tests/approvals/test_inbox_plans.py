"""Each list of the inbox follows its index: told by the plan, never by a clock."""

import pytest

from approvals.queries.inbox import OPEN_ORDER, PAGE_SIZE, needing, rows_of
from approvals.queries.narrowing import InboxAsked
from portal.home.bench.crowd import make_crowd
from tests.approvals.asking import make_portal
from tests.people import NOW

MANY = 4000


@pytest.fixture
def crowded(committed_db):
    portal = make_portal()
    portal.ask("84.20")
    address = committed_db.superuser_url.replace(
        "/countersign?", f"/{committed_db.name}?"
    )
    make_crowd(address, count=MANY, open_one_in=1)
    return portal


def plan(rows):
    return rows.explain()


def test_every_open_list_reads_a_page_along_its_index(crowded):
    dana, maya = crowded.people.actor("dana"), crowded.people.actor("maya")
    agent = str(crowded.people.agent.id)
    lists = {
        "needs me": needing(dana, now=NOW),
        "my team": rows_of(maya, InboxAsked(tab="team"), now=NOW),
        "unassigned": rows_of(dana, InboxAsked(tab="free"), now=NOW),
        "one agent": rows_of(dana, InboxAsked(agent=agent), now=NOW),
    }

    for name, rows in lists.items():
        told = plan(rows.order_by(*OPEN_ORDER)[: PAGE_SIZE + 1])
        assert "Index Scan using approvals_inbox" in told, (name, told)
        assert "Sort" not in told.replace("Sort Key", "") or "Incremental" in told, told
        assert "Seq Scan on approvals_proposal" not in told, (name, told)


def test_a_count_stops_at_a_thousand(crowded):
    dana = crowded.people.actor("dana")

    told = plan(needing(dana, now=NOW).order_by().values("id")[:1001])

    assert "Limit" in told
    page = crowded.signed_in("dana").get("/inbox/?tab=mine").content.decode()
    assert "1,000+" in page


def test_what_is_decided_is_read_along_its_index(crowded):
    rows = rows_of(crowded.people.actor("maya"), InboxAsked(tab="decided"), now=NOW)

    told = plan(rows.order_by("-resolved_at", "-id")[: PAGE_SIZE + 1])

    assert "approvals_decided" in told
