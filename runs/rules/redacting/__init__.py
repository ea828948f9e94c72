"""What must not be stored readable: found, and replaced by typed tokens.

Read `tokens` (what stands in the place of a value), `paths` (what an owner names), then
`numbers` and `secrets` (what is found by its form), `detecting` (all of it over one text)
and `walking` (over everything that one event tells).
"""
