"""The page of a week, one module per section of it.

In reading order: access (who sees the week), sample (its rows), looked_at, estimates,
findings, sign; page puts them together.
"""
