"""`mcugen bench`: models on boards by several kernel libraries, counted in one run, against what was counted before."""
