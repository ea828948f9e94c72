"""Reads of the registry: frozen dataclasses for pages and rulings.

Read in this order: rulebooks (what a ruling stands on), people (who holds what),
workflows (list and head), drafts, matrix, packets, history, documents.
"""
