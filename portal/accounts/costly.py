"""Pages that cost much to answer: a person may ask for a few at once, then a few a second."""

import functools
from collections.abc import Callable

from django.http import (  # noqa: TID251 - guards views
    HttpRequest,
    HttpResponseBase,
)

from portal.accounts.actors import actor_of
from portal.core.rate_limit import RateLimit

# Dragging a guardrail asks about three times a second; nobody reads thirty pages at once.
ASKED = RateLimit(per_second=3, burst=30)


def costly[**P, R: HttpResponseBase](
    view: Callable[P, R], *, limit: RateLimit = ASKED
) -> Callable[P, R]:
    """Guard a view that reads a file, sets a PDF, rules on past actions or adds up the work
    of every workflow.

    Raises TooMany, which the page says with how long to wait.
    """

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        request = args[0]
        assert isinstance(request, HttpRequest)  # noqa: S101 - a view's first argument
        limit.spend(str(actor_of(request).id))
        return view(*args, **kwargs)

    return guarded
