"""Every operator of docs/operators.md as a small program, on three boards and for one and three images.

A file of `tables/` is a family of operators; `case.py` says what a row is, `check.py` what is checked of it.
"""
