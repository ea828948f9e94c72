"""People, departments, agents and their keys, and who may see what.

Read in this order: models, actors (who is acting), keys (how an agent proves who it
is), access (the functions every room asks), operations.
"""
