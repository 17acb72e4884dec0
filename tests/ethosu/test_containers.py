"""Files of compiled networks: every form gives the same network, and a damaged one is refused in words."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcugen.errors import InputError
from mcugen.ethosu.model import Npu, read_network
from mcugen.ethosu.model.containers.payload import read_payload
from mcugen.ethosu.model.network import Copy
from tests.ethosu.assembler import IDENTITY, U55_128, assemble
from tests.ethosu.builder import Model, run_litert
from tests.ethosu.compiler import as_network, compile_by_the_other_core, compile_network, compile_raw
from tests.ethosu.networks import deep_network


def outputs(npu: Npu, inputs: list[np.ndarray]) -> np.ndarray:
    values = {port.name: x.reshape(port.shape) for port, x in zip(npu.inputs, inputs, strict=True)}
    return next(iter(npu.run(values).values())).ravel()


def test_all_forms_give_the_same_outputs(tmp_path: Path) -> None:
    model, inputs = deep_network(3)
    wanted = run_litert(model, inputs)[0].ravel()
    for name, options in {
        "cop1": {},
        "cop2": {"cop": "COP2"},
        "separate": {"cop": "COP2", "extra": "separate_io_regions=true\n"},
    }.items():
        file = tmp_path / f"{name}.tflite"
        file.write_bytes(compile_network(model, "ethos-u65-256", **options))
        npu = Npu(read_network(file))
        assert npu.programs[0].payload.separate_ports == (name == "separate")
        assert np.array_equal(outputs(npu, inputs), wanted), name
    npu = Npu(read_network(compile_raw(model, "ethos-u55-64", tmp_path / "raw")))
    assert [port.dtype for port in (*npu.inputs, *npu.outputs)] == [np.dtype(np.int8)] * (len(inputs) + 1)
    assert np.array_equal(outputs(npu, inputs), wanted)


def test_the_other_core_of_vela(tmp_path: Path) -> None:
    """The compiler core in Python, which Vela still has: other instructions, and arrays of bytes in its raw files."""
    model, inputs = deep_network(3)
    wanted = run_litert(model, inputs)[0].ravel()
    for form in ("raw", "tflite"):
        npu = Npu(read_network(compile_by_the_other_core(model, "ethos-u55-64", tmp_path, form)))
        # Its inputs may come in another order.
        by_shape = {x.shape: x for x in inputs}
        assert np.array_equal(outputs(npu, [by_shape[port.shape] for port in npu.inputs]), wanted), form


def test_unsigned_ports_of_raw_files(tmp_path: Path) -> None:
    """A raw file tells the size of elements alone; the stream tells their type."""
    model = Model()
    x = model.input([1, 3, 4, 5], np.uint8, 0.5, 3)
    y = model.tensor([1, 3, 4, 5], np.uint8, 0.5, 3)
    model.operator("MAX_POOL_2D", [x], [y], table="Pool2DOptions", filterHeight=1, filterWidth=1, strideH=1, strideW=1)
    npu = Npu(read_network(compile_raw(model.finish([y]), "ethos-u55-128", tmp_path / "raw")))
    assert [port.dtype for port in (*npu.inputs, *npu.outputs)] == [np.dtype(np.uint8)] * 2


def test_a_reshape_that_is_left_for_the_cpu() -> None:
    """Vela leaves one where its form is not known on the NPU; it is a copy."""
    model = Model()
    x = model.input([1, 4, 6, 8], np.int8, 0.1, 0)
    middle = model.tensor([1, 4, 6, 8], np.int8, 0.1, 0)
    y = model.tensor([2, 12, 8], np.int8, 0.1, 0)
    options = {"table": "Pool2DOptions", "filterHeight": 2, "filterWidth": 2, "strideH": 1, "strideW": 1}
    model.operator("MAX_POOL_2D", [x], [middle], **options)
    model.operator("RESHAPE", [middle, model.constant([2, 12, 8])], [y], table="ReshapeOptions", newShape=[2, 12, 8])
    content, values = model.finish([y]), np.random.default_rng(0).integers(-128, 128, (1, 4, 6, 8)).astype(np.int8)
    network = as_network(compile_network(content, "ethos-u55-128", extra="disable_feature=Grouping\n"))
    assert all(isinstance(step, Copy) for step in network.steps if step not in network.invocations)
    assert np.array_equal(outputs(Npu(network), [values]), run_litert(content, [values])[0].ravel())


def test_a_network_with_operators_for_the_cpu() -> None:
    model = Model()
    x = model.input([1, 4, 6, 8], np.int8, 0.1, 0)
    middle, y = (model.tensor([1, 4, 6, 8], np.int8, 0.1, 0) for _ in range(2))
    options = {"table": "Pool2DOptions", "filterHeight": 2, "filterWidth": 2, "strideH": 1, "strideW": 1}
    model.operator("MAX_POOL_2D", [x], [middle], **options)
    model.operator("FLOOR_MOD", [middle, x], [y])
    with pytest.raises(
        InputError, match=r"operators for the CPU, which the NPU's model cannot run: .*FLOOR_MOD"
    ) as caught:
        as_network(compile_network(model.finish([y]), "ethos-u55-128", extra=""))
    assert caught.value.exit_code == 2


def test_an_uncompiled_network(tmp_path: Path) -> None:
    file = tmp_path / "plain.tflite"
    file.write_bytes(deep_network(3)[0])
    with pytest.raises(InputError, match="it was not compiled by Vela"):
        read_network(file)


def test_files_that_are_none(tmp_path: Path) -> None:
    for content, words in (
        (b"", "neither a .tflite nor an .npz"),
        (b"hello, world", "neither a .tflite nor an .npz"),
        (b"PK\x03\x04", "is not an .npz"),
        (b"\xff\xff\xff\x7fTFL3", "is damaged: an offset points to byte"),
    ):
        file = tmp_path / "file"
        file.write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_network(file)
        assert words in str(caught.value)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(InputError, match="none of Vela's"):
        read_network(tmp_path / "other.npz")


def _first(*words: int) -> bytes:
    return b"COP1" + struct.pack(f"<{len(words)}I", *words)


STREAM = assemble()
PAYLOADS: dict[str, tuple[Callable[[], bytes], str]] = {
    "an unknown format": (lambda: b"COP9" + bytes(16), "starts with b'COP9'"),
    "half a word": (lambda: _first(1, U55_128, IDENTITY)[:-1], "no whole number of words"),
    "no stream": (lambda: _first(1, U55_128, IDENTITY), "holds no command stream"),
    "no NPU": (lambda: _first(2 | 1 << 16, *STREAM), "names no NPU before its command stream"),
    "an unknown action": (lambda: _first(0x77), "unknown action 119"),
    "a stream cut short": (lambda: _first(1, U55_128, IDENTITY, 2 | 5 << 16, *STREAM), "is cut short"),
    "a configuration cut short": (lambda: _first(1, U55_128), "is cut short"),
    "bytes behind the stream": (lambda: _first(1, U55_128, IDENTITY, 2 | 1 << 16, *STREAM, 0), "4 bytes behind"),
    "a header cut short": (lambda: b"COP2" + bytes(4), "is cut short"),
    "a wrong length": (lambda: b"COP2" + struct.pack("<HHQ", 1, 0, 99), "announces 99 bytes and has 0"),
    "an unknown version": (lambda: b"COP2" + struct.pack("<HHQ", 3, 0, 0), "unknown version 3.0"),
}


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_payloads_that_are_wrong(name: str) -> None:
    make, words = PAYLOADS[name]
    with pytest.raises(InputError) as caught:
        read_payload(make())
    assert words in str(caught.value)


def test_a_payload() -> None:
    payload = read_payload(_first(5, 1, U55_128, IDENTITY, 5, 2 | len(STREAM) << 16, *STREAM))
    assert payload.words == STREAM
    assert str(payload.configuration) == "Ethos-U55-128"
    assert payload.configuration.architecture == (1, 0, 6)
