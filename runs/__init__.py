"""Runs: what happened. Events in, timelines, holds, spend, tallies, the weekly review.

Read `rules` first (what a run is told from), then `models`, `operations/moments` (how
approvals appends to a run), `operations/folding` (how agents' events get in), then
`queries` and `views`. This room never asks approvals anything.
"""
