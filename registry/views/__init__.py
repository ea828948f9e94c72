"""Pages of the registry.

Read in this order: common (what every page passes), lists, overview, drafting, matrix,
rules, people, packets, versions, pausing.
"""
