"""A functional model of Arm's Ethos-U55, U65 and U85: executes the stream that the silicon would, on NumPy arrays.

    npu = Npu(read_network(Path("network_vela.tflite")))
    outputs = npu.run({"input": values})

`docs/ethosu_model.md` explains it. It stands alone: NumPy, and mcugen's guards for files.
"""

from mcugen.ethosu.model.containers import read_network
from mcugen.ethosu.model.errors import HazardError, StreamError, UnknownBehaviourError
from mcugen.ethosu.model.execution import execute
from mcugen.ethosu.model.machine import Npu
from mcugen.ethosu.model.network import Network

__all__ = ["HazardError", "Network", "Npu", "StreamError", "UnknownBehaviourError", "execute", "read_network"]
