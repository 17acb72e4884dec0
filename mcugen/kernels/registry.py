"""Which kernels may run an operator, cheapest first."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mcugen.boards.board import Cpu
from mcugen.errors import InputError, UnsupportedOperatorError
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.kernels import armv6m, armv7m, cmsis_nn, dsp, mve, portable
from mcugen.kernels.base import Kernel
from mcugen.kernels.cmsis_nn import CmsisNn

LIBRARIES: Mapping[str, tuple[Kernel, ...]] = MappingProxyType(
    {
        "portable": portable.KERNELS,
        "armv6m": armv6m.KERNELS,
        "armv7m": armv7m.KERNELS,
        "dsp": dsp.KERNELS,
        "mve": mve.KERNELS,
    }
)
"""mcugen's own kernel libraries by name: a folder of `kernels_cmsis/` and a package beside this file."""

PLUGIN_KERNELS: list[Kernel] = []
"""Kernels that plugins bring, for every policy."""

POLICIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "auto": ("mve", "dsp", "armv7m", "armv6m", "portable"),
        "native": ("mve", "dsp", "armv7m", "armv6m", "portable"),
        "portable": ("portable",),
        "cmsis-nn": ("mve", "dsp", "armv7m", "armv6m", "portable"),
    }
)
"""The own libraries that each `--kernels` policy draws from; "cmsis-nn" where CMSIS-NN has no kernel."""


def select(op: Operator, graph: Graph, cpu: Cpu, policy: str = "auto") -> Kernel:
    """The cheapest kernel for an operator.

    Raises:
        InputError, UnsupportedOperatorError: as `candidates`.
    """
    return candidates(op, graph, cpu, policy)[0]


def candidates(
    op: Operator, graph: Graph, cpu: Cpu, policy: str = "auto", library: CmsisNn | None = None
) -> list[Kernel]:
    """All kernels that give the operator's exact result on a CPU, by estimated instructions, cheapest first.

    Args:
        policy: a key of `POLICIES`.
        library: CMSIS-NN on this machine. "cmsis-nn" offers nothing else where it has a kernel (and looks for it when
            it is not given); "auto" takes it where it is cheaper; the other policies do not use it.

    Raises:
        InputError: unknown policy, or a CMSIS-NN that is not supported.
        MissingToolError: "cmsis-nn" without CMSIS-NN.
        UnsupportedOperatorError: no kernel supports the operator.
    """
    kernels = [k for name in _libraries(policy) for k in LIBRARIES[name]] + PLUGIN_KERNELS
    if policy == "cmsis-nn":
        library = library or cmsis_nn.locate()
    if library is not None and policy in ("auto", "cmsis-nn"):
        kernels += cmsis_nn.kernels(cpu, library)
    kernels = [k for k in kernels if isinstance(op, k.operator)]
    supported = [k for k in kernels if k.takes(op, graph, cpu)]
    if not supported:
        raise _no_kernel(op, graph, cpu, policy, kernels)
    if policy == "cmsis-nn":
        supported = [k for k in supported if k.library == "cmsis_nn"] or supported
    return sorted(supported, key=lambda k: (k.cost(op, graph), k.name))


def _libraries(policy: str) -> tuple[str, ...]:
    if policy in POLICIES:
        return POLICIES[policy]
    raise InputError(
        f"there is no kernel policy {policy!r}",
        where=f"--kernels {policy}",
        hint=f"use one of {', '.join(sorted(POLICIES))}",
    )


def _no_kernel(op: Operator, graph: Graph, cpu: Cpu, policy: str, kernels: list[Kernel]) -> UnsupportedOperatorError:
    shapes = ", ".join("x".join(map(str, t.shape)) or "scalar" for t in graph.input_tensors(op))
    limits = list(dict.fromkeys(k.limits for k in kernels if k.limits))
    if limits:
        hint = f"what the kernels support: {'; '.join(limits)}"
    elif kernels:
        hint = "`--kernels auto` chooses from all kernels of mcugen"
    else:
        hint = "replace the operator in the model, or add a kernel: `mcugen docs extending` says how"
    return UnsupportedOperatorError(
        f"no kernel runs the operator {op.name!r} ({op.kind} of {shapes}) on {cpu.core} with `--kernels {policy}`",
        where=str(op.origin),
        hint=hint,
    )
