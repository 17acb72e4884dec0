"""A float program by itself: what a model that came quantized is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.fx import GraphModule

from mcugen.errors import InputError
from mcugen.frontend import calibration as data
from mcugen.frontend.archive import load_archive
from mcugen.frontend.calibration import InputSpec
from mcugen.frontend.importer import inputs_of, is_quantized
from mcugen.frontend.ranges import observe
from mcugen.frontend.signature import PortNames, port_names, positional_module
from mcugen.frontend.torch_settings import quiet, single_threaded

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class FloatProgram:
    """Attributes:
    ports: names of its inputs and results, in order.
    """

    module: GraphModule
    ports: PortNames

    @property
    def inputs(self) -> list[InputSpec]:
        return inputs_of(self.module, self.ports.inputs)

    def samples(self, path: Path) -> Arrays:
        """Reads samples by input, (samples, *shape).

        Raises:
            InputError: the file, a name, a shape or a type is wrong, or a value is not finite.
        """
        return dict(data.load(path, self.inputs, "sample"))

    def outputs(self, samples: Arrays) -> list[npt.NDArray[Any]]:
        """Each result, (samples, *shape)."""
        nodes = observe.inputs_of(self.module)
        given = dict(zip((node.name for node in nodes), samples.values(), strict=True))
        with quiet(), single_threaded(), torch.no_grad():
            runs = [observe.results(self.module, given, index) for index in range(observe.count(given))]
        return [np.stack([run[k].numpy() for run in runs]) for k in range(len(runs[0]))]


def load_float_program(path: Path) -> FloatProgram:
    """
    Raises:
        InputError: the file is no torch.export archive, or its program is quantized.
    """
    with quiet():
        program = load_archive(path)
        module = positional_module(program)
    if is_quantized(module):
        raise InputError(
            "the program to compare with is quantized too", where=str(path), hint="give --float the float model"
        )
    return FloatProgram(module, port_names(program))
