"""Reads across rooms: start.py, journal.py, numbers.py, search.py, agents.py."""
