"""What quantization costs, and what is done against it."""
