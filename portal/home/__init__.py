"""Pages that look across rooms, and the shell around every page.

Read shell.py (what the frame of a page shows), then views/.
"""
