"""What a rulebook means: pure Python, standard library only; no clock, no I/O, no Django.

In reading order: answers, rulebook, verbs, codes; amounts, stops, limits, authority (the heart);
document, params, toml_form, gaps; sentences, changes.
"""
