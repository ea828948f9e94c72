"""The HTTP API: one document, one parser, one shape of errors; rooms bring routers."""

from ninja import NinjaAPI

from approvals.api import router as approvals_router
from portal.core.api import StrictParser, install_problem_handlers
from registry.api import router as registry_router
from runs.api import router as runs_router

DESCRIPTION = """
An agent asks before it acts. The workflow's signed rulebook answers allow, review,
escalate or refuse; what may run gets a grant that is used once.

Send `Authorization: Bearer cs_…` with every request, and an `Idempotency-Key` with
every POST under this address except events. An answer is kept under its key for seven
days, a refusal too: to try again what was refused, send a new key. Errors are `application/problem+json`
with a stable `code`.
"""

api = NinjaAPI(
    title="Countersign",
    version="1",
    description=DESCRIPTION,
    parser=StrictParser(),
    docs_url=None,
    urls_namespace="api",
)
install_problem_handlers(api)
api.add_router("", approvals_router)
api.add_router("", runs_router)
api.add_router("", registry_router)
