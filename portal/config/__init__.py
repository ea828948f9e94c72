"""Wires the rooms into one portal; imported by nothing.

Read in this order: environment (what an operator may set), settings, urls,
celery, middleware, health, gunicorn, then operate/ (`manage.py up`, `test`,
`gate` and the services around single commands).
"""
