"""The model's end of an NPU that an emulator has among its peripherals (`renode/scripts/mcugen_npu.cs`).

The peripheral has the registers, the memory and the interrupt; it hands each job over a local socket to a process with
the functional model, which reads and writes the emulated memory by messages.
"""

from mcugen.ethosu.peripheral.connection import ConnectionLost, Message, Outcome, Peer
from mcugen.ethosu.peripheral.server import Server
from mcugen.ethosu.peripheral.stream_job import StreamJobs

__all__ = ["ConnectionLost", "Message", "Outcome", "Peer", "Server", "StreamJobs"]
