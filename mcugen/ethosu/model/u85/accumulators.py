"""What a U85's accumulators start from: ACC_FORMAT."""

from __future__ import annotations

from mcugen.ethosu.model.arithmetic import Integers
from mcugen.ethosu.model.feature_map import Shape
from mcugen.ethosu.model.operations.operation import Operation
from mcugen.ethosu.model.u85.maps import Source
from mcugen.ethosu.model.u85.output import accumulator_limit, check_accumulator


class Accumulators:
    """They start from zero, or from the second feature map."""

    def __init__(self, operation: Operation, shape: Shape, *, takes_second: bool = True) -> None:
        self._operation = operation
        start = operation.registers.choice("ACC_FORMAT", "acc_input")
        self.limit = accumulator_limit(operation)
        if operation.registers.choice("ACC_FORMAT", "acc_output") == "DISABLE" or start == "KEEP":
            raise operation.registers.unknown("accumulators that stay for the next operation were not seen yet")
        if start == "IFM2" and not takes_second:
            raise operation.registers.unknown("accumulators from the feature map that holds weights")
        self.second = Source(operation, "IFM2", shape) if start == "IFM2" else None

    def take(self, sums: Integers) -> Integers:
        """The sums with what was there before."""
        if self.second is not None:
            sums = sums + self.second.read()
        check_accumulator(self._operation, sums, self.limit)
        return sums
