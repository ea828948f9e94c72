"""The Celery application; its options are the CELERY_* settings.

Tasks are started only by the outbox relay or by the schedule, never by an
operation.
"""

import os
import threading

from celery import Celery
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")

app = Celery("countersign")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery's command line takes BROKER_URL as it stands and lets it win; a socket is
# written differently there, so the settings' own form is put in its place.
os.environ["CELERY_BROKER_URL"] = settings.CELERY_BROKER_URL
app.autodiscover_tasks()

RELAY_LOOKS_EVERY_SECONDS = 0.25
_stopping = threading.Event()


@worker_ready.connect
def start_relay(**_more: object) -> None:
    """Relay the outbox from a thread of the worker's parent, so that hints are quick.

    Asking the table four times a second costs nothing that can be measured, where
    NOTIFY would put every commit behind one lock. Beat relays too, more slowly, for
    the time when no worker lives.
    """
    _stopping.clear()
    threading.Thread(target=_relay_for_ever, name="outbox-relay", daemon=True).start()


@worker_shutting_down.connect
def stop_relay(**_more: object) -> None:
    _stopping.set()


def _relay_for_ever() -> None:
    from django.db import Error, connection

    from portal.core import outbox

    while not _stopping.wait(RELAY_LOOKS_EVERY_SECONDS):
        try:
            if outbox.has_due():
                outbox.relay_once()
        except Error:
            # The database is away; the connection is made anew when it is back.
            connection.close()
            _stopping.wait(1)
