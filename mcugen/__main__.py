"""`python -m mcugen` is the console script."""

from mcugen.cli import main

main()
