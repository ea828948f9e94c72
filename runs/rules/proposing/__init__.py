"""From a finding to a change of the rulebook: what may be proposed, and what it would say.

Read in this order: shapes (a way, its blanks, the change it makes), stop_rules (making
one stricter, milder, or new), guardrails (the thresholds of the whole page), cells (the
matrix, and checks for its verbs), ways (which of these belong to which kind of finding).
Pure: they read a document and give another; nobody's right to edit is judged here.
"""
