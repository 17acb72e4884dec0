"""Graph -> Graph: what the NPU can do faster becomes `EthosU` operators, the rest stays as it is."""

from mcugen.ethosu.partition.mode import MODES, Mode, npu_mode
from mcugen.ethosu.partition.report import OnCpu, Part, Partition
from mcugen.ethosu.partition.stage import partition

__all__ = ["MODES", "Mode", "OnCpu", "Part", "Partition", "npu_mode", "partition"]
