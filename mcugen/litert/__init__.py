"""LiteRT (TensorFlow Lite) model files."""
