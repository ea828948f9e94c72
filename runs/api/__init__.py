"""What agents tell. Read in this order: body (bytes off the wire), cloud
(CloudEvents in three modes), events (the routes)."""

from ninja import Router

from runs.api.events import router as events_router
from runs.api.series import router as series_router

router = Router()
router.add_router("", events_router)
router.add_router("", series_router)

__all__ = ["router"]
