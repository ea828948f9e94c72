"""Writes of the registry, each one transaction that leaves its entry in the journal.

Read in this order: guards (who may), rights (what a role lets a person do), registering,
drafts and edits (the one page while it is written), people, packets (freeze and sign),
launching, pausing, catalogue (what stands above every workflow).
"""
