"""mcugen compiles PyTorch models into microcontroller firmware."""

__version__ = "0.1.0"
