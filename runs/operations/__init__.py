"""What changes runs.

Read in this order: moments (steps: how approvals appends to a run), spend (steps: caps),
accepting (a batch is stored), folding (a batch becomes events), holding (resume and
flag), weeks and reviewing (the weekly review).
"""
