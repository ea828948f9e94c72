"""Changes to people (people.py) and to agents and their keys (agents.py)."""
