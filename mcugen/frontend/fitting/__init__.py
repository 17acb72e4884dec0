"""Constants of a quantized program fitted to the float program's values on samples, after all ranges are chosen.

`gptq` rounds the weights of one layer after the other, `joint` then adjusts them all for the program's results, and
`bias_correction` takes up what is left of mean errors. The device does no more work for any of it.
"""
