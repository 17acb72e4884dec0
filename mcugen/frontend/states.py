"""State: buffers that a program changes, and results that the user ties to inputs, as inputs and results of one step.

A program with state becomes one without: each state is an input (the value before the step) and a result (the value
after it). What quantizes and lowers programs sees nothing else, but for the mark on the input that says which result it
gets. `mcugen.passes.states` ties both together again in the integer graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch._guards import detect_fake_mode
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx import GraphModule, Node

from mcugen.errors import InputError
from mcugen.frontend.functional import aliased, is_view, ordinary_packet
from mcugen.frontend.lowering.arguments import dtype_of, shape_of, target_name
from mcugen.frontend.ranges.observe import STATE as MARK
from mcugen.frontend.ranges.observe import Samples, count, inputs_of, results
from mcugen.frontend.refusals import unsupported
from mcugen.frontend.sequences import Sequences
from mcugen.frontend.signature import PortNames

_GROWTH = 1.1
_FEWEST_STEPS = 16


@dataclass(frozen=True)
class Tie:
    """A state: an input that gets a result of the step before.

    Attributes:
        name: of the input.
        output: of the result.
        initial: the value after a reset, float or plain integers.
        kept: in its layer's own numbers, which hold all it can be; see `mcugen.frontend.carried`.
    """

    name: str
    output: str
    initial: npt.NDArray[np.generic]
    kept: bool = False


def tie_states(module: GraphModule, names: PortNames, wanted: Sequences) -> tuple[PortNames, tuple[Tie, ...]]:
    """Makes inputs and results of the program's buffers with state, and marks all states; changes the program in place.

    Returns:
        The names of all ports, those of buffers behind the others, and the states in the order of their inputs.

    Raises:
        InputError: a tie names no port, or two ports that differ; nothing is left that is given in or out.
        UnsupportedOperatorError: a buffer is changed in a way that has no functional form.
    """
    names, initial = _lift_buffers(module, names)
    ports = dict(zip(names.inputs, _placeholders(module), strict=True))
    for out, into in wanted.ties:
        _mark(module, names, ports, out, into)
        value = torch.zeros(shape_of(ports[into]), dtype=dtype_of(ports[into]))
        initial[ports[into].name] = value
    marked = {name: node for name, node in ports.items() if MARK in node.meta}
    if ports and len(marked) == len(ports):
        raise InputError("every input of the model is a state", hint="leave at least one input that is given each step")
    if marked and len(marked) == len(names.outputs):
        raise InputError("every output of the model goes to a state", hint="return at least one more tensor")
    ties = tuple(
        Tie(name, names.outputs[node.meta[MARK]], initial[node.name].detach().numpy()) for name, node in marked.items()
    )
    return names, ties


def _placeholders(module: GraphModule) -> list[Node]:
    return [node for node in module.graph.nodes if node.op == "placeholder"]


def _end(module: GraphModule) -> Node:
    found: list[Node] = [node for node in module.graph.nodes if node.op == "output"]
    return found[0]


def _results(module: GraphModule) -> list[Any]:
    value = _end(module).args[0]
    return list(value) if isinstance(value, list | tuple) else [value]


# -- what the user ties --------------------------------------------------------------------------------------------


def _mark(module: GraphModule, names: PortNames, ports: Mapping[str, Node], out: str, into: str) -> None:
    where = f"--state {out}={into}"
    for name, known, kind in ((out, names.outputs, "output"), (into, names.inputs, "input")):
        if name not in known:
            raise InputError(f"the model has no {kind} {name!r}", where=where, hint=f"it has {', '.join(known)}")
    position = names.outputs.index(out)
    node, result = ports[into], _results(module)[position]
    if MARK in node.meta or any(n.meta.get(MARK) == position for n in ports.values()):
        raise InputError("an input or output is tied twice", where=where, hint="tie each of them once")
    if not isinstance(result, Node):
        raise InputError(f"output {out!r} is a constant", where=where, hint="tie outputs that the model computes")
    given, kept = (tuple(shape_of(n)) for n in (result, node))
    if given != kept or dtype_of(result) != dtype_of(node):
        raise InputError(
            f"output {out!r} is {_type(result)}{given}, input {into!r} {_type(node)}{kept}: a state is the same tensor "
            "in all steps",
            where=where,
            hint="give both one shape and one type",
        )
    node.meta[MARK] = position


def _type(node: Node) -> str:
    return str(dtype_of(node)).removeprefix("torch.")


# -- buffers -------------------------------------------------------------------------------------------------------


def _lift_buffers(module: GraphModule, names: PortNames) -> tuple[PortNames, dict[str, torch.Tensor]]:
    """Inputs and results for the buffers that are changed; their initial values by placeholder."""
    initial: dict[str, torch.Tensor] = {}
    changed = dict.fromkeys(str(n.args[0].target) for n in module.graph.nodes if _changes_buffer(n))
    if not changed:
        return names, initial
    inputs, outputs = list(names.inputs), list(names.outputs)
    states = {target: _placeholder_for(module, target, _attribute(module, target)) for target in changed}
    last = _follow(module, list(states.values()))
    # The end has been followed as well.
    ends = _results(module)
    for target, state in states.items():
        initial[state.name] = _attribute(module, target)
        state.meta[MARK] = len(ends)
        ends.append(last[state])
        inputs.append(unused_name(target, inputs))
        outputs.append(unused_name(f"{target}_next", outputs))
    _end(module).args = (tuple(ends),)
    module.graph.lint()
    module.recompile()
    return PortNames(tuple(inputs), tuple(outputs)), initial


def _changes_buffer(node: Node) -> bool:
    changed = node.args[0] if node.op == "call_function" and _is_mutable(node) and node.args else None
    return isinstance(changed, Node) and changed.op == "get_attr"


def _attribute(module: GraphModule, target: str) -> torch.Tensor:
    found: Any = module
    for part in target.split("."):
        found = getattr(found, part)
    assert isinstance(found, torch.Tensor)
    return found.detach().clone()


def _placeholder_for(module: GraphModule, target: str, value: torch.Tensor) -> Node:
    """An input in place of every read of the buffer."""
    given = _placeholders(module)
    reads = [n for n in module.graph.nodes if n.op == "get_attr" and str(n.target) == target]
    place = given[-1] if given else next(iter(module.graph.nodes))
    with module.graph.inserting_after(place) if given else module.graph.inserting_before(place):
        state = module.graph.placeholder(f"state_{target.replace('.', '_')}")
    state.target = state.name
    # What quantizes the program takes nothing else for a tensor; all stand-ins of a program are of one mode.
    mode = detect_fake_mode([node.meta.get("val") for node in module.graph.nodes]) or FakeTensorMode()
    state.meta["val"] = mode.from_tensor(value, static_shapes=True)
    for read in reads:
        read.replace_all_uses_with(state)
        module.graph.erase_node(read)
    return state


def _follow(module: GraphModule, states: Sequence[Node]) -> dict[Node, Node]:
    """Turns the in-place operators on buffers into ordinary ones; the buffers' last values.

    In the program's order, since one buffer may take what another holds at that moment.
    """
    current = {state: state for state in states}
    # The buffer itself, and what operators that change it return.
    named = {state: state for state in states}
    order = {node: index for index, node in enumerate(module.graph.nodes)}
    _require_unshared(named, order)

    def value(operand: Node) -> Node:
        return current[named[operand]] if operand in named else operand

    done = []
    for node in order:
        changed = node.args[0] if node.args else None
        node.args = torch.fx.node.map_arg(node.args, value)
        node.kwargs = torch.fx.node.map_arg(node.kwargs, value)
        if isinstance(changed, Node) and changed in named and _is_mutable(node):
            state = named[node] = named[changed]
            current[state] = _functional(node, current[state])
            if current[state] is not node:
                done.append(node)
    for node in reversed(done):
        module.graph.erase_node(node)
    return current


def _require_unshared(named: Mapping[Node, Node], order: Mapping[Node, int]) -> None:
    """Raises UnsupportedOperatorError when a view of a buffer is read after the buffer has changed."""
    owners = dict(named)
    changes: dict[Node, Node] = {}
    views: dict[Node, Node] = {}
    for node in order:
        source = node.args[0] if node.args else None
        for read in node.all_input_nodes:
            last = changes.get(views[read]) if read in views else None
            if last is not None and order[last] > order[read]:
                raise aliased(last, node)
        if isinstance(source, Node) and source in owners and _is_mutable(node):
            owners[node] = owners[source]
            changes[owners[node]] = node
        elif is_view(node):
            found = next((n for n in node.all_input_nodes if n in owners or n in views), None)
            if found is not None:
                views[node] = owners[found] if found in owners else views[found]


def _is_mutable(node: Node) -> bool:
    return isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable


def _functional(node: Node, current: Node) -> Node:
    """What the changed buffer holds after an in-place operator."""
    packet, _, overload = target_name(node).removeprefix("aten.").partition(".")
    if packet == "copy_":
        source = node.args[1]
        if isinstance(source, Node) and shape_of(source) == shape_of(current) and dtype_of(source) == dtype_of(current):
            return source
        raise unsupported(
            node,
            "a state gets a value of another shape or type",
            "give the buffer the shape and type of what is copied into it",
        )
    plain = getattr(ordinary_packet(packet), overload, None)
    if plain is None:
        raise unsupported(node, "it changes the model's state in a way of its own", "use buffer.copy_(new value)")
    node.target = plain
    return node


def unused_name(name: str, taken: Sequence[str]) -> str:
    """The name, numbered where it is taken."""
    return next(n for n in (name, *(f"{name}_{i}" for i in range(1, len(taken) + 2))) if n not in taken)


# -- samples in sequence -------------------------------------------------------------------------------------------


def given_inputs(names: Sequence[str], ties: Sequence[Tie]) -> list[str]:
    """The inputs that are no states."""
    states = {tie.name for tie in ties}
    return [name for name in names if name not in states]


def starts(samples: int, reset_every: int | None) -> Iterator[bool]:
    """For each sample, whether the state is reset before it."""
    return (index == 0 or (reset_every is not None and index % reset_every == 0) for index in range(samples))


def with_states(
    module: GraphModule, names: Mapping[str, str], ties: Sequence[Tie], samples: Samples, reset_every: int | None
) -> Samples:
    """Samples of all inputs, in their order: what the states are before each step, by running the program.

    Args:
        names: of the inputs, by placeholder.
        samples: of the other inputs, by name.

    Raises:
        InputError: a state becomes infinite, or grows from step to step.
    """
    if not ties:
        return samples
    nodes = {names[node.name]: node for node in inputs_of(module)}
    states = {tie.name: np.zeros((count(samples), *tie.initial.shape), tie.initial.dtype) for tie in ties}
    arrays = {node.name: states[name] if name in states else samples[name] for name, node in nodes.items()}
    after = {tie.name: _tensor_position(module, nodes[tie.name].meta[MARK]) for tie in ties}
    current: dict[str, npt.NDArray[np.generic]] = {}
    with torch.no_grad():
        for index, fresh in enumerate(starts(count(samples), reset_every)):
            current = {tie.name: tie.initial for tie in ties} if fresh else current
            for name, value in current.items():
                states[name][index] = value
            found = results(module, arrays, index)
            current = {name: found[position].detach().numpy() for name, position in after.items()}
            for name, value in current.items():
                if not np.isfinite(value).all():
                    raise _unbounded(name, f"it is not finite after step {index}")
    for tie in ties:
        if reset_every is None and not tie.kept and _grows(states[tie.name]):
            raise _unbounded(tie.name, "it grows from step to step over the calibration samples")
    return {name: states[name] if name in states else samples[name] for name in nodes}


def _tensor_position(module: GraphModule, position: int) -> int:
    """Among the results that are not None."""
    return sum(value is not None for value in _results(module)[:position])


def tensor_positions(module: GraphModule) -> set[int]:
    """Of all states, among the results that are not None."""
    return {_tensor_position(module, n.meta[MARK]) for n in _placeholders(module) if MARK in n.meta}


def _grows(values: npt.NDArray[np.generic]) -> bool:
    """Whether each quarter of the steps reaches beyond the one before by a tenth."""
    if len(values) < _FEWEST_STEPS or values.dtype.kind != "f":
        return False
    peaks = [float(np.abs(part).max()) for part in np.array_split(values.reshape(len(values), -1), 4)]
    return all(then > _GROWTH * now > 0 for now, then in pairwise(peaks))


def _unbounded(name: str, why: str) -> InputError:
    return InputError(
        f"the state {name!r} has no scale that holds in all steps: {why}",
        where=f"state {name!r}",
        hint="let it decay or limit it in the model, or say with --reset-every N after how many steps it starts again",
    )
