"""The state of one lowering: which value of the program is which integer tensor, and the constants.

Lowering is driven by the quantize nodes. Each asks for the float value behind it *in its own quantization*; builders
pull their operands, which must themselves be integers (a dequantize of an integer tensor) or constants. A float value
that nothing quantizes is an error: there is no float path.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.fx import GraphModule, Node

from mcugen.errors import InputError, UnsupportedOperatorError
from mcugen.frontend.lowering.arguments import INTEGERS, dtype_of, shape_of, target_name
from mcugen.frontend.lowering.constants import Constants, covering
from mcugen.frontend.lowering.emission import Emission
from mcugen.frontend.lowering.functions import Functions, fixed_range
from mcugen.frontend.lowering.qdq import Affine, is_dequantize, is_quantize, quantization_of
from mcugen.frontend.lowering.row import KEPT, PROBABILITY, Role, Row
from mcugen.frontend.lowering.tables import lost_between
from mcugen.frontend.lowering.truth import truth
from mcugen.frontend.provenance import origin
from mcugen.frontend.refusals import row_missing
from mcugen.graph.graph import Port
from mcugen.graph.ops import Cast, Clamp, Table
from mcugen.graph.ops.elementwise.table import tabulate
from mcugen.graph.quantization import quantize
from mcugen.graph.tensor import DTYPES, MAX_RANK, Quantization

SMALLEST_SCALE = float(np.finfo(np.float32).tiny)

_LIMIT = "limit its input in the model, for example with clamp"


def narrowest(values: Sequence[int]) -> str:
    """The shortest type of plain integers that holds the values."""
    bits = max(v.bit_length() if v >= 0 else (~v).bit_length() for v in values) + 1
    return next(f"int{size}" for size in (8, 16, 32, 64) if bits <= size)


def reach(quantization: Quantization) -> float:
    """The largest magnitude of a real number that there is an integer for."""
    return quantization.scale * max(abs(end - quantization.zero_point) for end in quantization.integer_range)


def widened(quantization: Quantization) -> Quantization:
    """int16 that holds every int8 exactly."""
    return Quantization.per_tensor(quantization.scale, 0, 16)


@dataclass(frozen=True)
class Weights:
    """Constant weights in PyTorch's axis order, symmetric; one scale per tensor or per output channel (axis 0).

    Attributes:
        bits: 8, or 4: the values are within -8..7.
    """

    values: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float64]
    bits: int = 8


@dataclass
class Lowering(Emission):
    """See the module's text.

    Attributes:
        module: the program, parameters as attributes.
        table: operator names to rows.
        may_run: whether an operator may be executed to compute a constant.
        input_names: the model's inputs with their names in the program's signature.
        ports: the graph's inputs so far.
        integers: the tensor of each integer node of the program: quantizes, and what moves their results.
        narrowed: nodes that read int16 as int8.
        lost: by node, what its form in integers loses.
    """

    module: GraphModule
    table: dict[str, Row[Lowering]]
    may_run: Callable[[Node], bool]
    input_names: dict[Node, str] = field(default_factory=dict)
    ports: dict[Node, Port] = field(default_factory=dict)
    integers: dict[Node, str] = field(default_factory=dict)
    narrowed: list[Node] = field(default_factory=list)
    lost: dict[Node, str] = field(default_factory=dict)
    _memo: dict[tuple[Node, Quantization], str] = field(default_factory=dict)
    _bits: dict[Node, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known = Constants(self.module, self.may_run)

    @functools.cached_property
    def functions(self) -> Functions:
        """Which nodes are functions of one tensor; shapes must be known when it is first asked for."""
        return Functions(self.module, self.constant_value, self.table)

    # -- constants ----------------------------------------------------------------------------------------------

    def constant_value(self, value: Any) -> torch.Tensor | None:
        """The tensor a node always has: a parameter, or a computation over parameters alone. None for activations."""
        return self._known.value(value)

    def weights(self, node: Node, user: Node, *, channel_axis: int = 0) -> Weights:
        """The integers behind a weight argument, its axis of output channels moved to the front."""
        movement: list[Node] = []
        source = node
        while not is_dequantize(source):
            row = self.table.get(target_name(source)) if source.op == "call_function" else None
            if row is None or row.role is not Role.TRANSPARENT:
                raise self.unsupported(
                    user,
                    "its weights are not quantized int8 constants",
                    "quantize the weights too (symmetric int8, per tensor or per output channel), or pass the float "
                    "model with --calibration",
                )
            movement.append(source)
            source = source.all_input_nodes[0]
        affine = self.affine(source)
        integers = self.constant_value(source.args[0])
        if integers is None or affine.bits != 8:
            raise self.unsupported(user, "its weights are not int8 constants", "quantize the weights to int8 constants")
        if any(affine.zero_points):
            raise self.unsupported(
                user, "its weights are quantized with a zero point", "quantize weights symmetrically (zero point 0)"
            )
        values = integers.to(torch.int32) + affine.offset
        scales = torch.tensor(affine.scales, dtype=torch.float64)
        if affine.axis is not None:
            scales = scales.reshape([-1 if i == affine.axis else 1 for i in range(values.dim())]).expand(values.shape)
        for step in reversed(movement):
            values = self._replay(step, values)
            scales = self._replay(step, scales) if affine.axis is not None else scales
        values = values.movedim(channel_axis, 0)
        scales = scales.movedim(channel_axis, 0) if affine.axis is not None else scales
        if affine.axis is not None:
            rows = scales.reshape(scales.shape[0], -1)
            if not torch.equal(rows, rows[:, :1].expand_as(rows)):
                raise self.unsupported(
                    user, "its weights are quantized along another axis", "quantize weights per output channel"
                )
            scales = rows[:, 0]
        bits = 4 if affine.low >= -8 and affine.high <= 7 else 8
        return Weights(values.numpy().astype(np.int8), scales.numpy().reshape(-1), bits)

    def _replay(self, node: Node, value: torch.Tensor) -> torch.Tensor:
        source = node.all_input_nodes[0]
        arguments = torch.fx.node.map_arg(node.args, lambda n: value if n is source else self.constant_value(n))
        assert isinstance(node.target, torch._ops.OpOverload)
        result = node.target(*arguments, **node.kwargs)
        assert isinstance(result, torch.Tensor)
        return result

    # -- plain integers -----------------------------------------------------------------------------------------

    def integer(self, value: Any, user: Node) -> str:
        """The tensor of an operand that holds integers or booleans: an input, a constant, or what an operator gives.

        Raises:
            UnsupportedOperatorError: it holds anything else.
        """
        constant = self.constant_value(value)
        if constant is not None:
            if constant.dtype not in INTEGERS:
                raise self.unsupported(user, f"an operand is {constant.dtype}, must be integers", "check the operand")
            name = value.name if isinstance(value, Node) else f"{user.name}_constant"
            return self.constant(name, constant.numpy(), None)
        assert isinstance(value, Node)
        if value not in self.integers and self.functions.source(value) is not None:
            self.integers[value] = self.counted(value)
        if value not in self.integers:
            if value.op != "placeholder" or dtype_of(value) not in INTEGERS:
                raise self.unsupported(user, f"{value.name!r} is {dtype_of(value)}, must be integers", "check its type")
            self.integers[value] = self.input(value, None)
        return self.integers[value]

    # -- activations --------------------------------------------------------------------------------------------

    def row(self, node: Node) -> Row[Lowering]:
        """The table's row of a node.

        Raises:
            UnsupportedOperatorError: there is none.
        """
        row = self.table.get(target_name(node)) if node.op == "call_function" else None
        if row is None:
            raise row_missing(node)
        return row

    def natural(self, node: Node) -> Quantization | None:
        """The quantization a float value already has, because it is a dequantize or only moves such a value."""
        while True:
            if node in self.integers:
                return self.tensors[self.integers[node]].quantization
            if is_dequantize(node):
                tensor = self.integers.get(node.all_input_nodes[0])
                return self.tensors[tensor].quantization if tensor else None
            if node.op == "placeholder" and node in self.ports:
                return self.tensors[self.ports[node].tensor].quantization
            row = self.table.get(target_name(node)) if node.op == "call_function" else None
            moves = row is not None and row.role in (Role.TRANSPARENT, Role.ACTIVATION)
            if not moves or self.functions.source(node) is not None:
                return None
            node = node.all_input_nodes[0]

    def implied(self, node: Node) -> Quantization | None:
        """The quantization of a float value: its natural one, or one that follows from its operator and operands.

        Averages and concatenations of one scale keep that of their inputs, softmax and functions of a known range have
        their own. Quantizers may leave these in float; None where a quantization would need new information.
        """
        if (natural := self.natural(node)) is not None:
            return natural
        if self.functions.source(node) is not None:
            return fixed_range(node, self._bits_of_operands(node))
        row = self.table.get(target_name(node)) if node.op == "call_function" else None
        if row is None:
            return None
        if row.role is Role.PROBABILITY:
            return PROBABILITY[self._bits_of_operands(node)]
        sources = [n for n in node.all_input_nodes if self.constant_value(n) is None]
        if row.role is Role.JOIN:
            found = {self.implied(source) for source in sources}
            return found.pop() if len(found) == 1 else None
        if sources and (row.keeps_range or row.role in (Role.TRANSPARENT, Role.ACTIVATION)):
            return self.implied(sources[0])
        return None

    def asked(self, node: Node) -> Quantization | None:
        """What the first quantize asks for that only moving operators separate from a value."""
        todo = [node]
        for value in todo:
            for user in value.users:
                if is_quantize(user):
                    return self.affine(user).quantization()
                row = self.table.get(target_name(user)) if user.op == "call_function" else None
                if row is not None and row.role is Role.TRANSPARENT:
                    todo.append(user)
        return None

    def operand(self, value: Any, user: Node) -> str:
        """The tensor of a float operand, in the quantization the program gives it.

        Raises:
            UnsupportedOperatorError: the program leaves the operand in float.
        """
        constant = self.constant_value(value)
        if constant is not None:
            return self._quantize_constant(value, constant, user)
        quantization = self.implied(value)
        if quantization is None:
            raise self.not_quantized(value, user)
        if quantization.bits < self._bits.get(user, 8):
            quantization = widened(quantization)
        return self.materialize(value, quantization)

    def _computing_bits(self, node: Node, row: Row[Lowering], out: Quantization) -> int:
        """The type that an operator computes in: int16 where its result or any operand is, whatever the others are.

        Sums and normalizations take int16 operands beside others as they are.
        """
        if row.role not in (Role.COMPUTE, Role.PROBABILITY) or row.makes_wide:
            return 8
        if out.bits == 16:
            return 16
        reads_wide = row.wide is not None and row.wide(node)
        return 8 if reads_wide else self._bits_of_operands(node)

    def _bits_of_operands(self, node: Node) -> int:
        """16 where any operand has so many; states that a layer keeps in numbers of its own do not count."""
        operands = (n for n in node.all_input_nodes if self.constant_value(n) is None and KEPT not in n.meta)
        found = (self.implied(n) for n in operands)
        return 16 if any(q is not None and q.bits == 16 for q in found) else 8

    def compute_in(self, node: Node, bits: int | None = None) -> None:
        """Says in which type a node takes its operands; None: int16 where any of them is, which is for nodes that make
        plain integers."""
        self._bits[node] = self._bits_of_operands(node) if bits is None else bits

    def not_quantized(self, value: Node, user: Node) -> UnsupportedOperatorError:
        if value.op == "placeholder":
            what, node = f"the model input {self.input_names[value]!r} is used in float", user
        else:
            if self.functions.source(value) is None:
                self.row(value)
            what, node = "its result stays in float: no quantize follows it", value
        return self.unsupported(
            node, what, "quantize that value in the PT2E quantizer, or let mcugen do it with --calibration FILE.npz"
        )

    def materialize(self, node: Node, quantization: Quantization) -> str:
        """The tensor of a float value in the quantization asked for; emitted once."""
        key = (node, quantization)
        if key not in self._memo:
            self._memo[key] = self._materialize(node, quantization)
        return self._memo[key]

    def implied_values(self) -> Iterator[tuple[Node, str]]:
        """Nodes with a tensor that no quantize asks for, and that tensor: integers that move or join, and float values
        in a quantization that is their own."""
        yield from ((node, tensor) for node, tensor in self.integers.items() if not is_quantize(node))
        for (node, quantization), tensor in self._memo.items():
            if not is_dequantize(node) and self.implied(node) == quantization:
                yield node, tensor

    def _materialize(self, node: Node, quantization: Quantization) -> str:
        if node in self.integers:
            return self.requantize(node, self.integers[node], quantization)
        if is_dequantize(node):
            source = node.all_input_nodes[0]
            if source not in self.integers:
                raise self.unsupported(
                    node, "it dequantizes a value that is no activation", "quantize activations per tensor"
                )
            return self.requantize(node, self.integers[source], quantization)
        if node.op == "placeholder":
            return self.requantize(node, self.input(node, quantization), quantization)
        if node.op != "call_function":
            raise self.unsupported(node, "it is no operator of the model", "export the model again")
        if self.functions.source(node) is not None:
            return self.function(node, quantization)
        return self.computed(node, self.row(node), quantization)

    def computed(self, node: Node, row: Row[Lowering], quantization: Quantization) -> str:
        """What the row's operators make of a node: in the type of `_computing_bits`, then in the one asked for."""
        self._bits[node] = self._computing_bits(node, row, quantization)
        if self._bits[node] <= quantization.bits:
            return row.build(self, node, quantization)
        finer = Quantization.per_tensor(reach(quantization) / 32767, 0, 16)
        return self.requantize(node, row.build(self, node, finer), quantization)

    def counted(self, node: Node) -> str:
        """Booleans or plain integers made of one real tensor: a comparison with numbers, a conversion, what follows."""
        source, dtype = self.functions.source(node), dtype_of(node)
        x = self.operand(source, node)
        q = self.tensors[x].quantization
        assert q is not None and dtype is not None
        if q.bits == 16:
            whole = self._whole(node, q)
            flags = truth(self, node, x, whole) if np.isin(whole, (0, 1)).all() else None
            if flags is not None and dtype == torch.bool:
                return flags
            if flags is not None:
                return self.emit(Cast, node, (flags,), self.tensors[x].shape, None, dtype=INTEGERS[dtype])
            # There is a table for each of 256 integers.
            self.narrowed.append(node)
            q = Quantization.per_tensor(reach(q) / 127, 0)
            x = self.requantize(node, x, q)
        values = tuple(int(v) for v in self._whole(node, q))
        shape, wanted = self.tensors[x].shape, INTEGERS[dtype]
        # A table of narrow numbers takes less flash.
        stored = wanted if dtype == torch.bool else narrowest(values)
        table = self.emit(Table, node, (x,), shape, None, "" if stored == wanted else "_table", stored, values=values)
        return table if stored == wanted else self.emit(Cast, node, (table,), shape, None, dtype=wanted)

    def _whole(self, node: Node, q: Quantization) -> npt.NDArray[np.float64]:
        """Booleans or plain integers that a node makes of each integer of the quantization."""
        low, high = q.integer_range
        real = (np.arange(low, high + 1, dtype=np.float64) - q.zero_point) * q.scale
        if dtype_of(node) != torch.bool or q.bits == 16:
            # Where a fraction is cut off, or steps are fine, the number that PyTorch has decides.
            real = real.astype(np.float32).astype(np.float64)
        found = self.functions.evaluate(node, real)
        if np.isnan(found).any():
            at = real[np.isnan(found)][0]
            raise self.unsupported(node, f"it has no value at {at:g}, which its input can take", _LIMIT)
        return found

    def function(self, node: Node, quantization: Quantization) -> str:
        """A function of one tensor: a table."""
        source = self.functions.source(node)
        assert source is not None
        self._bits[node] = quantization.bits
        x = self.operand(source, node)
        given = self.tensors[x].quantization
        assert given is not None
        if given.bits > quantization.bits:
            finer = Quantization.per_tensor(reach(quantization) / 32767, 0, 16)
            return self.requantize(node, self.function(node, finer), quantization)
        try:
            values = tabulate(lambda real: self.functions.evaluate(node, real), given, quantization)
        except ValueError as error:
            raise self.unsupported(node, str(error), _LIMIT) from error
        if given.bits == 16 and (lost := lost_between(self.functions, node, given, quantization, values)) is not None:
            self.lost.setdefault(node, lost)
        return self.emit(Table, node, (x,), self.tensors[x].shape, quantization, values=values)

    def moved(self, node: Node, operand: Node, quantization: Quantization) -> str:
        """The operand of a transparent operator: in its own quantization if it has one, else in the result's."""
        constant = self.constant_value(operand)
        if constant is not None:
            return self._quantize_constant(operand, constant, node, quantization)
        return self.materialize(operand, self.natural(operand) or quantization)

    def input(self, node: Node, quantization: Quantization | None) -> str:
        """The tensor of a graph input; the first quantization asked for becomes the port's. None: plain integers."""
        if node not in self.ports:
            shape, name, dtype = shape_of(node), self.input_names[node], dtype_of(node)
            if len(shape) > MAX_RANK or 0 in shape:
                fault = "no elements" if 0 in shape else f"{len(shape)} axes, at most {MAX_RANK} are possible"
                raise InputError(
                    f"the model input {name!r} of shape {shape} has {fault}", hint="export it with another shape"
                )
            plain = INTEGERS[dtype] if quantization is None and dtype is not None else None
            tensor = self.activation(name, shape, quantization, plain)
            self.ports[node] = Port(tensor, name, shape, tuple(range(len(shape))))
        return self.ports[node].tensor

    def kept(self, node: Node, quantization: Quantization) -> str:
        """The tensor of a value that is marked with `row.KEPT`: a result that is lowered already, or an input, which
        gets the quantization given."""
        return self.input(node, quantization) if node.op == "placeholder" else self.integers[node]

    def _quantize_constant(
        self, value: Any, constant: torch.Tensor, user: Node, quantization: Quantization | None = None
    ) -> str:
        """A constant operand in the type that its user computes in: the program's own integers when it has them.

        Others take the quantization given, if there is one, else one that just covers them.
        """
        name = value.name if isinstance(value, Node) else f"{user.name}_constant"
        bits = quantization.bits if quantization is not None else self._bits.get(user, 8)
        if isinstance(value, Node) and is_dequantize(value):
            affine = self.affine(value)
            stored = self.constant_value(value.args[0])
            if stored is not None and affine.axis is None and affine.bits <= bits:
                given = affine.quantization()
                integers = (stored.to(torch.int32) + affine.offset).numpy()
                if given.bits < bits:
                    integers, given = integers - given.zero_point, widened(given)
                return self.constant(name, integers.astype(DTYPES[given.dtype]), given)
        real = constant.double().numpy()
        if not np.isfinite(real).all():
            raise self.unsupported(user, "a constant operand is not finite", "use finite constants")
        if quantization is None:
            quantization = covering(real, bits)
        values = quantize(np.asarray(real, np.float32), quantization, quantization.dtype)
        return self.constant(name, values, quantization)

    def constant_output(self, value: Any) -> str:
        """A constant that the model returns: plain integers as they are, real numbers quantized."""
        constant = self.constant_value(value)
        assert constant is not None
        name = value.name if isinstance(value, Node) else "constant"
        if constant.dtype in INTEGERS:
            return self.constant(name, constant.numpy(), None)
        user = value if isinstance(value, Node) else next(iter(self.module.graph.nodes))
        return self._quantize_constant(value, constant, user)

    # -- quantize nodes -----------------------------------------------------------------------------------------

    def quantize(self, node: Node) -> str:
        """Lowers one quantize node: its float value as an int8 tensor."""
        affine = self.affine(node)
        self.require_activation(node, affine)
        source = node.args[0]
        assert isinstance(source, Node)
        tensor = self.materialize(source, affine.quantization())
        if affine.limits() != affine.quantization().integer_range:
            shape = self.tensors[tensor].shape
            tensor = self.emit(Clamp, node, (tensor,), shape, affine.quantization(), clamp=affine.limits())
        return tensor

    def affine(self, node: Node) -> Affine:
        """The parameters of a quantize or dequantize node."""
        try:
            return quantization_of(node, self.constant_value)
        except ValueError as error:
            raise self.unsupported(
                node, str(error), "use static quantization: calibrate scales and zero points beforehand"
            ) from error

    def require_activation(self, node: Node, affine: Affine) -> None:
        wide = affine.bits == 16 and not any(affine.zero_points)
        if not (affine.bits == 8 or wide) or affine.axis is not None:
            raise self.unsupported(
                node, "activations must be quantized to 8 bits per tensor", "use int8 activations, affine per tensor"
            )
        # In float32, and so is the reciprocal that PyTorch multiplies with.
        if not all(SMALLEST_SCALE <= s <= 1 / SMALLEST_SCALE for s in affine.scales):
            raise InputError(
                f"the quantization scale {affine.scales[0]} is no positive float32 number with a reciprocal",
                where=str(origin(node)),
                hint="calibrate the model before it is converted",
            )
