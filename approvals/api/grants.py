"""Using a grant: `/api/v1/grants/redeem`."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from approvals.api import schemas, wire
from approvals.operations.grants import Redeemed, RedemptionRefused, redeem_grant
from approvals.queries.actions import redeemed_bytes
from portal.accounts.agent_auth import principal_of
from portal.core.errors import Problem
from portal.core.http import PROBLEM_TYPE, wire_time

router = Router(tags=["grants"])


@router.post(
    "/grants/redeem",
    response=schemas.RedeemedOut,
    operation_id="redeem_grant",
    summary="Use a grant, once",
    openapi_extra=wire.documented(403, 409, 410, 413, 415, 422),
)
def redeem(request: HttpRequest, body: schemas.RedeemIn) -> HttpResponse:
    """Gives the exact stored action to run, once. Pass `execution` on as the idempotency
    key of what you call: a repeat with the same Idempotency-Key gives the same one.

    A refused redemption is stored under its Idempotency-Key too: the same key gives the
    same refusal again, even when the reason is gone. To try again (after `not_before`,
    a resume or an end of a hold) send a new key.
    """
    principal = principal_of(request)
    principal.needs("actions")
    answer = wire.once(
        request,
        "POST grants/redeem",
        lambda: redeem_grant(
            actor=principal.actor,
            key_id=principal.key_id,
            token=body.token,
            action_digest=body.action_digest,
        ),
        _rendered,
    )
    document = answer.document
    if answer.status != 200:
        response = wire.respond_raw(
            wire.json_text(document), status=answer.status, content_type=PROBLEM_TYPE
        )
        if document.get("code") == "grant.not_yet":
            response["Retry-After"] = "2"
        return response
    raw = redeemed_bytes(agent_id=principal.agent_id, grant_id=UUID(document["grant"]))
    return wire.respond_raw(
        '{"execution":' + wire.json_text(document["execution"])
        + ',"action":' + raw.decode()
        + ',"action_digest":' + wire.json_text(document["action_digest"]) + "}"
    )  # fmt: skip


def _rendered(result: Redeemed | RedemptionRefused) -> tuple[int, dict]:
    if isinstance(result, Redeemed):
        return 200, {
            "execution": str(result.execution_id),
            "grant": str(result.grant_id),
            "action_digest": result.digest,
        }
    problem = Problem(
        result.detail,
        code=result.code,
        title="The grant cannot be used",
        not_before=wire_time(result.not_before),
        who_can_help=result.who_can_help,
    )
    problem.status = result.status
    return result.status, problem.as_document()
