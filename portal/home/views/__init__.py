"""Views of the home room: style.py (the style page), preferences.py (theme, keys), assets.py (the icon sprite)."""
