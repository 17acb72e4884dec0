"""Small networks of timm and torchvision as they stand in those packages, with random weights, end to end.

    PYTHON -m tools.zoo export FOLDER [NAME ...]
    python -m tools.zoo check FOLDER [NAME ...] [--board mps3_an547]

`export` runs in any Python that has timm, torchvision and the version of torch that mcugen reads, and writes a
torch.export archive for each network. `check` emits and verifies each for the board, compares it with the float model
on samples that were not used for calibration, and ends with 1 where one does not match or correlates below 0.95.
ghostnet_050 and mnasnet_small, of more than 2 MB, need --board tests/e2e/networks/mps3_an547_swapped.yml: the same
board with code in its 4 MB of memory and data in the 2 MB.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SIZE = 64
SHAPE = (1, 3, SIZE, SIZE)
TIMM = (
    "mobilenetv2_035",
    "mobilenetv3_small_050",
    "mobilenetv4_conv_small_035",
    "lcnet_050",
    "ghostnet_050",
    "mnasnet_small",
    "starnet_s050",
    "edgenext_xx_small",
    "test_vit",
    "test_convnext",
    "test_nfnet",
)
TORCHVISION = ("squeezenet1_1", "shufflenet_v2_x0_5")
NETWORKS = (*TIMM, *TORCHVISION)

LEAST_CORRELATION = 0.95
CALIBRATION, UNSEEN = 16, 8


def images(count: int, seed: int) -> npt.NDArray[np.float32]:
    """Standardized noise, (count, *SHAPE)."""
    return np.random.default_rng(seed).standard_normal((count, *SHAPE)).astype(np.float32)


def export(folder: Path, names: Sequence[str]) -> None:
    """Writes an archive NAME.pt2 for each network."""
    import torch

    _declare_torchvision_operators(torch)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        torch.manual_seed(0)
        model = _builder(name)().eval()
        torch.export.save(torch.export.export(model, (torch.zeros(SHAPE),)), folder / f"{name}.pt2")
        print(name, flush=True)


def _builder(name: str) -> Callable[[], Any]:
    if name in TORCHVISION:
        import torchvision

        return lambda: torchvision.models.get_model(name, weights=None)
    import timm

    # Transformers are made for one size of image.
    size = {"img_size": SIZE} if "vit" in name else {}
    return lambda: timm.create_model(name, pretrained=False, **size)


def _declare_torchvision_operators(torch: Any) -> None:
    """torchvision describes operators of its compiled part as it is imported; where that does not load, it would fail.
    None of the networks uses them."""
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _KEPT.append(library)


_KEPT: list[Any] = []
"""What would undo its definitions as it goes."""


def check(folder: Path, names: Sequence[str], board: str) -> int:
    """Prints a line for each network; 1 when one failed."""
    from mcugen.errors import McugenError
    from mcugen.frontend.archive import load_archive
    from mcugen.frontend.signature import port_names
    from tools.fidelity import check_program

    failed = False
    for name in names:
        archive = folder / f"{name}.pt2"
        try:
            (port,) = port_names(load_archive(archive)).inputs
            checked = check_program(archive, {port: images(CALIBRATION, 7)}, {port: images(UNSEEN, 99)}, board)
        except McugenError as error:
            failed = True
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
            continue
        (output,) = checked.outputs
        passed = checked.match and output.correlation > LEAST_CORRELATION
        failed |= not passed
        print(
            f"{name}: match {str(checked.match).lower()}, correlation {output.correlation:.4f}, centred "
            f"{output.centred:.4f}, SQNR {output.sqnr_db:.1f} dB, {checked.macs} MACs, {checked.instructions} "
            f"instructions, flash {checked.flash_bytes}, RAM {checked.ram_bytes}{'' if passed else ': FAILED'}",
            flush=True,
        )
    return int(failed)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("export", "check"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(NETWORKS))
    parser.add_argument("--board", default="mps3_an547")
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.names) - set(NETWORKS))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known are {', '.join(NETWORKS)}")
    if given.action == "export":
        export(given.folder, given.names)
        return 0
    return check(given.folder, given.names, given.board)


if __name__ == "__main__":
    sys.exit(main())
