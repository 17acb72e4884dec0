"""What holds for every kind of package: the same bytes each time, licence and README, and what cannot be is told."""

from __future__ import annotations

import dataclasses
import importlib.util
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import torch

from mcugen import api
from mcugen.commands.options import PackageKind
from mcugen.emit.output import edited_files, listed_files
from mcugen.errors import InputError
from mcugen.package.archive import zip_archive
from mcugen.package.make import KINDS
from mcugen.package.move import move
from mcugen.package.subject import Publisher
from tests.emit.test_golden import tiny
from tests.package.conftest import emit


def trees(packages: Path) -> dict[str, dict[str, bytes]]:
    """The files of each kind of package, unpacked."""
    found = {}
    for kind in KINDS:
        (archive, *_) = [*(packages / kind).glob("*.pack"), *(packages / kind).glob("*.zip"), None]
        if archive is None:
            files = (p for p in (packages / kind).rglob("*") if p.is_file())
            found[kind] = {str(p.relative_to(packages / kind)): p.read_bytes() for p in files}
        else:
            with zipfile.ZipFile(archive) as content:
                found[kind] = {name: content.read(name) for name in content.namelist()}
    return found


def test_the_same_bytes_each_time(packages: dict[str, Path], tmp_path: Path) -> None:
    again = emit("tiny", tmp_path)
    first = {p.relative_to(packages["tiny"]): p.read_bytes() for p in packages["tiny"].rglob("*") if p.is_file()}
    assert first == {p.relative_to(again): p.read_bytes() for p in again.rglob("*") if p.is_file()}
    assert {path.parts[0] for path in first} == set(KINDS)


@pytest.mark.parametrize("name", ["tiny", "kinds", "sums"])
def test_licence_readme_and_no_path_of_this_machine(packages: dict[str, Path], name: str) -> None:
    for kind, files in trees(packages[name]).items():
        names = {PurePosixPath(path).name for path in files}
        assert {"LICENSE", "README.md"} <= names, kind
        for path, content in files.items():
            assert not re.search(rb"(?<![\w.<*/])/(home|root|usr|tmp|work|Users)/", content), f"{kind}: {path}"
            assert not path.startswith("/") and ".." not in PurePosixPath(path).parts


def test_an_arduino_zip_is_its_folder(packages: dict[str, Path]) -> None:
    folder = packages["kinds"] / "arduino" / "kinds"
    files = trees(packages["kinds"])["arduino"]
    assert files == {f"kinds/{p.relative_to(folder)}": p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.slow
def test_the_archive_is_a_module(packages: dict[str, Path], tmp_path: Path) -> None:
    """Its manifest lists its files, and it works as the folder does."""
    (archive,) = (packages["tiny"] / "zip").iterdir()
    with zipfile.ZipFile(archive) as content:
        content.extractall(tmp_path)
    listed = listed_files(tmp_path / "tiny")
    assert "LICENSE" in listed and not edited_files(tmp_path / "tiny", listed)
    assert not any(path.startswith("packages/") for path in listed)
    done = subprocess.run(["make", "-C", tmp_path / "tiny", "test"], capture_output=True, text=True, check=True)
    assert "tiny: 2 of 2 vectors match" in done.stdout


def test_emitted_again_without(packages: dict[str, Path], tmp_path: Path) -> None:
    """Packages are files of the module, so that they go when they are not asked for."""
    assert (emit("sums", tmp_path) / "zip").is_dir()
    api.compile(tiny(), api.Options(board="nrf5340dk", name="sums")).write(tmp_path)
    assert not (tmp_path / "packages").exists()


def test_the_command(tmp_path: Path) -> None:
    """In a process of its own: kinds that there are, an error before any work, nothing written."""
    (tmp_path / "none.pt2").write_bytes(b"never read")
    arguments = [
        "emit",
        str(tmp_path / "none.pt2"),
        "--board",
        "nrf5340dk",
        "--package",
        "zip",
        "--package-version",
        "1.0",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "mcugen", *arguments, "--output", tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "--package-version '1.0' is not a semantic version" in done.stderr
    assert not (tmp_path / "out").exists()
    assert [kind.value for kind in PackageKind] == list(KINDS)


@pytest.mark.parametrize(
    ("publisher", "said"),
    [
        (Publisher(version="1.0"), "three numbers"),
        (Publisher(version="01.0.0"), "three numbers"),
        (Publisher(version="1.0.0-a.b.c.d.e.f.g.h"), "no more than 20"),
        (Publisher(vendor="A & B"), "letters, digits"),
        (Publisher(vendor=""), "letters, digits"),
        (Publisher(url="https://a.b/<c>"), "address of a page"),
        (Publisher(url="javascript:x"), "address of a page"),
        (Publisher(url="https://a.b/\nname=x"), "address of a page"),
    ],
)
def test_what_no_package_can_say(publisher: Publisher, said: str) -> None:
    with pytest.raises(InputError, match=said):
        api.compile(tiny(), api.Options(board="nrf5340dk", packages=("zip",), publisher=publisher))


def test_a_kind_that_there_is_not() -> None:
    with pytest.raises(InputError, match=r"(?s)'deb'.*arduino, platformio, cmsis-pack, cmake, zip"):
        api.compile(tiny(), api.Options(board="nrf5340dk", packages=("deb",)))


def test_archives_do_not_know_the_time() -> None:
    files = {PurePosixPath("b/c"): b"1" * 100, PurePosixPath("a"): b"2"}
    archive = zip_archive(files)
    assert archive == zip_archive(dict(reversed(files.items())))
    with zipfile.ZipFile(io.BytesIO(archive)) as content:
        assert content.namelist() == ["a", "b/c"] and content.testzip() is None
        assert {entry.date_time for entry in content.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_moved_files_find_each_other() -> None:
    path = PurePosixPath
    files = {
        path("include/m.h"): b'#include "deep/n.h"\n#include <stdint.h>\n',
        path("include/deep/n.h"): b"",
        path("src/m.c"): b'#include "../include/m.h"\n  #  include "k.c"\n#include "other.h"\n',
        path("src/k.c"): b'#include "m.h"\n',
    }
    places = {
        path("include/m.h"): path("m.h"),
        path("include/deep/n.h"): path("m/n.h"),
        path("src/m.c"): path("m/m.c"),
        path("src/k.c"): path("m/kernels/k.h"),
    }
    assert move(files, places, path("include")) == {
        path("m.h"): b'#include "m/n.h"\n#include <stdint.h>\n',
        path("m/n.h"): b"",
        path("m/m.c"): b'#include "../m.h"\n  #  include "kernels/k.h"\n#include "other.h"\n',
        path("m/kernels/k.h"): b'#include "../../m.h"\n',
    }
    with pytest.raises(ValueError, match=r"two files would be called x\.h"):
        move(files, {path("include/m.h"): path("x.h"), path("src/k.c"): path("x.h")})


def test_the_manifest_lists_them(packages: dict[str, Path]) -> None:
    files = json.loads((packages["tiny"].parent / "mcugen.json").read_text())["files"]
    assert "packages/arduino/tiny/library.properties" in files and "packages/zip/tiny-1.0.0.zip" in files


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ethosu") is None, reason="needs ethos-u-vela")
def test_a_module_with_parts_for_an_npu() -> None:
    """Packs and CMake ask for the driver; Arduino and PlatformIO have none."""
    given = api.Options(board="mps3_corstone300", npu="require", packages=("cmsis-pack", "cmake", "zip"))
    module = api.compile(tiny(), given)
    assert module.manifest.npu is not None and module.manifest.npu.parts
    (pack,) = (content for path, content in module.files.items() if path.suffix == ".pack")
    with zipfile.ZipFile(io.BytesIO(pack)) as files:
        text = files.read("mcugen.tiny.pdsc").decode()
    assert 'Csub="Ethos-U Driver"' in text and 'name="npu/ethos_u_driver.c"' in text
    package = {path for path in module.files if str(path).startswith("packages/cmake/tiny/")}
    assert PurePosixPath("packages/cmake/tiny/npu/ethos_u_driver.c") in package
    assert PurePosixPath("packages/cmake/tiny/cmake/install.cmake") not in package
    for kind in ("arduino", "platformio"):
        with pytest.raises(InputError, match=rf"(?s)for {kind} cannot bring the driver of an NPU.*--npu off"):
            api.compile(tiny(), dataclasses.replace(given, packages=(kind,)))


@pytest.mark.slow
def test_from_a_model_file(tmp_path: Path) -> None:
    """The command in a process of its own, from PyTorch to packages and the summary that names them."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv1d(6, 8, 5), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(96, 4))
    samples = torch.randn(16, 6, 16)
    torch.export.save(torch.export.export(model.eval(), (samples[:1],)), tmp_path / "moves.pt2")
    np.savez(tmp_path / "cal.npz", input=samples.numpy())
    kinds = [option for kind in KINDS for option in ("--package", kind)]
    command = [sys.executable, "-m", "mcugen", "emit", "moves.pt2", "--board", "nrf5340dk", "--calibration", "cal.npz"]
    more = ["--package-version", "2.0.1", "--package-vendor", "Example-Inc", "--package-url", "https://example.com"]
    done = subprocess.run([*command, *kinds, *more], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for path in ("arduino/moves", "cmake/moves", "cmsis-pack/Example-Inc.moves.2.0.1.pack", "zip/moves-2.0.1.zip"):
        assert f"moves/packages/{path}" in done.stdout and (tmp_path / "moves" / "packages" / path).exists()
    properties = (tmp_path / "moves/packages/arduino/moves/library.properties").read_text()
    assert "version=2.0.1\n" in properties and "url=https://example.com\n" in properties
    verified = subprocess.run(
        [sys.executable, "-m", "mcugen", "verify", "moves"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0 and "match" in verified.stdout, verified.stderr
