"""Exports an example model: `python -m examples.export NAME --output DIR` writes NAME.pt2 and NAME_cal.npz."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from examples.models import MODELS


def export(name: str, folder: Path, *, samples: int = 32, seed: int = 0) -> tuple[Path, Path]:
    """Writes the archive and its calibration data; returns both paths."""
    model = MODELS[name]
    folder.mkdir(parents=True, exist_ok=True)
    archive, data = folder / f"{name}.pt2", folder / f"{name}_cal.npz"
    with torch.no_grad():
        program = torch.export.export(model.build(seed), (torch.zeros(model.INPUT_SHAPE),))
    torch.export.save(program, archive)
    np.savez_compressed(data, **{model.INPUT_NAME: model.calibration(samples, seed + 1)})
    return archive, data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*MODELS, "all"])
    parser.add_argument("--output", type=Path, default=Path())
    parser.add_argument("--samples", type=int, default=32, help="calibration samples")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for name in MODELS if arguments.name == "all" else [arguments.name]:
        for path in export(name, arguments.output, samples=arguments.samples, seed=arguments.seed):
            print(path)


if __name__ == "__main__":
    main()
