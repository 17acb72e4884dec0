"""Features that an application computes in front of a model, in C and in Python with the same bits.

`LogMel` makes log-mel frames (or cepstral coefficients) of audio; `write` puts its C beside an emitted module. The C
uses no floating point, no heap and no other library; the twin is what a model is trained and calibrated with.
"""

from mcugen.features.emission import write, write_window
from mcugen.features.logmel import LogMel

__all__ = ["LogMel", "write", "write_window"]
