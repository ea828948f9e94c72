"""A web process is killed in the middle of asking: what was answered is kept, whole."""

import threading

import pytest
from django.core.management import call_command

from approvals.models import ActionRequest, AuthorityRecord, Grant
from portal.audit.models import Entry
from tests.approvals.asking import Portal
from tests.faults.conftest import Web

pytestmark = [pytest.mark.race, pytest.mark.slow]
ASKERS = 6
ANSWERS_BEFORE_THE_KILL = 12
SECONDS_MAX = 40


def ask_until_it_dies(
    web: Web, portal: Portal, name: int, kept: list, enough: threading.Event
) -> None:
    for number in range(1000):
        once = f"{name}-{number}"
        body = portal.body("1.00", run=f"case-{once}")
        try:
            answer = web.send("/actions", portal.key, body, once=once)
        except (OSError, ValueError):
            return
        if answer.status == 201:
            kept.append((once, body, answer.document))
        if len(kept) >= ANSWERS_BEFORE_THE_KILL:
            enough.set()


def test_every_answer_given_before_the_kill_is_in_the_database_with_its_journal(
    portal, start_web, database_url
):
    web = start_web(DATABASE_URL=database_url)
    kept: list[tuple[str, dict, dict]] = []
    enough = threading.Event()
    askers = [
        threading.Thread(target=ask_until_it_dies, args=(web, portal, n, kept, enough))
        for n in range(ASKERS)
    ]
    for asker in askers:
        asker.start()
    is_under_load = enough.wait(SECONDS_MAX)

    web.kill()
    for asker in askers:
        asker.join(SECONDS_MAX)

    assert is_under_load
    ids = {document["id"] for _, _, document in kept}
    stored = {str(request.id) for request in ActionRequest.objects.all()}
    assert ids <= stored
    # What was stored without being answered is whole as well: a ruling and an entry each.
    assert AuthorityRecord.objects.count() == len(stored)
    assert Entry.objects.filter(name="action.ruled").count() == len(stored)
    assert Grant.objects.count() == Entry.objects.filter(name="grant.issued").count()
    call_command("verify_audit")
    call_command("check_invariants")


def test_asking_again_after_the_kill_gives_the_first_answer(
    portal, start_web, database_url
):
    body = portal.body("1.00")
    first_web = start_web(DATABASE_URL=database_url)
    first = first_web.send("/actions", portal.key, body, once="mine")
    first_web.kill()

    again = start_web(DATABASE_URL=database_url).send(
        "/actions", portal.key, body, once="mine"
    )

    assert (first.status, again.status) == (201, 201)
    assert again.document | {"run": None} == first.document | {"run": None}
    assert ActionRequest.objects.count() == 1
