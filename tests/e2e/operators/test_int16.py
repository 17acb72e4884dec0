"""Every operator with `--precision int16`: no value of it is int8 that no warning tells of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mcugen.frontend import compile_program
from mcugen.frontend.importer import inputs_of
from mcugen.frontend.precision.rules import read_rules
from mcugen.frontend.quantizer_options import PLAIN, QuantizerOptions
from mcugen.graph.graph import Graph
from tests.e2e.operators.case import Case
from tests.e2e.operators.check import CALIBRATION, example
from tests.e2e.operators.test_matrix import FAMILIES
from tests.frontend.programs import seeded

OPTIONS = QuantizerOptions(PLAIN.observer, "off", "off", "off", read_rules("int16"))


def compiled(case: Case, folder: Path) -> Graph:
    samples = example(case, 1, CALIBRATION, seed=0)
    with torch.no_grad():
        program = torch.export.export(seeded(case.model), samples[0])
    names = [spec.name for spec in inputs_of(program.module(check_guards=False))]
    arrays = {name: torch.stack([s[i] for s in samples]).numpy() for i, name in enumerate(names)}
    np.savez(folder / "c.npz", **arrays)
    return compile_program(program, "net", folder / "c.npz", options=OPTIONS)


def silent(graph: Graph) -> list[str]:
    """Real values of 8 bits in a graph whose warnings name nothing."""
    if any("no int16 form" in text for text in graph.warnings):
        return []
    names = [port.tensor for port in graph.inputs] + [name for op in graph.operators for name in op.outputs]
    return [
        name for name in names if graph.tensor(name).dtype == "int8" and graph.tensor(name).quantization is not None
    ]


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_int16_or_told(family: str, tmp_path: Path) -> None:
    wrong = {}
    for name, case in FAMILIES[family].items():
        found = silent(compiled(case, tmp_path))
        if found:
            wrong[name] = found
    assert not wrong
