"""Pages of accounts: sessions.py (signing in and out), me.py (my own account),
people.py (people and departments, for administrators)."""
