"""What one settled run adds to the numbers of its day. Pure; nothing here looks anything up.

`belonging`: its case and who asked. `timing`: how long, and waiting for whom. `retrying`:
what was tried again. `adherence`: where it left the rulebook, and what its record lacks.
`spending`: what it cost. `acting`: what was
changed, and whether a grant covered it. `measures`: all of it, as measures by name.
"""
