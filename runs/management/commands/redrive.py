"""`manage.py redrive`: do what the worker would, once, and send buried work again."""

from typing import Any

from django.core.management.base import BaseCommand

from portal.accounts.actors import SYSTEM
from portal.core import outbox
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone
from runs import tasks
from runs.operations.inbox import redrive_batches


class Command(BaseCommand):
    help = "Sends dead letters through again, folds the inbox and relays the outbox."

    def handle(self, *_args: Any, **_options: Any) -> None:
        messages = outbox.redrive_dead()
        try:
            batches = redrive_batches(actor=SYSTEM, now=wall_clock())
        except AlreadyDone:
            batches = 0
        relayed = outbox.relay_once().delivered
        folded = tasks.sweep_inbox()
        self.stdout.write(
            f"{batches} buried batches and {messages} dead messages sent again;"
            f" {folded} batches folded, {relayed} messages relayed."
        )
