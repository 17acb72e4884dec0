"""Where data from outside comes in: one guard for each kind of file, which every stage uses.

A guard bounds sizes before it reads, and turns whatever is wrong into one `McugenError`.
"""
