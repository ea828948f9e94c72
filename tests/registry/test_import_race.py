"""A worker that dies in the middle of an import, and two that begin at once."""

import os
import signal
import subprocess
import sys
import threading

from django.db import connection

from registry.models import InventoryImport, InventoryRow, Workflow
from registry.operations import importing_apply
from registry.operations.importing import ask_to_apply
from registry.tasks import apply_imports
from tests.conftest import TEMPLATE
from tests.people import NOW, make_company
from tests.registry.test_importing import as_csv, cases, checked

ROWS = 600
# Dies while the second part of the rows is being written.
WORKER_THAT_DIES = """
import os, signal
import django; django.setup()
from registry.operations import importing_apply
from registry.tasks import apply_imports
told = importing_apply.Progress.tell
def tell_and_die(self, done):
    told(self, done)
    os.kill(os.getpid(), signal.SIGKILL)
importing_apply.Progress.tell = tell_and_die
apply_imports()
"""


def waiting_import():
    people = make_company()
    maya = people.actor("maya")
    import_id, _ = checked(maya, as_csv(cases(ROWS)))
    ask_to_apply(actor=maya, import_id=import_id, now=NOW)
    return import_id


def end_lease(import_id):
    InventoryImport.objects.filter(id=import_id).update(lease_until=None)


def test_a_worker_killed_in_the_middle_leaves_nothing_and_the_next_makes_every_row_once(
    committed_db,
):
    import_id = waiting_import()
    database = os.environ["DATABASE_URL"].replace(
        f"/{TEMPLATE}?", f"/{committed_db.name}?"
    )

    worker = subprocess.run(
        [sys.executable, "-c", WORKER_THAT_DIES],
        env=os.environ | {"DATABASE_URL": database},
        timeout=60,
        check=False,
    )

    assert worker.returncode == -signal.SIGKILL
    source = InventoryImport.objects.get(id=import_id)
    assert (source.state, source.done) == ("APPLYING", 250)
    assert not Workflow.objects.exists()
    assert apply_imports() == 0
    end_lease(import_id)
    assert apply_imports() == ROWS
    assert Workflow.objects.count() == ROWS
    assert InventoryRow.objects.filter(status="MADE").count() == ROWS


def test_two_workers_that_run_one_import_make_every_row_once(committed_db):
    import_id = waiting_import()
    first = importing_apply.claim_import()
    end_lease(import_id)
    second = importing_apply.claim_import()
    assert first == second == import_id
    made = []

    def work():
        try:
            made.append(importing_apply.run_import(import_id=import_id, now=NOW))
        except Exception as error:  # noqa: BLE001 - the loser's answer is what is looked at
            made.append(type(error).__name__)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert ROWS in made
    assert set(made) - {ROWS} <= {"AlreadyDone", "Unavailable"}
    assert Workflow.objects.count() == ROWS
