"""Background work of accounts: e-mails and posts about notices."""

import time

import structlog
from celery import shared_task

from portal.accounts import notice_mail as mailing
from portal.accounts.notice_posts import claim_post, forget_old_posts, mark_post
from portal.accounts.notice_reading import forget_old_news
from portal.core.clock import wall_clock
from portal.core.webhooks import post_signed

log = structlog.get_logger(__name__)
SENDING_SECONDS = 25


@shared_task(
    name="portal.accounts.tasks.send_notices",
    soft_time_limit=50,
    time_limit=60,
    ignore_result=True,
)
def send_notices(**_later: object) -> int:
    """Send the e-mails and posts that are due; says how many. Two at once share the work."""
    until = time.monotonic() + SENDING_SECONDS
    done = 0
    while time.monotonic() < until and _mail_one():
        done += 1
    while time.monotonic() < until and _post_one():
        done += 1
    return done


@shared_task(
    name="portal.accounts.tasks.tidy_notices", time_limit=120, ignore_result=True
)
def tidy_notices(**_later: object) -> None:
    """Forget which news was told, and what was posted, a month ago. Notices stay."""
    forget_old_posts()
    forget_old_news()


def _mail_one() -> bool:
    mail = mailing.claim_mail()
    if mail is None:
        return False
    try:
        if mail.lines:
            mailing.send(mail)
    except Exception as error:  # noqa: BLE001 - one mail never stops the others
        log.warning("notices.mail_failed", error=type(error).__name__)
        mailing.mark_failed(mail)
        return True
    mailing.mark_mailed(mail)
    return True


def _post_one() -> bool:
    claimed = claim_post()
    if claimed is None:
        return False
    posted = post_signed(
        url=claimed.url,
        secrets=claimed.secrets,
        message_id=claimed.message_id,
        payload=claimed.payload,
        now=wall_clock(),
    )
    mark_post(claimed, posted)
    return True
