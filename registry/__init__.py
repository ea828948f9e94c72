"""What may happen: workflows, their owners, operating models and signatures.

Floors, top to bottom: urls, views and api, forms, operations, queries, models, rules.
Start with rules/authority.py: the rulebook's answer to one request.
"""
