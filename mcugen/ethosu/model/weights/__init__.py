"""Weights and scales as the NPU reads them from memory."""
