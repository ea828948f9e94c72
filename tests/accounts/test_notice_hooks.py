"""Where notices are posted: a secret shown once, another one made, messages sent again."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import NoticeHook, NoticePost
from portal.accounts.notice_posts import TRIES_MAX
from portal.accounts.operations import telling
from portal.accounts.operations.notices import rotate_hook_secret
from portal.accounts.tasks import send_notices
from portal.audit.models import Entry
from portal.core.clock import database_now, wall_clock
from portal.core.models import OutboxMessage
from portal.core.webhooks import secrets_of
from tests.approvals.asking import make_portal
from tests.core.receiver import receiving

pytestmark = pytest.mark.django_db
SECRET = re.compile(rb"whsec_[A-Za-z0-9+/=]+")


@pytest.fixture
def ada(db):
    """The live workflow, and an administrator's browser."""
    portal = make_portal()
    OutboxMessage.objects.all().delete()
    portal.ada = Client()
    portal.ada.force_login(
        portal.people.people["ada"],
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return portal


def added(ada, url="https://chat.example.com/hooks/1"):
    """Add an address by the page; give its row and the answer."""
    form = {"name": "Chat", "url": url, "kinds": ["needs_you"], "department": ""}
    answer = ada.ada.post(reverse("notice_hooks"), form)
    return NoticeHook.objects.get(), answer


def test_a_secret_is_shown_once_and_on_no_later_page(ada):
    hook, answer = added(ada)

    shown = SECRET.search(answer.content)
    assert shown is not None
    assert shown.group().decode() == secrets_of(hook.id, 1)[0]
    assert answer["Cache-Control"] == "no-store"
    for path in (reverse("notice_hooks"), reverse("notice_hook", args=[hook.id])):
        assert not SECRET.search(ada.ada.get(path).content)


def test_a_new_secret_is_shown_once_and_both_sign_for_a_day(ada, settings):
    with receiving() as receiver:
        settings.WEBHOOK_PRIVATE_HOSTS = (f"127.0.0.1:{receiver.port}",)
        hook, _ = added(ada, receiver.url)
        page = reverse("notice_hook", args=[hook.id])
        answer = ada.ada.post(page, {"change": "rotate"})
        second = SECRET.search(answer.content).group().decode()
        assert answer["Cache-Control"] == "no-store"
        assert second == secrets_of(hook.id, 2)[0]

        ada.ask()
        telling.spread(OutboxMessage.objects.get(topic=telling.NEWS).payload)
        send_notices()
        receiver.verified(secrets_of(hook.id, 1)[0])
        receiver.verified(second)

        NoticeHook.objects.update(previous_until=wall_clock())
        post = NoticePost.objects.get()
        ada.ada.post(reverse("notice_post_resend", args=[post.id]))
        send_notices()
        assert len(receiver.calls) == 2
        receiver.verified(second)
        with pytest.raises(Exception, match="signature"):
            receiver.verified(secrets_of(hook.id, 1)[0])
    names = Entry.objects.values_list("name", flat=True)
    assert {"notice_hook.secret_rotated", "notice_post.resent"} <= set(names)


def test_a_post_reaches_its_receiver_signed_and_once(ada, settings):
    with receiving() as receiver:
        settings.WEBHOOK_PRIVATE_HOSTS = (f"127.0.0.1:{receiver.port}",)
        hook, _ = added(ada, receiver.url)
        ada.ask()
        message = OutboxMessage.objects.get(topic=telling.NEWS)
        telling.spread(message.payload)
        telling.spread(message.payload)
        send_notices()
        send_notices()
        assert len(receiver.calls) == 1
    checked = receiver.verified(secrets_of(hook.id, 1)[0])
    said = {"type", "kind", "text", "sentence", "link", "workflow", "at"}
    assert set(checked) == said


def test_a_post_that_was_given_up_says_why_and_is_posted_again_with_its_id(
    ada, settings
):
    with receiving(500) as receiver:
        settings.WEBHOOK_PRIVATE_HOSTS = (f"127.0.0.1:{receiver.port}",)
        hook, _ = added(ada, receiver.url)
        ada.ask()
        telling.spread(OutboxMessage.objects.get(topic=telling.NEWS).payload)
        for _ in range(TRIES_MAX):
            NoticePost.objects.update(due_at=database_now())
            send_notices()
        page = reverse("notice_hook", args=[hook.id])
        post = NoticePost.objects.get()
        assert post.due_at is None
        shown = ada.ada.get(page).content.decode()
        assert "Given up" in shown
        assert "The receiver answered 500." in shown

        answer = ada.ada.post(reverse("notice_post_resend", args=[post.id]))
        assert answer["Location"] == page
        send_notices()
        post.refresh_from_db()
        # It is tried as often as a new one.
        assert post.due_at is not None
        assert set(receiver.ids()) == {f"msg_{post.id.hex}"}


def test_what_waits_or_goes_to_an_address_that_is_off_is_not_posted_again(ada):
    hook, _ = added(ada)
    ada.ask()
    telling.spread(OutboxMessage.objects.get(topic=telling.NEWS).payload)
    post = NoticePost.objects.get()
    address = reverse("notice_post_resend", args=[post.id])

    waits = ada.ada.post(address, follow=True)
    NoticePost.objects.update(due_at=None)
    NoticeHook.objects.update(is_on=False)
    is_off = ada.ada.post(address, follow=True)

    assert b"It waits to be sent already." in waits.content
    assert b"Switch it on first." in is_off.content
    assert NoticePost.objects.get().due_at is None


def test_the_secret_stands_in_no_row_and_in_no_entry(ada):
    hook, _ = added(ada)
    rotate_hook_secret(actor=ada.people.actor("ada"), hook_id=hook.id, now=wall_clock())
    bodies = Entry.objects.values_list("body", flat=True)
    rows = str(list(NoticeHook.objects.values())) + " ".join(
        str(body if isinstance(body, str) else bytes(body)) for body in bodies
    )
    for number in (1, 2):
        assert secrets_of(hook.id, number)[0].removeprefix("whsec_") not in rows
