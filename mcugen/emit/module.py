"""Plan -> the files of the emitted module. Decides nothing: it names things and fills in templates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from mcugen import __version__
from mcugen.emit.constants import ConstantArray, ConstantPool
from mcugen.emit.core_check import core_check
from mcugen.emit.manifest import optimization_flag
from mcugen.emit.names import c_identifier, comment_text, plain_text, unique_identifiers
from mcugen.emit.ports import port_context
from mcugen.emit.sources import kernel_files
from mcugen.emit.zephyr import cmsis_nn_groups
from mcugen.graph.graph import Port
from mcugen.kernels.base import C_TYPES, Invocation, ParamValue
from mcugen.plan.plan import Plan, Step
from mcugen.resources import data_file, data_folder
from mcugen.templates import render_template

_TEMPLATES = {
    "include/{name}.h": "header.h.j2",
    "src/{name}.c": "schedule.c.j2",
    "src/{name}_weights.h": "weights.h.j2",
    "src/{name}_weights.c": "weights.c.j2",
    "src/{name}_model.c": "model.c.j2",
    "src/{name}_ports.c": "ports.c.j2",
    "README.md": "README.md.j2",
    "Makefile": "Makefile.j2",
    "example/main.c": "example.c.j2",
    "test/vectors.c": "vectors_test.c.j2",
    "CMakeLists.txt": "CMakeLists.txt.j2",
    "Kconfig": "Kconfig.j2",
    "zephyr/module.yml": "module.yml.j2",
}

# Files of zephyr_module/ that every module carries, so that it builds without mcugen.
_COPIED = (
    ("include/mcugen/mcugen.h", "include/mcugen/mcugen.h"),
    ("cmake/mcugen_zephyr.cmake", "zephyr/mcugen_zephyr.cmake"),
    ("cmake/mcugen_models.ld", "zephyr/mcugen_models.ld"),
)
# And what a module with a part for an NPU carries besides.
_COPIED_FOR_NPU = (
    ("include/mcugen/npu.h", "include/mcugen/npu.h"),
    ("npu/ethos_u_driver.c", "npu/ethos_u_driver.c"),
)

# Start of a C expression for a place in the arena.
_ARENA_ADDRESS = "memory + "
# Likewise, in the memory of states.
_STATE_ADDRESS = "state->memory + "


@dataclass(frozen=True)
class Instance:
    """One C function that fixes a kernel's parameters; layers of equal geometry share it.

    Attributes:
        images: how often the kernel is called; 1: once.
        fallible: whether it returns a status.
    """

    symbol: str
    kernel: str
    function: str
    params_type: str
    params: Sequence[tuple[str, str]]
    parameters: Sequence[str]
    arguments: Sequence[str]
    static_asserts: Sequence[tuple[str, str]]
    images: int
    fallible: bool


@dataclass(frozen=True)
class TracedResult:
    """What the layer hook is given: `number` counts the results of all layers."""

    number: int
    place: str
    size_bytes: int


@dataclass(frozen=True)
class Call:
    """One line of the schedule."""

    step: Step
    instance: Instance
    arguments: Sequence[str]
    results: Sequence[TracedResult]
    comment: str
    arrays: Sequence[ConstantArray]


@dataclass(frozen=True)
class ModuleText:
    """The rendered sources, and what the manifest wants to know about them.

    Attributes:
        files: contents by path inside the module's folder.
        calls: the schedule; call i is layer i of labels, counts and reports.
        constant_bytes: all constants after equal ones were merged.
    """

    files: dict[PurePosixPath, bytes]
    calls: Sequence[Call]
    constant_bytes: int


def port_parameters(ports: Sequence[Port], group: str) -> list[str]:
    """C parameter names: plain `input` / `output` where there is only one."""
    if len(ports) == 1:
        return [group]
    return [f"{group}_{n}" for n in unique_identifiers((p.name for p in ports), group)]


def render(
    plan: Plan, name: str, model_file: str, accelerator: str | None = None, *, self_test: bool = False
) -> ModuleText:
    """All C and build files of a module called `name` (a C identifier).

    Args:
        accelerator: the NPU that parts of it are for, such as "ethos-u55-128"; None: it has no such parts.
        self_test: build files know the folder of the self-test.
    """
    pool = ConstantPool(name)
    builder = _ScheduleBuilder(plan, pool)
    calls = [builder.call(step) for step in plan.steps if not step.invocation.alias]
    graph = plan.graph
    inputs, outputs = builder.inputs, builder.outputs
    context: dict[str, Any] = {
        "version": __version__,
        "name": name,
        "NAME": name.upper(),
        "model_file": comment_text(model_file),
        "model_text": plain_text(model_file),
        "plain_text": plain_text,
        "fidelity": graph.fidelity,
        "board": plan.board,
        "macs": sum(s.macs for s in plan.steps),
        "constant_bytes": pool.total_bytes,
        "optimization": optimization_flag(plan.optimize),
        "arena_size": plan.arena.size,
        "fast_bytes": plan.fast_bytes,
        "arena_alignment": plan.arena.alignment,
        "arrays": pool.arrays,
        "kernel_sources": sorted({c.step.invocation.source for c in calls}),
        "accelerator": accelerator,
        "self_test": self_test,
        "logits": [f"`{plain_text(p.name)}`" for p in graph.outputs if p.logits],
        "core_check": core_check(plan.board, (c.step.invocation.source for c in calls)),
        "cmsis_nn_groups": cmsis_nn_groups(c.step.invocation.source for c in calls),
        "instances": builder.instances,
        "fallible": any(c.instance.fallible for c in calls),
        "calls": calls,
        "inputs": [port_context(graph, p, "input", n) for p, n in zip(graph.inputs, inputs, strict=True)],
        "outputs": [port_context(graph, p, "output", n) for p, n in zip(graph.outputs, outputs, strict=True)],
        "state": _state_context(plan),
        "port_names": [*inputs, *outputs],
        "signature": ", ".join(builder.signature),
        "uses_memory": any(_ARENA_ADDRESS in a for c in calls for a in c.arguments),
    }
    files = {
        PurePosixPath(path.format(name=name)): render_template("mcugen.emit", template, **context).encode()
        for path, template in _TEMPLATES.items()
    }
    sources = kernel_files(c.step.invocation.source for c in calls)
    files |= {PurePosixPath("kernels") / path: content for path, content in sources.items()}
    copied = (*_COPIED, *(_COPIED_FOR_NPU if accelerator else ()))
    files |= {PurePosixPath(target): (data_folder("zephyr_module") / source).read_bytes() for source, target in copied}
    files[PurePosixPath("LICENSE")] = data_file("LICENSE").read_bytes()
    return ModuleText(files, calls, pool.total_bytes)


def _state_context(plan: Plan) -> dict[str, Any] | None:
    """Sizes, and how each state is set by a reset: filled with one byte, or from a list of bytes."""
    if plan.state is None:
        return None
    entries = []
    for state, offset in zip(plan.graph.states, plan.state.offsets, strict=True):
        tensor, data = plan.graph.tensors[state.tensor], np.frombuffer(state.initial.tobytes(), np.uint8)
        uniform = len(set(data.tolist())) == 1
        entries.append(
            {
                "comment": comment_text(state.name),
                "dtype": tensor.dtype,
                "shape": tensor.shape,
                "offset": offset,
                "size_bytes": tensor.size_bytes,
                "fill": int(data[0]) if uniform else None,
                "bytes": [] if uniform else [", ".join(map(str, row)) for row in _rows(data.tolist())],
            }
        )
    return {"size": plan.state.size, "alignment": plan.state.alignment, "entries": entries}


def _rows(values: list[int], length: int = 16) -> list[list[int]]:
    return [values[i : i + length] for i in range(0, len(values), length)]


class _ScheduleBuilder:
    """Turns steps into calls and collects the instances they need."""

    def __init__(self, plan: Plan, pool: ConstantPool) -> None:
        self._plan = plan
        self._pool = pool
        self._instances: dict[tuple[Any, ...], Instance] = {}
        self._results = 0
        self.inputs = port_parameters(plan.graph.inputs, "input")
        self.outputs = port_parameters(plan.graph.outputs, "output")
        names = [s.operator.name for s in plan.steps]
        self._layer_names = dict(zip(names, unique_identifiers(names, "layer"), strict=True))

    @property
    def signature(self) -> list[str]:
        """The parameters of the module's functions: typed pointers, inputs first."""
        graph = self._plan.graph
        types = [[C_TYPES[graph.tensors[p.tensor].dtype] for p in ports] for ports in (graph.inputs, graph.outputs)]
        inputs = [f"const {c} *{n}" for c, n in zip(types[0], self.inputs, strict=True)]
        return inputs + [f"{c} *{n}" for c, n in zip(types[1], self.outputs, strict=True)]

    @property
    def instances(self) -> list[Instance]:
        return list(self._instances.values())

    def call(self, step: Step) -> Call:
        invocation = step.invocation
        arrays = [self._pool.add(self._layer_names[step.operator.name], c) for c in invocation.constants]
        inputs = [self._argument(t, invocation) for t in invocation.inputs]
        outputs = [self._argument(t, invocation) for t in invocation.outputs]
        constants = [a.as_bytes if invocation.as_bytes else a.symbol for a in arrays]
        arguments = [*inputs, *constants, *outputs]
        if invocation.scratch_bytes:
            arguments.append(self._arena(f"scratch:{step.operator.name}"))
        if invocation.fast_bytes:
            arguments.append("fast_memory")
        first = self._plan.graph.tensors[invocation.outputs[0]]
        shape = "x".join(map(str, first.shape))
        comment = comment_text(f"{step.operator.name}: {step.operator.kind} -> {shape} ({step.operator.origin})")
        instance = self._instance(step.operator.kind, invocation)
        results = []
        for name in invocation.outputs:
            place = self._pointer(name, "int8_t", const=True)
            results.append(TracedResult(self._results, place, self._plan.graph.tensors[name].size_bytes))
            self._results += 1
        return Call(step, instance, arguments, results, comment, arrays)

    def _argument(self, tensor: str, invocation: Invocation) -> str:
        """A pointer of the type that the kernel takes."""
        c_type = "int8_t" if invocation.as_bytes else C_TYPES[self._plan.graph.tensors[tensor].dtype]
        return self._pointer(tensor, c_type, const=tensor not in invocation.outputs)

    def _pointer(self, tensor: str, c_type: str, *, const: bool) -> str:
        """Where the tensor lies, cast if that is of another type: the arena is int8_t, ports have their own type."""
        place = self._tensor(tensor)
        border = self._plan.storage[tensor].partition(":")[0] in ("input", "output")
        own = C_TYPES[self._plan.graph.tensors[tensor].dtype] if border else "int8_t"
        if own == c_type:
            return place
        qualifier = "const " if const else ""
        return f"({qualifier}{c_type} *)({qualifier}void *)({place})"

    def _tensor(self, tensor: str) -> str:
        return self._buffer(self._plan.storage[tensor])

    def _buffer(self, buffer: str) -> str:
        group, _, index = buffer.partition(":")
        if group == "input":
            return self.inputs[int(index)]
        if group == "output":
            return self.outputs[int(index)]
        if group == "state":
            assert self._plan.state is not None
            return f"{_STATE_ADDRESS}{self._plan.state.offsets[int(index)]}"
        return self._arena(buffer)

    def _arena(self, buffer: str) -> str:
        return f"{_ARENA_ADDRESS}{self._plan.arena.placements[buffer].offset}"

    def _types(self, invocation: Invocation) -> tuple[tuple[str, ...], ...]:
        """C types, ready for a name, of inputs, constants and outputs."""
        tensors = self._plan.graph.tensors

        def pointers(qualifier: str, dtypes: Iterable[str]) -> tuple[str, ...]:
            return tuple(f"{qualifier}{'int8_t' if invocation.as_bytes else C_TYPES[d]} *" for d in dtypes)

        return (
            pointers("const ", (tensors[n].dtype for n in invocation.inputs)),
            pointers("const ", (c.data.dtype.name for c in invocation.constants)),
            pointers("", (tensors[n].dtype for n in invocation.outputs)),
        )

    def _instance(self, kind: str, invocation: Invocation) -> Instance:
        params = tuple((field, _c_value(value)) for field, value in invocation.params.items())
        types = self._types(invocation)
        key = (
            invocation.function,
            params,
            *types,
            invocation.images,
            invocation.scratch_bytes > 0,
            invocation.fast_bytes > 0,
        )
        known = self._instances.get(key)
        if known is None:
            roles = [c_identifier(c.role) for c in invocation.constants]
            inputs = _numbered("input", len(invocation.inputs))
            outputs = _numbered("output", len(invocation.outputs))
            named = zip(types, (inputs, roles, outputs), strict=True)
            parameters = [f"{t}{n}" for group, names in named for t, n in zip(group, names, strict=True)]
            if invocation.images is not None:
                inputs = _stepped(inputs, invocation.images.inputs)
                outputs = _stepped(outputs, invocation.images.outputs)
            arguments = ["&params", *inputs, *roles, *outputs]
            if invocation.scratch_bytes:
                parameters.append("void *scratch")
                arguments.append("scratch")
            if invocation.fast_bytes:
                parameters.append("void *fast")
                arguments.append("fast")
            number = sum(1 for i in self._instances.values() if i.symbol.startswith(f"{kind}_"))
            symbol = f"{kind}_{number}"
            known = Instance(
                symbol,
                invocation.kernel,
                invocation.function,
                invocation.params_type,
                params,
                parameters,
                arguments,
                [(condition, comment_text(message)) for condition, message in invocation.static_asserts],
                invocation.images.count if invocation.images else 1,
                invocation.fallible,
            )
            self._instances[key] = known
        return known


def _numbered(group: str, count: int) -> list[str]:
    return [group] if count == 1 else [f"{group}{i}" for i in range(count)]


def _stepped(names: Sequence[str], elements: Sequence[int]) -> list[str]:
    """Pointers of the image that the loop is at."""
    return [f"{name} + image * {step}" for name, step in zip(names, elements, strict=True)]


def _c_value(value: ParamValue) -> str:
    if isinstance(value, tuple):
        return "{" + ", ".join(_c_value(v) for v in value) + "}"
    return "(-2147483647 - 1)" if value == -(2**31) else str(int(value))
