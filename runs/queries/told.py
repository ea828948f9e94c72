"""What runs knows about news of a run: where it leads. Whom it concerns the registry says."""

from dataclasses import replace
from uuid import UUID

from django.urls import reverse

from portal.accounts.operations.telling import News, completes


def give_to_notices() -> None:
    """Let notices know where a run is; called once, when the room starts."""
    completes("run", _of_run)


def _of_run(news: News) -> News:
    run_id = UUID(news.subject.partition(":")[2])
    return replace(news, href=reverse("run", args=[run_id]), many_href=reverse("runs"))
