"""The journal, and the one doorway for writes.

Read in this order: names (the closed list), operation (`@operation`, `@step`,
`record`), chaining (how entries are hashed), models, sealing (signed checkpoints),
verifying, queries, denials.
"""
