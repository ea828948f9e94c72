"""What agents tell. Read in this order: body (bytes off the wire), events (the routes)."""

from runs.api.events import router

__all__ = ["router"]
