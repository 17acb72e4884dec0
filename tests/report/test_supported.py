"""`mcugen ops`: made from the tables, and docs/operators.md from it.

`MCUGEN_UPDATE_DOCS=1 pytest tests/report/test_supported.py` makes the page's part anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcugen.frontend.litert.operators import ROWS
from mcugen.frontend.litert.operators.types import TYPES
from mcugen.graph.ops import OPERATORS
from mcugen.report.supported import supported, updated

PAGE = Path(__file__).parents[2] / "docs" / "operators.md"


def test_the_page_is_what_the_tables_say() -> None:
    text = PAGE.read_text()
    made = updated(text, supported())
    if os.environ.get("MCUGEN_UPDATE_DOCS"):
        PAGE.write_text(made)
    assert made == text, "docs/operators.md is stale: MCUGEN_UPDATE_DOCS=1 pytest tests/report/test_supported.py"


def test_a_page_without_the_part_is_an_error() -> None:
    with pytest.raises(ValueError, match="no part between"):
        updated("# Operators\n", supported())


def test_the_command_in_a_fresh_process() -> None:
    command = [sys.executable, "-m", "mcugen", "ops"]
    printed = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout
    found = json.loads(printed)
    front = {op["name"]: op for op in found["front_ends"]["torch.export"]}
    assert front["aten.conv2d"]["family"] == "convolution"
    assert "int32" in front["aten.permute"]["types"] and front["aten.linear"]["types"] == ["int8"]
    assert front["aten.erf"]["family"] == "function" and "aten.sort" not in front and "aten.add_" not in front
    litert = {op["name"]: op for op in found["front_ends"]["LiteRT"]}
    assert litert.keys() == ROWS.keys() == TYPES.keys()
    assert litert["SVDF"] == {"name": "SVDF", "family": "recurrent", "types": ["int8"]}
    kernels = {op["kind"]: op["kernels"] for op in found["operators"]}
    assert set(kernels) == set(OPERATORS)
    assert "conv2d_1x1_s8.dsp" in kernels["conv2d"]["dsp"] and "convolve_s8.cmsis_nn" in kernels["conv2d"]["cmsis_nn"]
    assert all("portable" in libraries for libraries in kernels.values())
