"""What quantization costs: the integer program against the float model, output by output and layer by layer."""
