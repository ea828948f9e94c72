"""What agents tell: POST /api/v1/events."""

from ninja import Router

router = Router()
