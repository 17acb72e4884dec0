"""The observers by their names: how the range of an activation is found from what it was on the calibration samples.

| name | range |
| --- | --- |
| minmax | the lowest and the highest value |
| moving-average | PyTorch's: each sample moves either end by a hundredth of the way to its own |
| histogram | PyTorch's: of a histogram's ranges, the one with the least squared error |
| percentile | all but a share of the values at either end |
| mse | of the ranges within the extremes, the one with the least squared error, by a finer histogram |
| tail | the extremes, and room for what samples have not shown |
"""

from __future__ import annotations

from typing import Any

from torchao.quantization.pt2e import HistogramObserver, MinMaxObserver, MovingAverageMinMaxObserver

from mcugen.frontend.quantizer_options import PERCENTILE, Observer
from mcugen.frontend.ranges.distribution import PercentileObserver, SquaredErrorObserver
from mcugen.frontend.ranges.tail import TailObserver

CLASSES: dict[str, type] = {
    "minmax": MinMaxObserver,
    "moving-average": MovingAverageMinMaxObserver,
    "histogram": HistogramObserver,
    PERCENTILE: PercentileObserver,
    "mse": SquaredErrorObserver,
    "tail": TailObserver,
}

_WHOLE = {"minmax", "tail"}


def arguments_of(observer: Observer) -> dict[str, Any]:
    """What its class takes besides what all take."""
    return {"percentile": observer.percentile} if observer.name == PERCENTILE else {}


def cuts(observer: Observer) -> bool:
    """Whether its range may end within the samples' values."""
    return observer.name not in _WHOLE
