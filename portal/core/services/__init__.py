"""What has to run before Django can: Python itself, PostgreSQL, Valkey.

Standard library only, and nothing here imports Django, because this runs before
anything is installed and keeps running when everything else has failed.
Read in this order: refusal, bootstrap, data_directory, process, postgres,
valkey, tree.
"""
