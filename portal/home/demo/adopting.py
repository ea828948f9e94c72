"""What people of the demo said about the portal, and when help is there."""

from datetime import datetime, timedelta

from django.utils import timezone

from portal.home.demo.company import Company
from portal.home.models import Feedback
from portal.home.operations.feedback import answer_feedback, say_feedback
from portal.home.operations.office_hours import announce_office_hour

REFUNDS = "/workflows/refund-management/"


def speak_up(company: Company, *, now: datetime) -> None:
    """Let two people say what got in their way, one be answered, and one offer an hour."""
    say_feedback(
        actor=company.actor("tom"),
        path="/inbox/",
        page="Inbox",
        text="On the phone I cannot see how much time is left before I open a card.",
        now=now - timedelta(hours=5),
    )
    say_feedback(
        actor=company.actor("dana"),
        path=REFUNDS,
        page="Refund management",
        text="I look for the limit of a refund on the first page and find it only in the matrix.",
        now=now - timedelta(days=3),
    )
    answer_feedback(
        actor=company.actor("maya"),
        feedback_id=Feedback.objects.get(path=REFUNDS).id,
        text="It is in the third answer now, and the matrix opens from there.",
        now=now - timedelta(days=2),
    )
    tomorrow = timezone.localtime(now).replace(
        hour=14, minute=0, second=0, microsecond=0
    )
    announce_office_hour(
        actor=company.actor("maya"),
        about="Refunds by agents: bring a case that puzzled you",
        place="Room 4.12, or the care channel",
        starts_at=tomorrow + timedelta(days=1),
        ends_at=tomorrow + timedelta(days=1, hours=1),
        now=now,
    )
