"""LiteRT model files (`.tflite`) to the integer IR, in TensorFlow Lite Micro's bits; without torch."""
