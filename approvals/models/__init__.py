"""What is kept of asking, deciding and doing.

Read in this order: asking (what an agent asked and what the rulebook answered), proposing
(what people are asked, and how they decide), granting (what may run once, and what became
of it). Triggers in the migrations hold what a constraint cannot say.
"""

from approvals.models.asking import ActionRequest, AuthorityRecord
from approvals.models.backtesting import Backtest, BacktestChunk, BacktestRow
from approvals.models.breaking import BreakGlass, BreakGlassReview
from approvals.models.granting import Grant, Outcome
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
    "Decision",
    "EvidenceOpening",
    "Grant",
    "Move",
    "Outcome",
    "Proposal",
    "ProposalVersion",
    "Reminder",
    "Snooze",
]
