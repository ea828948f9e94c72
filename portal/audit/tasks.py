"""Celery's side of the journal."""

from celery import shared_task

from portal.audit.sealing import seal_journal as seal


@shared_task(
    name="portal.audit.tasks.seal_journal",
    ignore_result=True,
    soft_time_limit=45,
    time_limit=55,
)
def seal_journal(**_later: object) -> None:
    """Make a checkpoint, once a minute; two schedulers are harmless."""
    seal()
