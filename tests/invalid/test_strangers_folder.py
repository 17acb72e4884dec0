"""A folder whose manifest and hashes agree, and whose C means harm; the command runs in a process of its own."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mcugen import api
from tests.testbench.modules import addition

pytestmark = pytest.mark.emulator

_SYSTEM = """
static const char probe_text[] = "touch {mark}";
static void probe(void)
{{
    const void *block[] = {{probe_text, (const void *)(sizeof probe_text - 1)}};
    register unsigned r0 __asm__("r0") = 0x12;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}}
"""
# What of the project's own code the first layer runs: its first statement calls the probe.
CASES = {
    "semihosting": (_SYSTEM, True, "faulted"),
    "incbin": (
        '__asm__(".section .rodata\\n.incbin \\"{mark}.secret\\"\\n.previous");\n',
        False,
        "is not of the module",
    ),
    "include": ('#include "{mark}.secret"\n', False, "is not of the module"),
}


def prepare(folder: Path, code: str, called: bool) -> None:
    module = api.compile(addition(), api.Options(board="mps2_an386"))
    module.write(folder)
    name = module.manifest.name
    source = folder / "src" / f"{name}.c"
    text = source.read_text()
    head, brace, tail = text.rpartition("{")
    source.write_text(f"{head}{brace} probe(); {tail}" if called else text)
    lines = source.read_text().splitlines(keepends=True)
    first = max(i for i, line in enumerate(lines) if line.startswith("#include"))
    source.write_text("".join([*lines[: first + 1], code, *lines[first + 1 :]]))
    manifest = json.loads((folder / "mcugen.json").read_text())
    manifest["files"][f"src/{name}.c"] = hashlib.sha256(source.read_bytes()).hexdigest()
    (folder / "mcugen.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("case", CASES)
def test_it_cannot_touch_the_workstation(case: str, tmp_path: Path) -> None:
    code, called, words = CASES[case]
    mark = tmp_path / "mark"
    Path(f"{mark}.secret").write_text("\n")
    prepare(tmp_path / "module", code.format(mark=mark), called)
    before = sorted(tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-m", "mcugen", "verify", str(tmp_path / "module"), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (1, 2) and words in done.stderr, done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_an_edited_folder_is_taken_when_asked_and_said_to_be_one(tmp_path: Path) -> None:
    prepare(tmp_path / "module", "", False)
    header = next((tmp_path / "module" / "include").glob("*.h"))
    header.write_text(header.read_text() + "/* mine */\n")
    command = [sys.executable, "-m", "mcugen", "verify", str(tmp_path / "module"), "--json"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and header.name in refused.stderr
    taken = subprocess.run([*command, "--allow-edited"], capture_output=True, text=True, check=False)
    assert taken.returncode == 0, taken.stderr
    found = json.loads(taken.stdout)
    assert found["edited"] == [f"include/{header.name}"]
    assert 0 < found["stack_bytes"] <= found["stack_bound_bytes"] < 1000
