"""How an agent tells what it does: what its batches carry, what is missing, how to mend it.

Read in this order: traits (what one batch carried), diagnosing (what is missing for which
of the seven answers), recipes (the lines to paste, a framework each), fixes (the lines
for one gap).
"""
