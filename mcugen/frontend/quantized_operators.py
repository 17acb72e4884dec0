"""The quantize and dequantize operators of PT2E, made known to PyTorch.

PyTorch registers them when the module below is imported, which quantizing a model does and reading one does not.
Whatever resolves their names, above all the archive reader, must import this first.
"""

from __future__ import annotations

import torch.ao.quantization.fx._decomposed  # noqa: F401  (registers the operators)

NAMESPACE = "quantized_decomposed"
