"""Firmware that runs without mcugen has no model of an NPU."""

from __future__ import annotations

import pytest

from mcugen import api
from mcugen.errors import InputError
from tests.emit.test_golden import tiny


def test_modules_with_parts_for_an_npu_are_refused() -> None:
    module = api.compile(tiny(), api.Options(board="mps3_corstone300", npu="require"))
    for extras, name in ((api.Extras(renode=True), "--renode"), (api.Extras(mlperf_tiny=True), "--harness")):
        with pytest.raises(InputError, match=rf"^{name} .*layers run on the NPU of mps3_corstone300") as caught:
            api.add_extras(module, extras)
        assert "--npu off" in str(caught.value.hint)
    assert api.add_extras(module, api.Extras()) is module
