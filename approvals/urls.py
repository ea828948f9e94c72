"""The inbox and what can be done with a proposal."""

from django.urls import path

from approvals.views import (
    backtests,
    batching,
    deciding,
    filters,
    in_flight,
    inbox,
    moving,
    rehearsing,
    snoozing,
)

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/count/", inbox.count, name="inbox_count"),
    path("inbox/live/", inbox.live, name="inbox_live"),
    path("inbox/filter/", filters.narrow, name="inbox_filter"),
    path("inbox/filters/", filters.filters, name="inbox_filters"),
    path("inbox/filters/<uuid:filter_id>/", filters.change, name="inbox_filter_change"),
    path(
        "inbox/filters/<uuid:filter_id>/remove/",
        filters.remove,
        name="inbox_filter_remove",
    ),
    path(
        "inbox/filters/<uuid:filter_id>/restore/",
        filters.restore,
        name="inbox_filter_restore",
    ),
    path("inbox/batch/", batching.batch, name="inbox_batch"),
    path("inbox/batch/decide/", batching.decide, name="inbox_batch_decide"),
    path("inbox/batch/<uuid:batch_id>/", batching.result, name="inbox_batch_result"),
    path("inbox/batch/<uuid:batch_id>/go/", batching.go, name="inbox_batch_go"),
    path("inbox/batch/<uuid:batch_id>/undo/", batching.undo, name="inbox_batch_undo"),
    path("inbox/snoozed/", snoozing.snoozed, name="inbox_snoozed"),
    path("inbox/<uuid:proposal_id>/snooze/", snoozing.snooze, name="inbox_snooze"),
    path(
        "inbox/<uuid:proposal_id>/unsnooze/",
        snoozing.unsnooze,
        name="inbox_unsnooze",
    ),
    path("inbox/<uuid:proposal_id>/", inbox.card, name="inbox_card"),
    path("inbox/<uuid:proposal_id>/approve/", deciding.approve, name="inbox_approve"),
    path("inbox/<uuid:proposal_id>/edit/", deciding.edit, name="inbox_edit"),
    path(
        "inbox/<uuid:proposal_id>/edit/preview/",
        deciding.edit_preview,
        name="inbox_edit_preview",
    ),
    path("inbox/<uuid:proposal_id>/reject/", deciding.reject, name="inbox_reject"),
    path(
        "inbox/<uuid:proposal_id>/respond/",
        deciding.answer_instead,
        name="inbox_respond",
    ),
    path("inbox/<uuid:proposal_id>/undo/", deciding.undo, name="inbox_undo"),
    path("inbox/<uuid:proposal_id>/ask/", moving.ask, name="inbox_ask"),
    path("inbox/<uuid:proposal_id>/escalate/", moving.escalate, name="inbox_escalate"),
    path("inbox/<uuid:proposal_id>/claim/", moving.claim, name="inbox_claim"),
    path("inbox/<uuid:proposal_id>/comment/", moving.comment, name="inbox_comment"),
    path(
        "inbox/<uuid:proposal_id>/evidence/<int:position>/",
        moving.evidence,
        name="inbox_evidence",
    ),
    path(
        "workflows/<slug:slug>/in-flight/",
        in_flight.grants_in_flight,
        name="grants_in_flight",
    ),
    path("workflows/<slug:slug>/backtests/", backtests.backtests, name="backtests"),
    path("backtests/<uuid:backtest_id>/", backtests.backtest, name="backtest"),
    path("backtests/<uuid:backtest_id>/stop/", backtests.stop, name="backtest_stop"),
    path(
        "backtests/<uuid:backtest_id>/attach/",
        backtests.attach,
        name="backtest_attach",
    ),
    path(
        "backtests/<uuid:backtest_id>/rows.csv",
        backtests.rows_file,
        name="backtest_rows",
    ),
    path("rulings/of/<slug:slug>/backtest/", backtests.latest, name="backtest_of"),
    path("rulings/of/<slug:slug>/past/", rehearsing.past, name="rulings_past"),
    path(
        "rulings/of/<slug:slug>/try/<slug:kind>/",
        rehearsing.try_rule,
        name="rulings_try",
    ),
    path("rulings/of/<slug:slug>/fired/", rehearsing.fired, name="rulings_fired"),
    path(
        "rulings/of/<slug:slug>/fired/<slug:key>/",
        rehearsing.fired_by,
        name="rulings_fired_by",
    ),
    path(
        "rulings/of/<slug:slug>/guardrail/",
        rehearsing.guardrail,
        name="rulings_guardrail",
    ),
]
