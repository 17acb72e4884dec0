"""What is damaged, how, and what reads it: one row for each kind of file."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.fuzz import mutations as m
from tests.fuzz.tables import damage_tables

SAMPLES = {"image": (3, 2, 5, 5)}
_WORDS = re.compile(rb"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        file: what the damaged one is called, below the folder where the good one was made.
        good: undamaged ones, made in a folder that stays.
        damage: a damaged copy.
        read: what mcugen does with it, in this process.
        command: the same by the console script.
    """

    file: str
    good: Callable[[Path], tuple[bytes, ...]]
    damage: Callable[[random.Random, bytes], bytes]
    read: Callable[[Path], object]
    command: Callable[[Path], list[str]]


# -- models ------------------------------------------------------------------------------------------------------------


def _good_models(folder: Path) -> tuple[bytes, ...]:
    """Mostly a program that is quantized already, which is lowered at once; and a float one."""
    # Here alone: processes for files that are read without PyTorch do not wait for it, nor have its memory.
    import torch
    from torch.export import export, save

    from tests.frontend.archives import small_archive
    from tests.frontend.programs import post_training, seeded
    from tests.fuzz.network import SHAPE, Network

    quantized = io.BytesIO()
    save(export(post_training(seeded(Network()), SHAPE), (torch.zeros(SHAPE),)), quantized)
    return (*[quantized.getvalue()] * 7, small_archive(folder).read_bytes())


def _damaged_program(rng: random.Random, name: str, content: bytes) -> bytes:
    return m.damage_json(rng, content) if name.endswith(".json") else m.damage_bytes(rng, content)


def _damage_model(rng: random.Random, data: bytes) -> bytes:
    action = rng.randrange(10)
    if action == 0:
        return m.damage_bytes(rng, data)
    if action == 1:
        return m.damage_zip(rng, data)
    if action <= 3:
        return m.rezip(rng, data, _damaged_program)
    return m.rezip(rng, data, _damaged_program, names=lambda name: name.endswith("/model.json") or "/models/" in name)


def _read_model(path: Path) -> object:
    from mcugen import api

    return api.compile(path, api.Options(board="nrf5340dk", calibration="random"))


# -- LiteRT files ------------------------------------------------------------------------------------------------------


def _good_tables(folder: Path) -> tuple[bytes, ...]:
    """One of each operator, some with buffers behind the flatbuffer, and some of a command stream."""
    from tests.ethosu.precompiled.files import ByHand
    from tests.frontend.litert.cases import CASES
    from tests.frontend.litert.files import with_buffers_outside

    files = [make(np.random.default_rng(1))[0] for make in CASES.values()]
    outside = [with_buffers_outside(files[k]) for k in range(0, len(files), 4)]
    return (*files, *outside, *[ByHand().file()] * 5)


# -- arrays ------------------------------------------------------------------------------------------------------------


def _good_arrays(folder: Path) -> tuple[bytes, ...]:
    rng = np.random.default_rng(0)
    arrays = {name: rng.random(shape, np.float32) for name, shape in SAMPLES.items()}
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type]
    return (out.getvalue(),)


def _damage_arrays(rng: random.Random, data: bytes) -> bytes:
    action = rng.randrange(4)
    if action == 0:
        return m.damage_bytes(rng, data)
    return m.damage_zip(rng, data) if action == 1 else m.rezip(rng, data, m.damage_npy)


def _read_arrays(path: Path) -> object:
    from mcugen.frontend import calibration

    return calibration.load(path, [calibration.InputSpec(name, (1, *s[1:])) for name, s in SAMPLES.items()])


# -- boards ------------------------------------------------------------------------------------------------------------


def _good_boards(folder: Path) -> tuple[bytes, ...]:
    from mcugen.resources import data_folder

    return tuple((data_folder("boards") / f"{name}.yml").read_bytes() for name in ("nrf5340dk", "stm32f4_disco"))


def _damage_board(rng: random.Random, data: bytes) -> bytes:
    if rng.random() < 0.3:
        return m.damage_bytes(rng, data)
    lines = data.split(b"\n")
    for _ in range(rng.choice((1, 1, 2, 4))):
        number = rng.randrange(len(lines))
        key, colon, _ = lines[number].partition(b":")
        value = str(rng.choice((*m.HOSTILE_VALUES, *m.HOSTILE_TEXT))).encode()
        action = rng.randrange(5)
        if action <= 1 and colon:
            lines[number] = key + b": " + value
        elif action == 2:
            lines[number] = _WORDS.sub(value.replace(b"\\", b"\\\\"), lines[number], count=1)
        elif action == 3:
            lines.insert(number, rng.choice(lines))
        else:
            lines[number] = rng.choice((b"", b"  " + lines[number], lines[number].lstrip()))
    return b"\n".join(lines)


def _read_board(path: Path) -> object:
    from mcugen import api
    from tests.emit.test_golden import tiny

    return api.compile(tiny(), api.Options(board=str(path)))


# -- projects ----------------------------------------------------------------------------------------------------------


def _good_projects(folder: Path) -> tuple[bytes, ...]:
    from tests.project.test_project_file import FULL

    return (FULL.encode(), b"models: [a/kws.pt2, b.pt2]\nboards:\n- nrf5340dk\n- microbit\nbudgets:\n  ram: 64K\n")


def _read_project(path: Path) -> object:
    from mcugen.project.entries import load_project

    return load_project(path).entries


# -- emitted modules ---------------------------------------------------------------------------------------------------


def _good_manifests(folder: Path) -> tuple[bytes, ...]:
    from mcugen import api
    from tests.emit.test_golden import tiny

    module = api.compile(tiny(), api.Options(board="nrf5340dk"))
    module.write(folder / "module")
    return ((folder / "module" / "mcugen.json").read_bytes(),)


def _good_vectors(folder: Path) -> tuple[bytes, ...]:
    _good_manifests(folder)
    return tuple((folder / "module" / "vectors" / f"{name}.npz").read_bytes() for name in ("inputs", "layers"))


def _read_module(folder: Path) -> object:
    """What `verify --allow-edited` does before it compiles."""
    from mcugen.emit.opened import open_module
    from mcugen.emit.vectors import check_vectors, load_vectors
    from mcugen.firmware.build import render_glue

    manifest = open_module(folder, allow_edited=True).manifest
    vectors = load_vectors(folder)
    check_vectors(vectors, manifest)
    return vectors, manifest.target, render_glue(manifest, "measure"), manifest.compiler_optimization


KINDS: dict[str, Kind] = {
    "model": Kind(
        "damaged.pt2",
        _good_models,
        _damage_model,
        _read_model,
        lambda path: ["emit", str(path), "--board", "nrf5340dk", "--calibration", "random"],
    ),
    "litert": Kind(
        "damaged.tflite",
        _good_tables,
        damage_tables,
        _read_model,
        lambda path: ["emit", str(path), "--board", "nrf5340dk"],
    ),
    "arrays": Kind(
        "damaged.npz",
        _good_arrays,
        _damage_arrays,
        _read_arrays,
        lambda path: ["emit", str(path.parent / "small.pt2"), "--board", "nrf5340dk", "--calibration", str(path)],
    ),
    "board": Kind(
        "damaged.yml",
        _good_boards,
        _damage_board,
        _read_board,
        lambda path: ["emit", str(path.parent / "small.pt2"), "--board", str(path), "--calibration", "random"],
    ),
    "project": Kind(
        "mcugen.yml",
        _good_projects,
        _damage_board,
        _read_project,
        lambda path: ["verify", "--project", str(path), "--model", "none of them"],
    ),
    "manifest": Kind(
        "module/mcugen.json",
        _good_manifests,
        m.damage_json,
        lambda path: _read_module(path.parent),
        lambda path: ["verify", str(path.parent), "--json"],
    ),
    "vectors": Kind(
        "module/vectors/inputs.npz",
        _good_vectors,
        _damage_arrays,
        lambda path: _read_module(path.parents[1]),
        lambda path: ["verify", str(path.parents[1]), "--json", "--allow-edited"],
    ),
}
