"""Timing models: by a table for cores that issue one instruction at a time, by a scoreboard for those that issue two.

`models.py` says which core has which.
"""
