"""Forms of the registry: they validate what was typed and never save.

What an empty field means is decided in the operations; here it is only left out.
"""
