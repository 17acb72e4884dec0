"""Graphs beside other interpreters of the same file: TensorFlow Lite Micro, whose bits count, and LiteRT."""
