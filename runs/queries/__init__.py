"""What can be read of runs. Pages pass the actor first; steps of other rooms pass ids.

Read in this order: lists (the runs list), stories (one run), holds, facts and spend (what
a ruling stands on), reviews (the weekly review), numbers (the first KPIs).
"""
