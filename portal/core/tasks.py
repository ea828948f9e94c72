"""Celery's side of the outbox. A message carries no id: it only says "look"."""

from celery import current_app, shared_task

from portal.core import idempotency, outbox

RELAY_ROUNDS_MAX = 50


@shared_task(
    name="portal.core.tasks.relay_outbox",
    ignore_result=True,
    soft_time_limit=50,
    time_limit=60,
)
def relay_outbox(**_later: object) -> None:
    """Deliver what the outbox holds, until it is empty or a minute has gone."""
    for _ in range(RELAY_ROUNDS_MAX):
        if outbox.relay_once().delivered == 0:
            break


@shared_task(name="portal.core.tasks.tidy", ignore_result=True, time_limit=120)
def tidy(**_later: object) -> None:
    """Forget delivered messages and old idempotency keys."""
    outbox.forget_delivered()
    idempotency.forget_old()


def send_hint(payload: dict) -> None:
    """Wake a task by name; a broker that is away costs two seconds at most."""
    current_app.send_task(
        payload["task"],
        retry=True,
        retry_policy={"max_retries": 1, "interval_start": 0.1, "interval_max": 0.5},
        ignore_result=True,
    )
