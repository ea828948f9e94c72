"""How a run is told and counted: pure, standard library only.

Read in this order: events (what a rule sees), folding (what events add up to), answering
(the seven answers), phrases and story (the sentence and the five numbers), timeline (the
narrative), shapes (what an agent may send), stopping (stop rules on events), tallying
(what is counted by day), sampling and stats (the weekly review).
"""
