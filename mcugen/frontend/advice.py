"""What to use instead of an operator that has no integer form."""

from __future__ import annotations

from collections.abc import Iterator

_DEFAULT = "replace it by a supported operator (`mcugen docs operators` lists them) or move it out of the model"

_SEVERAL = (
    "where its other operands are numbers, or come from the same tensor, it is a table; of two tensors there are add, "
    "sub, mul, div, maximum, minimum and where"
)

_APPLICATION = "return its operand from the model and compute it in the application"
_ORDER = f"for the largest or smallest use amax, amin, argmax or argmin; for any other order {_APPLICATION}"
_MIDDLE = f"use mean, amax or amin where they serve; else {_APPLICATION}"
_MASK = "keep the shape: torch.where(condition, x, 0) or x * mask, and sums over the result"
_VOLUME = "there are one or two dimensions: fold an axis into the batch or the channels (reshape) and use {}"
_MATRIX = "matrices of constants are computed before the export; else " + _APPLICATION
_SPECTRUM = (
    "compute the spectrum in the application and give it to the model as an input, or write the transform as matmul "
    "with constant cosines and sines"
)
_SCATTERED = (
    "use torch.where, or matmul with a one-hot matrix: (ids[:, None] == torch.arange(n)).float(); with constant places "
    "slices and torch.cat"
)
_LOSS = "a loss is for training: export the model without it, up to its scores"
_RANDOM = "random numbers are drawn by the application: make them an input of the model"
_TRAINING = "it is for training: call model.eval() before torch.export.export"
COMPLEX = "there are no complex numbers: keep real and imaginary parts as two real tensors"
REALS = "export model.float() with float32 example inputs"
BYTES = (
    "let forward() take image bytes as float32 (on the device the input is int8 in any case, with a scale of its own), "
    "and other integers as int16, int32 or int64"
)
_BINS = "compare with each border and add up: (x[..., None] >= borders).sum(-1)"

_INSTEAD: dict[tuple[str, ...], str] = {
    ("sort", "argsort", "msort", "topk", "kthvalue"): _ORDER,
    ("median", "nanmedian", "quantile", "nanquantile", "mode"): _MIDDLE,
    ("nonzero", "nonzero_static", "argwhere", "masked_select", "index"): _MASK,
    ("_unique", "_unique2", "unique_dim", "unique_consecutive", "unique_dim_consecutive"): _APPLICATION,
    ("item", "_local_scalar_dense"): "keep it a tensor: a 0-d tensor broadcasts as a number does",
    ("conv3d", "slow_conv3d"): _VOLUME.format("conv2d"),
    ("conv_transpose3d",): _VOLUME.format("conv_transpose2d"),
    ("max_pool3d", "max_pool3d_with_indices", "adaptive_max_pool3d", "fractional_max_pool3d"): _VOLUME.format(
        "max_pool2d twice"
    ),
    ("avg_pool3d", "adaptive_avg_pool3d", "_adaptive_avg_pool3d"): _VOLUME.format("avg_pool2d twice"),
    ("fractional_max_pool2d",): "its windows are random: use max_pool2d or adaptive_max_pool2d",
    ("max_unpool2d", "max_unpool3d"): "use upsample_nearest2d (functional.interpolate) or conv_transpose2d",
    ("upsample_bicubic2d", "_upsample_bicubic2d_aa", "_upsample_bilinear2d_aa"): "use mode='bilinear' or 'nearest', "
    "without antialias",
    ("upsample_trilinear3d", "upsample_nearest3d", "_upsample_nearest_exact3d"): "interpolate two axes at a time with "
    "mode='bilinear' or 'nearest' (reshape the third into the batch)",
    ("grid_sampler", "grid_sampler_2d", "grid_sampler_3d", "affine_grid_generator"): "sample at constant places: "
    "functional.interpolate with mode='bilinear', index_select, or slices",
    ("roi_align", "roi_pool"): "use slices at constant places and functional.interpolate",
    ("view_as_complex", "view_as_real", "complex", "real", "imag", "angle", "polar", "conj", "_conj"): COMPLEX,
    ("stft", "istft"): _SPECTRUM,
    ("linalg_inv", "linalg_inv_ex", "inverse", "linalg_det", "det", "logdet", "slogdet", "linalg_slogdet"): _MATRIX,
    ("linalg_svd", "linalg_svdvals", "_linalg_svd", "svd", "linalg_qr", "qr", "linalg_eig", "linalg_eigh"): _MATRIX,
    ("linalg_cholesky", "linalg_cholesky_ex", "cholesky", "linalg_solve", "linalg_lstsq", "linalg_pinv"): _MATRIX,
    ("linalg_matrix_exp", "matrix_exp", "linalg_eigvals", "linalg_eigvalsh", "triangular_solve"): _MATRIX,
    ("linalg_matrix_power", "matrix_power"): "write the products: x @ x",
    ("bincount",): "compare with each number and add up: (ids[:, None] == torch.arange(n)).sum(0)",
    ("histc", "histogram", "bucketize", "searchsorted"): _BINS,
    ("cdist", "_cdist_forward", "pdist", "_pdist_forward"): "write the squares: (a * a).sum(1)[:, None] + "
    "(b * b).sum(1) - 2 * a @ b.mT, by matmul",
    (
        "cumprod",
        "logcumsumexp",
    ): "for positive values use exp of a cumsum of log; else unroll its few steps as products",
    ("atan2", "arctan2"): "where x keeps its sign use atan(y / x), with x limited away from 0; for a direction "
    "functional.normalize of (y, x) is an angle without the angle; else return both and compute it in the application",
    ("float_power",): "it computes in float64: use pow, or x ** n",
    ("cummax", "cummin"): "unroll its few steps with torch.maximum, or pool with amax over windows (max_pool1d)",
    ("embedding_bag", "_embedding_bag", "_embedding_bag_forward_only"): "use embedding, then sum or mean over its rows",
    ("ctc_loss", "_ctc_loss", "cross_entropy_loss", "nll_loss", "nll_loss_nd", "nll_loss2d"): _LOSS,
    ("binary_cross_entropy", "binary_cross_entropy_with_logits"): _LOSS,
    ("kl_div", "hinge_embedding_loss", "margin_ranking_loss", "cosine_embedding_loss", "triplet_margin_loss"): _LOSS,
    ("multinomial",): "use argmax of the scores, or return them and draw in the application",
    ("rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "bernoulli"): _RANDOM,
    ("normal", "normal_functional", "uniform", "exponential", "poisson", "rrelu_with_noise"): _RANDOM,
    ("native_dropout", "alpha_dropout", "feature_alpha_dropout"): _TRAINING,
    ("scatter", "scatter_add", "scatter_reduce", "index_add", "index_reduce", "put"): _SCATTERED,
    ("index_put", "_index_put_impl", "_unsafe_index_put", "index_copy", "index_fill", "masked_scatter"): _SCATTERED,
    ("as_strided", "as_strided_copy", "as_strided_scatter"): "use slices, reshape, permute or unfold",
    ("renorm",): "use functional.normalize, or apply it to constant weights before the export",
    ("cond",): "compute both branches and choose: torch.where(condition, a, b)",
    ("while_loop",): "unroll it: a fixed number of steps in a Python loop; for sequences use LSTM, GRU or RNN layers",
    ("map_impl", "scan", "associative_scan"): "unroll it: a Python loop over a fixed number of steps; cumsum for sums",
}
_BY_NAME = {name: advice for names, advice in _INSTEAD.items() for name in names}
_BY_START = {"fft_": _SPECTRUM, "_fft_": _SPECTRUM, "quantize": "use PT2E's quantized_decomposed operators"}


def instead(operator: str, otherwise: str = _DEFAULT) -> str:
    """Advice for an operator by its full name, such as "aten.sort.default"; `otherwise` where there is none."""
    return next(_advice(operator), otherwise)


def of_several(operator: str) -> str:
    """Advice for an element-wise operator that has a form for one tensor only."""
    return next(_advice(operator), _SEVERAL)


def _advice(operator: str) -> Iterator[str]:
    namespace, _, rest = operator.partition(".")
    packet = rest.partition(".")[0].removesuffix("_")
    if namespace not in ("aten", "higher_order"):
        return
    if packet in _BY_NAME:
        yield _BY_NAME[packet]
    yield from (advice for start, advice in _BY_START.items() if packet.startswith(start))
