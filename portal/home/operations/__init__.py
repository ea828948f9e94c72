"""Changes that belong to no single room: journal.py (an export is on record)."""
