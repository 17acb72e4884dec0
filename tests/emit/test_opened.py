"""A stranger's folder is checked before anything is done with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcugen import api
from mcugen.emit.opened import open_module
from mcugen.emit.swap import STAGING
from mcugen.errors import InputError
from tests.testbench.modules import addition


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> api.Module:
    return api.compile(addition(), api.Options(board="nrf5340dk"))


@pytest.fixture
def folder(emitted: api.Module, tmp_path: Path) -> Path:
    emitted.write(tmp_path / "module")
    return tmp_path / "module"


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "mcugen.json"
    fields = json.loads(path.read_text())
    edit(fields)
    path.write_text(json.dumps(fields))


def test_as_it_was_emitted(folder: Path) -> None:
    (folder / "notes.txt").write_text("the user's")
    (folder / "src" / "mine.c").write_text("the user's")
    assert open_module(folder).edited == ()


@pytest.mark.parametrize("name", ["src/*.c", "include/*.h", "kernels/**/*.c", "vectors/*.npz", "CMakeLists.txt"])
def test_an_edited_file_is_named(name: str, folder: Path) -> None:
    path = sorted(folder.glob(name))[0]
    path.write_bytes(path.read_bytes() + b"\n")
    relative = path.relative_to(folder).as_posix()
    with pytest.raises(InputError, match="not as mcugen wrote it") as error:
        open_module(folder)
    assert relative in str(error.value) and "--allow-edited" in str(error.value)
    assert open_module(folder, allow_edited=True).edited == (relative,)


def test_a_header_that_was_added_is_an_edit(folder: Path) -> None:
    (folder / "include" / "string.h").write_text("#error mine")
    with pytest.raises(InputError, match=r"include/string\.h"):
        open_module(folder)


def test_a_link_is_no_file_of_a_module(folder: Path, tmp_path: Path) -> None:
    path = sorted((folder / "src").glob("*.c"))[0]
    (tmp_path / "secret").write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="not as mcugen wrote it"):
        open_module(folder)


def test_a_missing_file(folder: Path) -> None:
    sorted((folder / "src").glob("*.c"))[0].unlink()
    with pytest.raises(InputError, match="is missing"):
        open_module(folder, allow_edited=True)


BAD: dict[str, Callable[[dict[str, Any]], object]] = {
    "name in C": lambda m: m.update(name='x"\n#include "/etc/passwd'),
    "name in paths": lambda m: m.update(name="../x"),
    "macs is text": lambda m: m.update(macs="7"),
    "macs is true": lambda m: m.update(macs=True),
    "negative size": lambda m: m["memory"].update(arena_bytes=-1),
    "no number": lambda m: m["memory"].update(arena_bytes=1.5),
    "huge tensor": lambda m: m["layers"][0].update(output_bytes=2**40),
    "huge port": lambda m: m["inputs"][0].update(shape=[2**30], device_shape=[2**30], to_device=[0], size_bytes=2**30),
    "sizes disagree": lambda m: m["inputs"][0].update(size_bytes=m["inputs"][0]["size_bytes"] + 1),
    "axes": lambda m: m["inputs"][0].update(to_device=[0] * len(m["inputs"][0]["shape"])),
    "scale": lambda m: m["inputs"][0]["quantization"].update(scale=0.0),
    "dtype": lambda m: m["inputs"][0].update(dtype="object"),
    "C name": lambda m: m["inputs"][0].update(c_name="x; system()"),
    "escape sequence": lambda m: m["layers"][0].update(source="\x1b]0;x\x07"),
    "path of a file": lambda m: m["files"].update({"../../x": "0" * 64}),
    "absolute path": lambda m: m["files"].update({"/etc/passwd": "0" * 64}),
    "no hash": lambda m: m["files"].update({"src/x.c": "0"}),
    "platform": lambda m: m["board"].update(renode_platform="../../evil.repl"),
    "absolute platform": lambda m: m["board"].update(renode_platform="/tmp/evil.repl"),
    "platform command": lambda m: m["board"].update(renode_platform='x"\ninclude @evil.py'),
    "machine": lambda m: m["board"].update(qemu_machine="virt"),
    "board name": lambda m: m["board"].update(name='b"; include @x'),
    "core": lambda m: m["board"]["cpu"].update(core="-fplugin=evil.so"),
    "Zephyr board": lambda m: m["board"].update(zephyr_board="a -- -DX=1"),
    "console": lambda m: m["board"]["console"].update(renode_name="uart; quit"),
    "console driver": lambda m: m["board"]["console"].update(driver="../../x"),
    "board field": lambda m: m["board"].update(more=1),
    "budget": lambda m: m["options"].update(max_ram="all"),
    "library": lambda m: m["options"].update(cmsis_nn={"path": "x"}),
    "unknown field": lambda m: m.update(more=1),
}


@pytest.mark.parametrize("case", BAD)
def test_a_manifest_that_says_what_none_can(case: str, folder: Path) -> None:
    change(folder, BAD[case])
    with pytest.raises(InputError, match="damaged"):
        open_module(folder, allow_edited=True)


def test_an_interrupted_emission_is_finished_first(folder: Path, emitted: api.Module) -> None:
    path = sorted((folder / "src").glob("*.c"))[0]
    name, content = path.relative_to(folder).as_posix(), path.read_bytes()
    path.write_text("/* the old module's */")
    old, new = (hashlib.sha256(data).hexdigest() for data in (path.read_bytes(), content))
    (folder / STAGING).mkdir()
    (folder / STAGING / "0").write_bytes(content)
    journal = {"place": [[name, new]], "remove": [], "before": {name: old}}
    (folder / STAGING / "journal.json").write_text(json.dumps(journal))
    assert open_module(folder).edited == ()
    assert not (folder / STAGING).exists()
