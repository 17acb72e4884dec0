"""The example networks by name: four with the topologies of MLPerf Tiny, and a small one-dimensional one.

Each module has `build(seed=0) -> nn.Module` (eval mode, seeded weights, non-trivial batch-norm statistics),
`INPUT_NAME`, `INPUT_SHAPE` (batch axis included) and `calibration(samples, seed) -> float32 array (samples, ...)`.
"""

from examples.models import autoencoder, conv1d_net, ds_cnn, mobilenet_v1, resnet8

MODELS = {
    "ds_cnn": ds_cnn,
    "mobilenet_v1": mobilenet_v1,
    "resnet8": resnet8,
    "autoencoder": autoencoder,
    "conv1d_net": conv1d_net,
}
"""Name -> module."""
