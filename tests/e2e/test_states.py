"""A model with state by the commands: emit, verify and run, with resets; one of them in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mcugen.frontend import compile_program
from mcugen.graph import reference
from mcugen.graph.quantization import quantize
from tests.e2e.test_examples import Command
from tests.frontend.test_states import CHANNELS, STEP, Stream, noise

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize("board", ["nrf5340dk", pytest.param("mps2_an385", marks=pytest.mark.slow)])
def test_steps_of_a_stream(mcugen: Command, command: Command, tmp_path: Path, board: str) -> None:
    samples = noise(7, CHANNELS, STEP)
    program = torch.export.export(Stream("copy").eval(), (torch.zeros(1, CHANNELS, STEP),))
    torch.export.save(program, tmp_path / "stream.pt2")
    np.savez(tmp_path / "x.npz", x=samples)
    module = tmp_path / "module"
    options = ("--board", board, "--calibration", tmp_path / "x.npz", "--output", module)
    done = command("emit", tmp_path / "stream.pt2", *options)
    assert done.code == 0, done.err
    manifest = json.loads((module / "mcugen.json").read_text())
    assert [state["name"] for state in manifest["states"]] == ["h"]
    done = command("verify", module, "--json")
    assert done.code == 0, done.err
    verdict = json.loads(done.out)
    assert verdict["match"] and verdict["state_bytes"] == 12
    assert verdict["ram_bytes"] == verdict["arena_bytes"] + verdict["state_bytes"]
    done = command("verify", module, "--reset-every", "3", "--json")
    assert done.code == 0 and done.json["match"] is True, done.err

    graph = compile_program(program, "stream", tmp_path / "x.npz")
    (port,), (out,) = graph.inputs, graph.outputs
    integers = {port.name: quantize(samples, graph.tensor(port.tensor).quantization, "int8")}
    for call, reset_every, resets in ((command, None, ()), (mcugen, 3, ("--reset-every", "3"))):
        done = call("run", module, "--inputs", tmp_path / "x.npz", "--outputs", tmp_path / "y.npz", *resets)
        assert done.code == 0, done.err
        with np.load(tmp_path / "y.npz") as got:
            wanted = reference.run_model_layout(graph, integers, reset_every)[out.name]
            assert np.array_equal(got[out.name], wanted)
