"""The part of a network that the NPU runs as one job: an operator of the graph like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mcugen.ethosu.compiler import Compiled
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.reference import run
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class EthosU(Operator):
    """Operators that became one command stream; its inputs and outputs are those of `network`, in that order.

    Attributes:
        network: the operators, with constants; its ports have the names of this operator's tensors.
        compiled: what Vela made of it.
        accelerator: that it is for, such as "ethos-u55-128".
    """

    kind: ClassVar[str] = "ethos_u"
    network: Graph
    compiled: Compiled
    accelerator: str

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        for what, tensors, ports, places in (
            ("inputs", inputs, self.network.inputs, self.compiled.inputs),
            ("outputs", outputs, self.network.outputs, self.compiled.outputs),
        ):
            if [t.name for t in tensors] != [p.tensor for p in ports]:
                raise ValueError(f"{self.name}: its {what} are not those of its network")
            if [t.size_bytes for t in tensors] != [p.size for p in places]:
                raise ValueError(f"{self.name}: its {what} have other sizes than in the command stream")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        values = run(self.network, {t.name: array for t, array in zip(tensors_in, inputs, strict=True)})
        return [values[t.name] for t in tensors_out]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        return self.network.macs()
