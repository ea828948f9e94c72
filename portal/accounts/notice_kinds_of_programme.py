"""Notices about what stands around a workflow: signatures, training, catalogues, requests, stand-ins.

They stand last in the closed list `notice_kinds`.
"""

from portal.accounts.notice_kind import DECIDE, LOOK_AFTER, WORKFLOWS, Kind, Way

OF_PROGRAMME = (
    Kind(
        "packet_to_sign",
        WORKFLOWS,
        "A launch packet waits for your signature",
        "{workflow}: a launch packet waits for your signature.",
        must_show=True,
        waits=True,
    ),
    Kind(
        "training_ends",
        WORKFLOWS,
        "Your training ends soon",
        "Your training for what you do here ends soon. Do the course again in time.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "training_lapsed",
        WORKFLOWS,
        "Your training has lapsed",
        "Your training has lapsed: what needs it is not yours to do until it is recorded anew.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "holder_lapsed",
        WORKFLOWS,
        "A workflow stands still because training has lapsed",
        "{workflow}: the training of {by}, who holds a role, has lapsed, so nothing runs.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "training_withdrawn",
        WORKFLOWS,
        "A completion of your training is withdrawn",
        "{by} withdrew a completion of your training. Your training page says where you stand.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "part_withdrawn",
        LOOK_AFTER,
        "Somebody's part in a workflow rests on training that was withdrawn",
        "{workflow}: training of {by} was withdrawn, so they may not do their part in it.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "use_refused",
        LOOK_AFTER,
        "A system, AI model or tool that a workflow uses is approved no more",
        "{workflow}: {by} is approved no more, so what uses it is refused.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "owned_refused",
        LOOK_AFTER,
        "A system or AI model that you own is approved no more",
        "{workflow}, which you own: {by} took the approval back, so what uses it is refused.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "sponsor_named",
        LOOK_AFTER,
        "You are named executive sponsor",
        "{by} named you executive sponsor: you answer for the programme and sign each quarter.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "sponsor_left",
        LOOK_AFTER,
        "You are no longer the executive sponsor",
        "You are no longer the executive sponsor, as {by} put on record.",
        Way.NOW,
        must_show=True,
    ),
    Kind(
        "more_asked",
        DECIDE,
        "A team asks for more than stands above it",
        "{workflow}: {by} asks for more than stands above it.",
        must_show=True,
        waits=True,
    ),
    Kind(
        "more_answered",
        WORKFLOWS,
        "What you asked for is answered",
        "{workflow}: what you asked for {outcome}.",
    ),
    Kind(
        "role_offered",
        WORKFLOWS,
        "A role is offered to you",
        "{workflow}: {by} offers you a role.",
        must_show=True,
    ),
    Kind(
        "stand_in_asked",
        WORKFLOWS,
        "Somebody asks you to stand in",
        "{by} asks you to stand in while they are away.",
        must_show=True,
    ),
    Kind(
        "stand_in_answered",
        WORKFLOWS,
        "Your stand-in answered",
        "{by} {outcome} to stand in for you.",
    ),
)
