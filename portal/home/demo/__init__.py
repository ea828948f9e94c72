"""The demo: a company that lets AI agents work, with a few weeks behind it.

Read in this order: company (departments, people, systems), workflows (what they let
agents do), clockwork (time passes), scene (one run: what the agent tells and asks, what
people decide), stories (the runs of each workflow), reviews (the weeks that were read),
loading (all of it, once). Everything
is made through the operations that people and agents use; only the time is told.
"""
