"""What the calibration samples say about a float program's ranges, and the exact rewrites that follow from it.

All rewrites are made before quantization and change no result of the float program: a factor leaves one place and
enters another. They decide how much of each value is left once it has 8 bits.
"""
