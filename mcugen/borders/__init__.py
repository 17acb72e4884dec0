"""Where data from outside comes in: one guard for each kind of file, which every stage uses.

A guard bounds sizes before it reads, understands the plain form of a format and nothing else, and turns whatever is
wrong into one `McugenError`. Whoever uses a guard says what the file is and what would mend it (`Source`).
"""

from mcugen.borders.files import Source

__all__ = ["Source"]
