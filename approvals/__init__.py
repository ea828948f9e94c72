"""Approvals: AI proposes, a person decides, and only that runs.

Read in this order: models (what is kept), rules (what is pure), operations (ask, decide,
moves, grants, outcomes, expire, withdraw), queries (what pages and agents read), api,
forms and views. Nothing here holds policy of its own: `registry.rules.authority` rules.
"""
