"""What agents tell. Read in this order: body (bytes off the wire), cloud
(CloudEvents in three modes), events (the routes)."""

from runs.api.events import router

__all__ = ["router"]
