"""The NPU of a board in Renode: a peripheral of the project's, which the functional model in this process serves.

Bare-metal firmware hands over whole jobs, as in QEMU; a Zephyr image has a driver, which writes the registers.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from mcugen.boards.board import Memory, Npu
from mcugen.emulate.npu import EmulatedNpu, refusal
from mcugen.errors import CheckFailedError, InputError
from mcugen.ethosu.model.configuration import named
from mcugen.ethosu.peripheral import Message, Outcome, Peer, Server, StreamJobs
from mcugen.ethosu.peripheral.connection import JOB
from mcugen.firmware.build import Firmware
from mcugen.resources import data_folder

SOURCE = "mcugen_npu.resc"
"""In the data folder `renode/scripts`; what Renode includes before the platform."""
_INCLUDED = ("mcugen_npu.cs", "mcugen_npu_parts.cs")
PERIPHERAL = "sysbus.npu"
_SOCKET = "npu"


def describe_npu(npu: Npu, accelerator: str, socket: str, memories: Sequence[Memory] = ()) -> str:
    """The NPU for a platform description (.repl), beside the core's `nvic`.

    Args:
        accelerator: which of the board's.
        socket: path of the model's.
        memories: of the board; a driver's job may not lie in tightly coupled ones, which no NPU reaches.
    """
    coupled = ", ".join(f"{m.start:#x}+{m.size:#x}" for m in memories if m.kind == "tcm")
    return (
        f"\nnpu: NPU.EthosU @ sysbus {npu.address:#x}\n"
        f'    accelerator: "{accelerator}"\n'
        f"    frequency: {npu.clock_hz}\n"
        f'    server: "{socket}"\n'
        f'    outOfReach: "{coupled}"\n'
        f"    IRQ -> nvic@{npu.interrupt}\n"
    )


class RenodeNpu:
    """The model for one run of firmware; its server is up as long as its `with` block runs.

    Attributes:
        source: what Renode includes, in the folder.
        description: what the platform description needs besides.
    """

    def __init__(self, folder: Path, firmware: Firmware, npu: Npu, accelerator: str) -> None:
        """Raises InputError when the model does not execute the accelerator's streams."""
        named(accelerator)
        self.source = folder / SOURCE
        self.description = describe_npu(npu, accelerator, str(folder / _SOCKET), firmware.board.memories)
        for name in (SOURCE, *_INCLUDED):
            shutil.copyfile(data_folder("renode") / "scripts" / name, folder / name)
        self._jobs = EmulatedNpu((firmware.machine.code, firmware.machine.data))
        self._refused: list[InputError] = []
        self._streams = StreamJobs(self._refused.append)
        self._server = Server(folder / _SOCKET, self._run)

    def __enter__(self) -> RenodeNpu:
        self._server.__enter__()
        return self

    def __exit__(self, *how: object) -> None:
        self._server.__exit__(None, None, None)

    def check(self) -> None:
        """To be called when the firmware has failed: raises what the model had against its jobs, if anything.

        Raises:
            CheckFailedError: the model refuses a job.
        """
        if self._server.failure is not None:
            raise self._server.failure
        if self._refused:
            raise refusal(self._refused[0])

    def _run(self, peer: Peer, message: Message) -> Outcome:
        if message.kind != JOB:
            return self._streams.handle(peer, message)
        self._jobs.run(peer.read, peer.write, message.value)
        return Outcome()


def renode_npu(folder: Path, firmware: Firmware) -> RenodeNpu | None:
    """The NPU that firmware needs beside its core; None: it runs on the core alone."""
    entry, npu = firmware.manifest.npu, firmware.board.npu
    if entry is None or not entry.parts:
        return None
    if npu is None:
        raise CheckFailedError(f"the module has parts for an NPU, and {firmware.board.name} has none")
    return RenodeNpu(folder, firmware, npu, entry.accelerator)
