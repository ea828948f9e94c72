"""Recorded conversations, played as a live agent over HTTP.

Read in this order: recordings (a file of conversations in the chat-completions format),
mapping (which tool reads and which writes, told by the rulebook), memory (what the agent
has read so far), bodies (what is sent), client (how it is sent), player (one
conversation), playing (all of them), report (what came of it). Nothing here may see or
send the right answers that a recording may hold; only `report` reads them, afterwards.
"""
