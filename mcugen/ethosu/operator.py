"""The part of a network that the NPU runs as one job: an operator of the graph like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.errors import InputError
from mcugen.ethosu.job import Job
from mcugen.ethosu.machine import machine_of, macs_of, run_job
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.reference import run
from mcugen.graph.tensor import DTYPES, IntArray, Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class CommandStream(Operator):
    """One job, of layers that are not known: its reference is the model of the NPU.

    Attributes:
        job: inputs and outputs lie where it says, in the order of this operator's.
        accelerator: that it is for, such as "ethos-u55-128".
    """

    kind: ClassVar[str] = "ethos_u"
    job: Job
    accelerator: str

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        for what, tensors, places in (("inputs", inputs, self.job.inputs), ("outputs", outputs, self.job.outputs)):
            if [t.size_bytes for t in tensors] != [p.size for p in places]:
                raise ValueError(f"{self.name}: its {what} have other sizes than in the command stream")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        try:
            results = run_job(self.job, [np.frombuffer(x.tobytes(), np.uint8) for x in inputs])
        except InputError as error:
            raise InputError(error.what, where=f"{self.origin}, {error.where}", hint=error.hint) from error
        return [found.view(DTYPES[t.dtype]).reshape(t.shape) for found, t in zip(results, tensors_out, strict=True)]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        return macs_of(machine_of(self.job))


@dataclass(frozen=True, kw_only=True, eq=False)
class EthosU(CommandStream):
    """Operators of the graph that became one job: its reference is theirs, which the model of the NPU has equalled.

    Attributes:
        network: the operators, with constants; its ports have the names of this operator's tensors, in that order.
    """

    network: Graph

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        ports = (("inputs", inputs, self.network.inputs), ("outputs", outputs, self.network.outputs))
        for what, tensors, wanted in ports:
            if [t.name for t in tensors] != [p.tensor for p in wanted]:
                raise ValueError(f"{self.name}: its {what} are not those of its network")
        super().validate(inputs, outputs)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        values = run(self.network, {t.name: array for t, array in zip(tensors_in, inputs, strict=True)})
        return [values[t.name] for t in tensors_out]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        return self.network.macs()
