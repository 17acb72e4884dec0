"""Model files are read by processes that have imported nothing but mcugen, whatever they read before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.frontend.archives import small_archive
from tests.frontend.programs import export, seeded, with_quantizer
from tests.frontend.test_quantized_programs import Handmade, xnnpack

READ = """
import json, sys
from mcugen.frontend import load_model
graphs = [load_model(path, "random" if "small" in path else None) for path in sys.argv[1:]]
print(json.dumps([[[op.kind for op in graph.operators] for graph in graphs], "torchao" in sys.modules]))
"""


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Saved here, where quantizing has imported all there is; read elsewhere."""
    folder = tmp_path_factory.mktemp("fresh")
    shape = (1, 3, 6, 6)
    module = with_quantizer(
        seeded(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1))), xnnpack(is_per_channel=True), shape
    )
    programs = {"pt2e": export(module, shape), "handmade": export(Handmade(), (1, 6))}
    for name, program in programs.items():
        torch.export.save(program, folder / f"{name}.pt2")
    small_archive(folder)
    return {name: folder / f"{name}.pt2" for name in (*programs, "small")}


KINDS = {
    "pt2e": ["conv2d", "conv2d"],
    "handmade": ["fully_connected"],
    "small": ["conv2d", "reshape", "fully_connected"],
}


@pytest.mark.sampled(1)
@pytest.mark.parametrize("order", [("pt2e",), ("handmade", "small", "pt2e"), ("small", "handmade")], ids="-".join)
def test_reading(archives: dict[str, Path], order: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ, *(str(archives[name]) for name in order)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # What libraries remark about themselves is not for the user.
    assert [line for line in done.stderr.splitlines() if not line.startswith("calibrating with random")] == []
    # Only float programs need the library that quantizes; it takes seconds to import.
    assert json.loads(done.stdout) == [[KINDS[name] for name in order], "small" in order]
