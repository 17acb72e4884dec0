"""Damaged files of every kind that mcugen reads: one message each, no traceback, no hang, no memory without bound."""
