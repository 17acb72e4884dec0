"""Quantized programs for tests, and the comparison of PyTorch's integers with the reference's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.export import ExportedProgram
from torch.fx import GraphModule, Node
from torch.utils._pytree import tree_leaves

from mcugen.frontend import import_program
from mcugen.frontend.importer import inputs_of, lower
from mcugen.frontend.lowering.qdq import is_quantize
from mcugen.frontend.quantize import quantize
from mcugen.frontend.quantizer_options import PLAIN, QuantizerOptions
from mcugen.frontend.signature import port_names
from mcugen.frontend.torch_settings import quiet
from mcugen.graph import reference
from mcugen.graph.graph import Graph
from mcugen.graph.ops import Operator, Transpose
from mcugen.graph.tensor import DTYPES, IntArray, Tensor


def seeded(model: nn.Module, seed: int = 0) -> nn.Module:
    """Random parameters and batch-norm statistics; evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if not tensor.is_floating_point():
                continue
            noise = torch.randn(tensor.shape, generator=generator)
            if name.endswith("running_var"):
                tensor.copy_(noise.abs() + 0.3)
            elif tensor.dim() > 1:
                tensor.copy_(noise / tensor[0].numel() ** 0.5)
            else:
                tensor.copy_(0.3 * noise + (1.0 if "weight" in name else 0.0))
    return model.eval()


def samples(shape: tuple[int, ...], count: int = 4, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((count, *shape)).astype(np.float32)


def export(model: nn.Module, *shapes: tuple[int, ...]) -> ExportedProgram:
    with torch.no_grad():
        return torch.export.export(model, tuple(torch.zeros(shape) for shape in shapes))


def post_training(
    model: nn.Module, *shapes: tuple[int, ...], options: QuantizerOptions = PLAIN, decomposed: bool = False
) -> GraphModule:
    """Quantized by mcugen's own quantizer; `decomposed`: after `run_decompositions()`."""
    program = export(model, *shapes)
    module = (program.run_decompositions() if decomposed else program).module(check_guards=False)
    data = {spec.name: samples(spec.shape, seed=i) for i, spec in enumerate(inputs_of(module))}
    return quantize(module, data, options=options)


def with_quantizer(
    model: nn.Module, quantizer: Any, *shapes: tuple[int, ...], training: bool = False, fold: bool = True
) -> GraphModule:
    """Quantized by another quantizer, after training with fake quantization when `training`."""
    from torchao.quantization.pt2e import move_exported_model_to_eval
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e, prepare_qat_pt2e

    inputs = [torch.from_numpy(samples(shape, seed=i)) for i, shape in enumerate(shapes)]
    with quiet():
        module = export(model.train() if training else model, *shapes).module()
        prepared = (prepare_qat_pt2e if training else prepare_pt2e)(module, quantizer)
        if training:
            optimizer = torch.optim.SGD(prepared.parameters(), lr=1e-3)
        for step in zip(*inputs, strict=True):
            result = prepared(*step)
            if training:
                optimizer.zero_grad()
                result.square().mean().backward()
                optimizer.step()
        if training:
            move_exported_model_to_eval(prepared)
        return convert_pt2e(prepared, fold_quantize=fold)


@dataclass(frozen=True)
class Difference:
    """Worst difference in output steps, layer by layer with PyTorch's own inputs, and from end to end."""

    layer: int
    output: int
    where: str
    graph: Graph


class _Integers(torch.fx.Interpreter):
    """Runs a program and keeps every integer activation; uint8 ones, which only quantizers make, as int8."""

    def __init__(self, module: GraphModule) -> None:
        super().__init__(module)
        self.integers: dict[Node, IntArray] = {}

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        if isinstance(result, torch.Tensor) and not result.is_floating_point():
            unsigned = result.dtype is torch.uint8
            self.integers[n] = ((result.to(torch.int16) - 128).to(torch.int8) if unsigned else result).numpy()
        return result


def compare(module: GraphModule, *shapes: tuple[int, ...], count: int = 3) -> Difference:
    """As `compare_on`, with normally distributed inputs."""
    inputs = [torch.from_numpy(samples(shape, count, seed=50 + i)) for i, shape in enumerate(shapes)]
    return compare_on(module, list(zip(*inputs, strict=True)))


def compare_on(module: GraphModule, inputs: Sequence[Sequence[torch.Tensor]]) -> Difference:
    """PyTorch's integers against the reference's, for the graph as lowered and as optimized.

    Args:
        module: a quantized program.
        inputs: the program's inputs, for each sample.
    """
    program = torch.export.export(module, tuple(torch.zeros_like(value) for value in inputs[0]))
    graph = import_program(program, "net")
    again = program.module(check_guards=False)
    context, outputs = lower(again, port_names(program).inputs)
    worst, where, end = 0, "", 0
    for sample in inputs:
        interpreter = _Integers(again)
        with torch.no_grad():
            wanted = interpreter.run(*sample, enable_io_processing=False)
        expected = {context.integers[n]: v for n, v in interpreter.integers.items() if n in context.integers}
        given = {node: _quantized_input(node, interpreter.integers) for node in context.ports}
        values = {port.tensor: given[node] for node, port in context.ports.items()}
        model_inputs = {port.name: given[node][None] for node, port in context.ports.items()}
        for op in context.operators:
            difference = _step(context.tensors, op, values, expected)
            if difference > worst:
                worst, where = difference, f"{op.kind} {op.name} at {op.origin}"
        unused = {p.name: np.zeros((1, *p.shape), DTYPES[graph.tensor(p.tensor).dtype]) for p in graph.inputs}
        results = reference.run_model_layout(graph, unused | model_inputs)
        tensors = [value for value in tree_leaves(wanted) if value is not None]
        for port, name, value in zip(graph.outputs, outputs, tensors, strict=True):
            integers = _as_integers(torch.as_tensor(value), context.tensors[name])
            end = max(end, _distance(results[port.name].reshape(integers.shape), integers))
    return Difference(worst, end, where, graph)


def _quantized_input(node: Node, integers: dict[Node, IntArray]) -> IntArray:
    """A model input as the integers of the first quantize that reads it; plain integers as they are."""
    return next(integers[n] for n in (node, *node.users) if n in integers and (n is node or is_quantize(n)))


def _as_integers(value: torch.Tensor, tensor: Tensor) -> IntArray:
    """A result of PyTorch's as its integers on the device."""
    if not value.is_floating_point():
        return (value.to(torch.int16) - 128).numpy() if value.dtype is torch.uint8 else value.numpy()
    steps = np.rint(value.double().numpy() / tensor.scale) + tensor.zero_point
    return np.clip(steps, *tensor.integer_range).astype(DTYPES[tensor.dtype])


def _step(tensors: Any, op: Operator, values: dict[str, IntArray], expected: dict[str, IntArray]) -> int:
    """Runs one operator on PyTorch's integers; later operators then see PyTorch's result."""
    ins, outs = [tensors[n] for n in op.inputs], [tensors[n] for n in op.outputs]
    data = [t.data if t.data is not None else values[t.name] for t in ins]
    (result,) = op.reference(data, ins, outs)
    name = op.outputs[0]
    values[name] = expected.get(name, result)
    return _distance(result, values[name])


def _distance(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(np.int64) - b.astype(np.int64)).max(initial=0))


def transposes(graph: Graph) -> list[str]:
    return [op.name for op in graph.operators if isinstance(op, Transpose)]


def kinds(graph: Graph) -> list[str]:
    return [op.kind for op in graph.operators if op.kind != "reshape"]


Build = Callable[[], nn.Module]
