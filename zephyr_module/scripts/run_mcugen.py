"""Runs mcugen in the Python that runs this script: `python run_mcugen.py emit ...`.

`python -m mcugen` does the same, but looks into the current folder first, where a folder called mcugen is no rarity.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys

if importlib.util.find_spec("mcugen.__main__" if importlib.util.find_spec("mcugen") else "mcugen") is None:
    sys.exit(f"{sys.executable} has no mcugen")
runpy.run_module("mcugen", run_name="__main__", alter_sys=True)
