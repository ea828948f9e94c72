"""`manage.py redrive`: do now, here, what worker and beat would, and send buried work again.

Needs the database only. It takes work from nobody: what a living worker holds is locked,
and whoever comes second finds it done.
"""

from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand

from portal.accounts.actors import SYSTEM
from portal.core import outbox
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone
from runs.operations.inbox import end_leases, redrive_batches

RELAY_ROUNDS_MAX = 100
SWEEP_ROUNDS_MAX = 20


class Command(BaseCommand):
    help = "Sends dead letters through again, folds, relays and sweeps until nothing is due."

    def handle(self, *_args: Any, **_options: Any) -> None:
        current_app.autodiscover_tasks(force=True)
        messages, batches = outbox.redrive_dead(), _batches_sent_again()
        # Relaying comes last: a broker that is away costs time and nothing else.
        folded = _until_nothing(current_app.tasks["runs.tasks.sweep_inbox"])
        moved = _until_nothing(current_app.tasks["approvals.tasks.sweep_due"])
        current_app.tasks["registry.tasks.apply_imports"]()
        _until_nothing(current_app.tasks["approvals.tasks.run_backtests"])
        _until_nothing(current_app.tasks["approvals.tasks.chase_grants"])
        _until_nothing(current_app.tasks["approvals.tasks.send_deliveries"])
        relayed = _relayed()
        _until_nothing(current_app.tasks["portal.accounts.tasks.send_notices"])
        self.stdout.write(
            f"{batches} buried batches and {messages} dead messages sent again;"
            f" {folded} batches folded, {moved} overdue rows moved,"
            f" {relayed} messages relayed."
        )


def _batches_sent_again() -> int:
    # A dead worker's lease would keep its batches for a minute.
    end_leases()
    try:
        return redrive_batches(actor=SYSTEM, now=wall_clock())
    except AlreadyDone:
        return 0


def _until_nothing(sweep: Any) -> int:
    done = 0
    for _ in range(SWEEP_ROUNDS_MAX):
        moved = sweep()
        if not moved:
            break
        done += moved
    return done


def _relayed() -> int:
    delivered = 0
    for _ in range(RELAY_ROUNDS_MAX):
        report = outbox.relay_once()
        if not report.delivered:
            break
        delivered += report.delivered
    return delivered
