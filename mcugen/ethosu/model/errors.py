"""What is wrong with a stream, and where: the command, and its place in the command stream."""

from __future__ import annotations

from mcugen.errors import InputError
from mcugen.ethosu.model.stream import Command

_HINT = "compile the network again with Vela; if that does not help, report the stream"


class StreamError(InputError):
    """A command asks for what the NPU or its memory does not have. Exit code 2.

    Attributes:
        command: the one at fault.
    """

    def __init__(self, what: str, command: Command, *, hint: str = _HINT) -> None:
        super().__init__(what, where=command.place(), hint=hint)
        self.command = command


class AccessError(StreamError):
    """A command accesses memory that is not there, or writes to constants.

    Attributes:
        region: number of the region; -1: SHRAM.
        target: what it accesses, such as "weights" or "OFM".
    """

    def __init__(self, what: str, command: Command, region: int, target: str) -> None:
        super().__init__(what, command)
        self.region, self.target = region, target


class WeightError(StreamError):
    """A stream of weights is damaged."""


class UnknownBehaviourError(StreamError):
    """A command is valid, but what the silicon does with it is not documented, so the model refuses to guess."""

    def __init__(self, what: str, command: Command) -> None:
        super().__init__(
            f"{what}: the model does not know what the NPU does",
            command,
            hint="`mcugen docs ethosu_model` lists what is known; report the stream if Vela wrote it",
        )


class HazardError(StreamError):
    """A command touches data that a DMA transfer or another operation may still be working on."""

    def __init__(self, what: str, command: Command, *, hint: str = "") -> None:
        wait = "a wait is missing before it: NPU_OP_DMA_WAIT or NPU_OP_KERNEL_WAIT"
        super().__init__(what, command, hint=hint or wait)
