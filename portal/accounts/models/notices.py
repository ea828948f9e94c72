"""Notices: what people are told, by which ways, and where else it is posted.

No table here holds what an agent sent: a notice is a kind, names and a link.
"""

from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.db import models

from portal.accounts.models.people import Department, Person
from portal.core.ids import new_id


class Notice(models.Model):
    """One line that one person is told, or many alike in one line with a number."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=24)
    # What makes it the same notice: a subject, or the workflow when it stands for many.
    key = models.CharField(max_length=120)
    # "proposal:<id>": what closes together. Empty for many.
    subject = models.CharField(max_length=80, blank=True)
    workflow_id = models.UUIDField(null=True)
    workflow = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=120, blank=True)
    outcome = models.CharField(max_length=24, blank=True)
    # In whose place they are told, when they stand in.
    instead_of = models.CharField(max_length=120, blank=True)
    href = models.CharField(max_length=300)
    count = models.PositiveIntegerField(default=1)
    told_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_words = models.CharField(max_length=200, blank=True)
    # Many that were read are over: the next of them begins a new line.
    is_current = models.BooleanField(default=True)
    mail_due_at = models.DateTimeField(null=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mail_failures = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("person", "kind", "key"),
                condition=models.Q(is_current=True),
                name="accounts_notice_once",
            ),
            models.CheckConstraint(
                condition=models.Q(count__gte=1), name="accounts_notice_counts"
            ),
        )
        indexes = (
            # my notices, newest first
            models.Index(
                fields=("person", "-told_at", "-id"), name="accounts_notice_list"
            ),
            # the bell: what is unread
            models.Index(
                fields=("person", "-told_at", "-id"),
                condition=models.Q(read_at=None, closed_at=None),
                name="accounts_notice_unread",
            ),
            # closing what was decided elsewhere
            models.Index(
                fields=("subject",),
                condition=models.Q(closed_at=None) & ~models.Q(subject=""),
                name="accounts_notice_subject",
            ),
            # lines that stand for many, closed when nothing of them waits
            models.Index(
                fields=("workflow_id",),
                condition=models.Q(subject="", read_at=None, closed_at=None),
                name="accounts_notice_many",
            ),
            # the sweep: what is to be mailed
            models.Index(
                fields=("mail_due_at", "id"),
                condition=models.Q(mail_due_at__isnull=False),
                name="accounts_notice_mail",
            ),
        )


class ToldNews(models.Model):
    """One piece of news that was told to everybody concerned; a second telling finds it."""

    id = models.UUIDField(primary_key=True, editable=False)
    told_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("told_at",), name="accounts_toldnews_at"),)


class NoticeSettings(models.Model):
    """How one person wants to be told. Without a row, what is built in counts."""

    class Digest(models.TextChoices):
        HOURLY = "hourly", "Every hour, in working time"
        DAILY = "daily", "Once a working day"

    person = models.OneToOneField(
        Person,
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="notice_settings",
    )
    ways = models.JSONField(default=dict)
    digest = models.CharField(
        max_length=8, choices=Digest.choices, default=Digest.DAILY
    )
    digest_at = models.TimeField(default=time(8))
    time_zone = models.CharField(max_length=64, blank=True)
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(quiet_from=None, quiet_until=None)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="accounts_quiet_has_both",
            ),
        )


class NoticeHook(models.Model):
    """An address that some kinds of notices are posted to, signed: a chat's, a pager's."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=60)
    # None is the whole organisation.
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+"
    )
    kinds = ArrayField(models.CharField(max_length=24))
    url = models.CharField(max_length=500)
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True)
    # The secret is derived from its number and stored nowhere; while it rotates two sign.
    secret_number = models.PositiveIntegerField(default=1)
    secret_at = models.DateTimeField()
    previous_until = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)


class NoticePost(models.Model):
    """One message to one such address. The same id however often it is sent."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    hook = models.ForeignKey(NoticeHook, on_delete=models.PROTECT, related_name="posts")
    news_id = models.UUIDField()
    payload = models.TextField()
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # The tries made before a person had it sent again.
    tries_before = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("hook", "news_id"), name="accounts_noticepost_once"
            ),
        )
        indexes = (
            models.Index(
                fields=("due_at", "id"),
                condition=models.Q(due_at__isnull=False),
                name="accounts_noticepost_due",
            ),
            # what was posted to one address, newest first
            models.Index(
                fields=("hook", "-made_at", "-id"), name="accounts_noticepost_list"
            ),
        )
