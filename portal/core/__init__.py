"""Leaf tools that every room stands on; this package knows no room.

Read in this order: errors, ids, clock, digest, strict_json, locks, outbox,
idempotency, pagination, http, api. `services/` starts the embedded database and
broker. Import-free on purpose: the start-up runs before anything is installed.
"""
