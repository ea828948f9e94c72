"""Where a page stands: the trail from the page above it."""

from django.urls import NoReverseMatch, reverse


def in_programme(*trail: tuple[str, str]) -> list[tuple[str, str]]:
    """Give the trail of a part of the programme. The page above is a higher room's, which may be absent."""
    try:
        return [("Programme", reverse("programme")), *trail]
    except NoReverseMatch:
        return list(trail)
