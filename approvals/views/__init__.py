"""The pages of the inbox: inbox (list and card), deciding, moving, answers (what follows)."""
