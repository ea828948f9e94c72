"""What is kept of asking, deciding and doing.

Read in this order: asking (what an agent asked and what the rulebook answered), proposing
(what people are asked, and how they decide), granting (what may run once, and what became
of it), batching (many decided with one word, and kept filters), counting (what numbers
are read from). Triggers in the migrations hold what a constraint cannot say.
"""

from approvals.models.asking import ActionRequest, AuthorityRecord
from approvals.models.backtesting import Backtest, BacktestChunk, BacktestRow
from approvals.models.batching import Batch, BatchItem, InboxFilter
from approvals.models.breaking import BreakGlass, BreakGlassReview
from approvals.models.counting import EndTally, EndTime, FirstLook, ProposalEnd
from approvals.models.delivering import CallbackEndpoint, Delivery, DeliveryAttempt
from approvals.models.excepting import ExceptionDisposition, ExceptionNote
from approvals.models.granting import Grant, GrantChase, Outcome
from approvals.models.proposing import (
    Decision,
    EvidenceOpening,
    Move,
    Proposal,
    ProposalVersion,
)
from approvals.models.timing import Reminder, Snooze

__all__ = [
    "ActionRequest",
    "AuthorityRecord",
    "Backtest",
    "BacktestChunk",
    "BacktestRow",
    "BreakGlass",
    "BreakGlassReview",
    "Batch",
    "BatchItem",
    "CallbackEndpoint",
    "Decision",
    "Delivery",
    "DeliveryAttempt",
    "EndTally",
    "EndTime",
    "EvidenceOpening",
    "ExceptionDisposition",
    "ExceptionNote",
    "FirstLook",
    "Grant",
    "GrantChase",
    "InboxFilter",
    "Move",
    "Outcome",
    "Proposal",
    "ProposalEnd",
    "ProposalVersion",
    "Reminder",
    "Snooze",
]
