"""The HTTP API of asking: actions and grants.

Read in this order: schemas (what is taken and given), wire (how answers are written),
actions and grants (the routes).
"""

from ninja import Router

from approvals.api.actions import router as actions_router
from approvals.api.grants import router as grants_router
from portal.accounts.agent_auth import agent_auth

router = Router(auth=agent_auth)
router.add_router("", actions_router)
router.add_router("", grants_router)
