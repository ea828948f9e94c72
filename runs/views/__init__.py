"""Pages of runs. Read in this order: lists, stories (one run), reviews (the weekly review)."""
