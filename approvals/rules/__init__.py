"""What is decided without a database: pure, standard library only.

Read in this order: moves (which states follow which), separation (who may approve what),
quorum (when votes are enough), due (how long a person has), diff (what an edit changes),
widening (whether an edit asks for more), claims (what the agent says and the action does not).
"""
