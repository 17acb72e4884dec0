"""C of a module takes in no file of the workstation but its own and the compiler's."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen.boards import load_board
from mcugen.errors import InputError
from mcugen.firmware import build_firmware
from tests.firmware.fake_module import write_fake_module

pytestmark = pytest.mark.emulator
NRF = load_board("nrf5340dk")

PRELUDES = {
    "include": '#include "{path}"',
    "system header": '#include "hidden.h"',
    "incbin": '__asm__(".section .rodata\\n.incbin \\"{path}\\"\\n.previous");',
    "assembler's include": '__asm__(".include \\"{path}\\"");',
}


@pytest.mark.parametrize("case", PRELUDES)
def test_a_foreign_file_is_refused_by_name(case: str, tmp_path: Path) -> None:
    secret = tmp_path / "home folder" / "secret"
    secret.parent.mkdir()
    secret.write_text("\n")
    manifest = write_fake_module(tmp_path / "module", NRF, prelude=PRELUDES[case].format(path=secret))
    # What such a header includes is of the system's, for -MMD and for warnings.
    hidden = f'#pragma GCC system_header\n#include "{secret}"\n'
    (tmp_path / "module" / "include" / "hidden.h").write_text(hidden)
    with pytest.raises(InputError, match=r"fake\.c takes in .*secret, which is not of the module"):
        build_firmware(tmp_path / "module", manifest, NRF, build_dir=tmp_path / "build")


def test_its_own_files_and_the_compilers_are_taken(tmp_path: Path) -> None:
    folder = tmp_path / "a b$c,d"
    manifest = write_fake_module(folder, NRF, prelude="#include <stdint.h>\n#include <string.h>")
    build_firmware(folder, manifest, NRF, build_dir=tmp_path / "build")


def test_sources_that_mcugen_did_not_write_are_not_compiled(tmp_path: Path) -> None:
    manifest = write_fake_module(tmp_path / "module", NRF)
    (tmp_path / "module" / "src" / "mine.c").write_text("#error never compiled\n")
    build_firmware(tmp_path / "module", manifest, NRF, build_dir=tmp_path / "build")
