"""What a form that saves itself sends and is told: the same for every part of the draft."""

from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from django.http import HttpRequest

from portal.core.clock import wall_clock
from portal.core.errors import Conflict
from registry.queries.drafts import Draft
from registry.queries.progress import PartNote
from registry.views.common import number_in

SAVED = "saved_state"
MINE, BOTH, THEIRS = "mine", "both", "theirs"


@dataclass(frozen=True)
class Seen:
    """What a page knows of the draft, and a save of it names."""

    revision: int
    seen: str


def seen_by(request: HttpRequest, *, is_chosen: bool) -> tuple[int, str]:
    """Give what the page had seen of the draft when this save was made."""
    # Whoever chose over a conflict has read the other text, and answers for having seen it.
    prefix = "their_" if is_chosen else ""
    return number_in(request, f"{prefix}revision"), request.POST.get(
        f"{prefix}seen", ""
    )


def saving_shown(
    request: HttpRequest,
    draft: Draft,
    seen: str,
    note: PartNote | None,
    lost: Conflict | None,
    saved: Seen | None,
) -> dict[str, Any]:
    """Give what the next save must name, and what is said about the last one.

    A save that was not taken goes on naming what its page saw first, and one that was
    taken names what it wrote: what somebody else wrote since is never written over.
    """
    has_failed = request.method == "POST" and saved is None
    sent = request.POST if has_failed else {}
    now = saved or Seen(draft.revision, seen)
    return {
        "revision": sent.get("revision", now.revision),
        "seen": sent.get("seen", now.seen),
        "their_revision": draft.revision,
        "their_seen": seen,
        "page": request.POST.get("page", "") or token_hex(8),
        "note": note,
        "lost": lost,
        "saved_at": wall_clock() if saved else None,
    }
