"""`POST /events` and the figures of a batch.

Read in this order: cloud (CloudEvents, in three modes), events (the routes).
"""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from portal.accounts.agent_auth import agent_auth
from portal.accounts.keys import AgentPrincipal
from portal.accounts.models import AgentKind
from portal.core.clock import wall_clock
from portal.core.http import json_response, wire_time
from runs.api import schemas
from runs.api.body import batch_bytes
from runs.api.cloud import allowed_sender, sent_as
from runs.operations.accepting import accept_batch
from runs.operations.batch_bytes import look_at
from runs.queries.batches import batch_of

router = Router(auth=agent_auth, tags=["events"])


@router.post(
    "/events",
    response={202: schemas.BatchAcceptedOut},
    operation_id="tell_events",
    summary="Tell what happened in runs",
    openapi_extra=schemas.TELLING,
)
def tell_events(request: HttpRequest) -> HttpResponse:
    """Up to 1,000 events or 8 MiB, as JSON, lines of JSON or CloudEvents, gzip accepted.

    What is accepted is committed. The figures are what one look can tell; the final ones
    are at `/events/batches/{id}`. One bad event never costs the others, and an event sent
    twice counts once.

    `kind` says what happened. An event of the kind `cost` has `value`, `currency` and, if
    you like, `cost_kind`: what the money was spent on, such as `tokens` or `search`.

    So that numbers can be worked out, `run.started` may tell `case`, `case_type` and
    `requester` (kept as fingerprints where they are counted), `tool.called` a `retry_key`
    where the same thing is tried with other arguments, and `outcome.confirmed` a `basis`:
    `customer` when the customer said so, else `implied`. A system of record that tells an
    outcome confirms it by its own key.

    CloudEvents 1.0 are read in three modes: one as `application/cloudevents+json`, many
    as `application/cloudevents-batch+json`, or one by `ce-` headers with its data as the
    body. `data` is the body of an event as above. `type` ends in our kind, such as
    `com.example.data.read.v1`, or in `step.recorded.v1`, and then `data.kind` says it;
    `correlationid`, or `subject` as `run/<id>`, is the run; `time` is the time unless
    `data.at` says it; `workflow` may be an attribute. What the attributes and the data
    both say must agree. `source` and `id` together make an event one. Events of one time
    in one batch stand in the order of `sequence`, compared as text. Other attributes are
    left unread.
    """
    principal: AgentPrincipal = request.principal  # type: ignore[attr-defined]
    is_system = principal.kind == AgentKind.SYSTEM_OF_RECORD
    principal.needs("changes" if is_system else "events")
    sent = sent_as(request, batch_bytes(request))
    now = wall_clock()
    looked = look_at(
        sent.raw,
        form=sent.form,
        content_type=sent.content_type,
        is_system_of_record=is_system,
        now=now,
    )
    accepted = accept_batch(
        principal=principal,
        raw=sent.raw,
        form=sent.form,
        content_type=sent.content_type,
        looked=looked,
        now=now,
    )
    return json_response(
        {
            "batch": str(accepted.batch_id),
            "accepted": accepted.accepted,
            "duplicate": accepted.duplicate,
            "rejected": accepted.rejected,
        },
        status=202,
    )


@router.api_operation(
    ["OPTIONS"],
    "/events",
    auth=None,
    response={204: None},
    operation_id="ask_to_tell",
    summary="Ask whether a sender of CloudEvents may tell",
)
def ask_to_tell(request: HttpRequest) -> HttpResponse:
    """The handshake of the CloudEvents web hook specification: any origin may send, with a key.

    `WebHook-Request-Origin` comes back as `WebHook-Allowed-Origin`, with how many requests
    a minute are taken.
    """
    return allowed_sender(request)


@router.get(
    "/events/batches/{batch_id}",
    response=schemas.BatchOut,
    operation_id="events_batch",
    summary="The final figures of a batch",
    openapi_extra=schemas.LOOKING,
)
def batch(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """While `status` is pending the figures are not final."""
    principal: AgentPrincipal = request.principal  # type: ignore[attr-defined]
    found = batch_of(agent_id=principal.agent_id, batch_id=batch_id)
    return json_response(
        {
            "batch": str(found.id),
            "status": found.status,
            "received_at": wire_time(found.received_at),
            "finished_at": wire_time(found.finished_at),
            "events": found.event_count,
            "accepted": found.accepted,
            "duplicate": found.duplicate,
            "rejected": found.rejected,
            "reason": found.reason or None,
        }
    )
