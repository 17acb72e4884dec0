"""Variables: VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, and CALL_ONCE, whose subgraph sets them.

Source: TensorFlow Lite Micro's `micro_resource_variable.cc`: a variable is bytes under a name; CALL_ONCE runs its
subgraph in the first inference; what nothing has set is the zero point of what is assigned first.
"""

from __future__ import annotations

from dataclasses import replace

from mcugen.frontend.litert.held import Held, Variable, resting
from mcugen.frontend.litert.model import FileOperator, Subgraph
from mcugen.frontend.litert.network import Network
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.graph import Graph
from mcugen.graph.reference import run
from mcugen.graph.tensor import IntArray, Tensor


def _name(op: FileOperator) -> str:
    """Of the variable that a VAR_HANDLE refers to."""
    options = op.options("VarHandleOptions")
    container, name = options.text("container"), options.text("shared_name")
    return "/".join(part for part in (container, name) if part) or "variable"


def _handle(step: Step) -> None:
    held, name = step.network.held, _name(step.op)
    held.handles[step.result().index] = held.shared.setdefault(name, Variable(name))


def _variable(step: Step) -> Variable:
    given = step.given(0)
    if given.index not in step.network.held.handles:
        step.fail(f"has {given}, which no VAR_HANDLE has made")
    return step.network.held.handles[given.index]


def _read(step: Step) -> None:
    variable, network, out = _variable(step), step.network, step.result()
    if out.index in network.values:
        step.fail(f"writes {out}, which has a value already")
    found = variable.current or variable.before or _first_read(step, variable)
    wanted = (out.shape, network.dtype(out), network.quantization(out))
    if (found.shape, found.dtype, found.quantization) != wanted:
        step.fail(f"reads {variable.name!r} as {wanted}, it is {(found.shape, found.dtype, found.quantization)}")
    network.values[out.index] = found


def _first_read(step: Step, variable: Variable) -> Tensor:
    """What a variable holds where the inference has not assigned it yet."""
    network, out = step.network, step.result()
    assigned = not network.held.once and _is_assigned(step, variable)
    if variable.initial is None and not assigned:
        step.fail(f"reads {variable.name!r}, which nothing sets")
    if not assigned:
        values = variable.initial
        assert values is not None
        return network.add(out.name, values.shape, network.dtype(out), network.quantization(out), values)
    variable.before = network.activation(out)
    if variable.initial is None:
        variable.initial = resting(variable.before)
    if (variable.initial.shape, variable.initial.dtype.name) != (out.shape, variable.before.dtype):
        step.fail(f"reads {variable.name!r} as another type than it is set to")
    return variable.before


def _is_assigned(step: Step, variable: Variable) -> bool:
    """Whether an operator of this inference assigns it."""
    operators = step.network.subgraph.operators
    handles = {
        op.outputs[0] for op in operators if op.builtin == "VAR_HANDLE" and op.outputs and _name(op) == variable.name
    }
    return any(op.builtin == "ASSIGN_VARIABLE" and op.inputs and op.inputs[0] in handles for op in operators)


def _assign(step: Step) -> None:
    _variable(step).current = step.x(1)


def _call_once(step: Step) -> None:
    """Its subgraph runs here and now, on the integers of its constants."""
    network, shared = step.network, step.network.held.shared
    subgraphs, index = network.model.subgraphs, step.option("CallOnceOptions", "init_subgraph_index")
    if network.held.once:
        step.fail("stands in a subgraph that is called itself")
    if not 0 < index < len(subgraphs):
        step.fail(f"calls subgraph {index} of {len(subgraphs)}")
    if subgraphs[index].inputs:
        step.fail(f"calls subgraph {index}, which has inputs")
    for name, values in _run(network, subgraphs[index]).items():
        variable = shared.setdefault(name, Variable(name))
        if variable.before is not None or variable.current is not None:
            step.fail(f"sets {name!r} behind operators that use it", "put CALL_ONCE first")
        variable.initial = values


def _run(network: Network, subgraph: Subgraph) -> dict[str, IntArray]:
    """What the variables that a subgraph assigns hold behind it, by name."""
    inner = replace(
        network,
        subgraph=subgraph,
        tensors={},
        operators=[],
        values={},
        reals={},
        operator_names=set(),
        held=Held(once=True),
    )
    inner.interpret(inner)
    graph = Graph(subgraph.name, inner.tensors, tuple(inner.operators), (), ())
    values = run(graph, {})
    found = {}
    for name, variable in inner.held.shared.items():
        if variable.current is not None:
            tensor = variable.current
            found[name] = values[tensor.name] if tensor.data is None else tensor.data
    return found


ROWS: dict[str, Row] = {
    "ASSIGN_VARIABLE": _assign,
    "CALL_ONCE": _call_once,
    "READ_VARIABLE": _read,
    "VAR_HANDLE": _handle,
}
