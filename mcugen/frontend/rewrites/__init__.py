"""Rewrites of the exported program before it is quantized: other spellings of operators to one, what can be
computed, folded or left out beforehand. Each is one file; none changes what the program computes."""
