"""What PyTorch and torchao say while they work for mcugen."""

from __future__ import annotations

import logging
import warnings

import pytest
import torch
from torchao.quantization.pt2e.quantize_pt2e import prepare_pt2e

from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.quantizer import McuQuantizer
from mcugen.frontend.quantizer_options import Observer
from mcugen.frontend.torch_settings import quiet


def pool_by_keyword() -> torch.fx.GraphModule:
    """A program whose operator has its window as a keyword argument, as an archive may have it."""
    module = torch.export.export(torch.nn.MaxPool2d(2), (torch.zeros(1, 1, 4, 4),)).module()
    (node,) = (n for n in module.graph.nodes if n.op == "call_function" and "max_pool2d" in str(n.target))
    (image, size, stride) = node.args
    node.args, node.kwargs = (image,), {"kernel_size": size, "stride": stride}
    module.recompile()
    return module


@pytest.mark.parametrize("silent", [True, False])
def test_nothing_is_printed(silent: bool, capsys: pytest.CaptureFixture[str]) -> None:
    module = pool_by_keyword()
    quantizer = McuQuantizer(Lowering(module, ROWS, lambda node: False).constant_value, Observer("minmax"))
    if silent:
        with quiet():
            prepare_pt2e(module, quantizer)
            logging.getLogger("torch").warning("a remark")
            warnings.warn("another", stacklevel=1)
        assert capsys.readouterr() == ("", "")
    else:  # Or the case above would show nothing.
        prepare_pt2e(module, quantizer)
        assert "int" in capsys.readouterr().out
