"""What changes: each file one family of verbs, each public function one transaction.

Read in this order: ruling (asking the rulebook, keeping the answer), ask, sitting (a
locked proposal), decide, moves, undo, grants, outcomes, withdraw, expire.
"""
