"""Checks a kernel against the integer reference, on the workstation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from mcugen.boards.board import Cpu
from mcugen.graph.reference import run as run_reference
from mcugen.graph.tensor import DTYPES
from mcugen.kernels import host
from mcugen.kernels.base import Kernel
from tests.graph import strategies
from tests.graph.strategies import Case, int16

CORTEX_M0 = Cpu("cortex-m0", False, "none", "none", 16_000_000)
CORTEX_M3 = Cpu("cortex-m3", False, "none", "none", 72_000_000)
CORTEX_M4 = Cpu("cortex-m4", True, "single", "none", 100_000_000)


def cases_for(kernel: Kernel) -> st.SearchStrategy[Case]:
    """Random graphs of the kernel's operator, on the type of activations that its name tells, with its weights."""
    of_type = int16.ALL if kernel.name.partition(".")[0].endswith("_s16") else strategies.ALL
    graphs = of_type[kernel.operator.kind]
    return graphs() if kernel.weight_dtype == "int8" else graphs(dtype=kernel.weight_dtype)


def check(kernel: Kernel, case: Case, *, cpu: Cpu = CORTEX_M3, defines: Sequence[str] = ()) -> bool:
    """The kernel gives the reference's bits: apart from its inputs, at odd addresses, and over every input that it
    permits, at the stated distance and (unless exact) further below.

    Returns:
        Whether the kernel supports the case at all.
    """
    (op,) = case.graph.operators
    if not kernel.takes(op, case.graph, cpu):
        return False
    invocation = kernel.invoke(op, case.graph)
    expected = run_reference(case.graph, case.inputs)

    def verify(what: str, sharing: host.Sharing | None = None, misalignment: int = 4) -> None:
        actual = host.run(
            invocation, case.graph, case.inputs, sharing=sharing, misalignment=misalignment, defines=defines
        )
        for name, values in zip(op.outputs, actual, strict=True):
            wrong = np.argwhere(values != expected[name])
            assert not len(wrong), (
                f"{kernel.name}, {what}, {name}: {len(wrong)} of {values.size} differ, first at {wrong[0]}"
            )

    verify("apart")
    verify("at odd addresses", misalignment=1)
    for overlap in invocation.overlaps:
        shared = (op.outputs[0], invocation.inputs[overlap.input_index])
        # Tensors lie aligned to their elements.
        element = 1 if invocation.as_bytes else max(DTYPES[case.graph.tensor(n).dtype].itemsize for n in shared)
        for further in (0,) if overlap.exact else (0, element, 64):
            distance = overlap.distance + further
            verify(f"output {distance} bytes below input", host.Sharing(overlap.input_index, distance))
    return True
