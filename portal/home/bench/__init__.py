"""The benchmarks: what the portal costs, as ratios taken in one run on one machine.

Read in this order: stage (a portal of its own, thrown away afterwards), measuring (times
and memory), crowd (much history, inserted by SQL), acts (what is measured). Bounded,
loopback only, and ended by itself.
"""
