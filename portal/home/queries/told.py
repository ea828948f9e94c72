"""What home knows about news of its own: where it leads, and what is over."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from django.urls import reverse

from portal.accounts.operations.telling import News, completes, knows_what_is_over
from portal.home.models import Feedback


def give_to_notices() -> None:
    """Let notices know where feedback is; called once, when the room starts."""
    completes("feedback", _of_feedback)
    knows_what_is_over("feedback", over_feedback)


def _of_feedback(news: News) -> News:
    feedback_id = UUID(news.subject.partition(":")[2])
    is_over = news.kind == "feedback_said" and bool(over_feedback([feedback_id]))
    href = reverse("feedback_one", args=[feedback_id])
    return replace(news, href=href, many_href=href, is_over=is_over)


def over_feedback(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Say which feedback is answered. One query."""
    rows = Feedback.objects.filter(id__in=ids, state=Feedback.State.ANSWERED)
    return dict.fromkeys(rows.values_list("id", flat=True), "It is answered.")
