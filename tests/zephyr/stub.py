"""mcugen's CMake functions in a stand-in for a Zephyr application, with a stand-in for mcugen.

Configuring takes well under a second, and needs neither a workspace nor PyTorch.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.zephyr.workspace import MODULE

_PROJECT = """cmake_minimum_required(VERSION 3.20)
project(stub C)
include(${{CMAKE_CURRENT_SOURCE_DIR}}/image.cmake)
set(PYTHON_EXECUTABLE /usr/bin/python3)
add_library(zephyr_interface INTERFACE)
add_custom_target(zephyr_generated_headers)
function(zephyr_linker_sources)
endfunction()
function(zephyr_code_relocate)
endfunction()
function(dt_comp_path result)
  set(${{result}} "${{REGIONS}}" PARENT_SCOPE)
endfunction()
function(dt_node_has_status result)
  set(${{result}} TRUE PARENT_SCOPE)
endfunction()
function(dt_node_exists result)
  set(${{result}} FALSE PARENT_SCOPE)
endfunction()
function(dt_chosen result)
  set(${{result}} "${{PARTITION_PATH}}" PARENT_SCOPE)
endfunction()
# A memory region has its name for a path.
function(dt_prop result PATH path PROPERTY property)
  set(${{result}} "${{PARTITION_COMPATIBLE}}" PARENT_SCOPE)
  if(property STREQUAL "zephyr,memory-region")
    set(${{result}} ${{path}} PARENT_SCOPE)
  endif()
endfunction()
function(dt_reg_addr result PATH path)
  set(${{result}} "${{PARTITION_ADDRESS}}${{REGION_${{path}}_ADDRESS}}" PARENT_SCOPE)
endfunction()
function(dt_reg_size result PATH path)
  set(${{result}} "${{PARTITION_SIZE}}${{REGION_${{path}}_SIZE}}" PARENT_SCOPE)
endfunction()
include({module}/cmake/mcugen.cmake)
add_library(app STATIC main.c)
{calls}
"""

# `emit` counts its runs, and writes what a build needs of a module.
_MCUGEN = """#!/bin/sh
here=$(dirname "$0")
case "$1" in
--version) cat "$here/version"; exit;;
--build-inputs) echo "$here/version"; echo "$here/source.py"; exit;;
esac
echo "$@" >> "$here/runs"
while [ $# -gt 0 ]; do
  case "$1" in
  --name) name=$2;;
  --output) folder=$2;;
  esac
  shift
done
mkdir -p "$folder/src" "$folder/include/mcugen"
for file in "src/$name.c" "src/${name}_weights.c" "src/${name}_model.c" "src/${name}_ports.c" mcugen.json; do
  echo "typedef int nothing;" > "$folder/$file"
done
echo "struct ${name}_arena { signed char memory[8]; };" > "$folder/include/$name.h"
cp MODULE/include/mcugen/mcugen.h "$folder/include/mcugen/mcugen.h"
"""

# A Cortex-M4 with a slot in flash, as Zephyr 4.1 describes it.
IMAGE: Mapping[str, str] = {
    "BOARD": "some_board",
    "BOARD_QUALIFIERS": "/soc/cpuapp",
    "CONFIG_CPU_CORTEX_M": "y",
    "CONFIG_CPU_CORTEX_M4": "y",
    "CONFIG_XIP": "y",
    "CONFIG_FLASH_BASE_ADDRESS": "0x8000000",
    "CONFIG_FLASH_SIZE": "1024",
    "CONFIG_FLASH_LOAD_OFFSET": "0xc000",
    "CONFIG_FLASH_LOAD_SIZE": "0x37000",
    "CONFIG_SRAM_BASE_ADDRESS": "0x20000000",
    "CONFIG_SRAM_SIZE": "128",
    "CONFIG_SYS_CLOCK_HW_CYCLES_PER_SEC": "64000000",
}


@dataclass
class Stub:
    """A project in a folder of its own.

    Attributes:
        calls: text at the end of its CMakeLists.txt.
        image: what Kconfig and devicetree say.
        environment: added to that of the processes.
    """

    folder: Path
    calls: str = "mcugen_add_model(app NAME motion MODEL motion.pt2)"
    image: dict[str, str] = field(default_factory=lambda: dict(IMAGE))
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def tool(self) -> Path:
        return self.folder / "tool" / "mcugen"

    @property
    def build_dir(self) -> Path:
        return self.folder / "build"

    @property
    def runs(self) -> list[str]:
        """Arguments of each `mcugen emit`."""
        path = self.tool.parent / "runs"
        return path.read_text().splitlines() if path.exists() else []

    def write(self) -> None:
        self.tool.parent.mkdir(exist_ok=True)
        if not self.tool.exists():
            self.tool.write_text(_MCUGEN.replace("MODULE", str(MODULE)))
            self.tool.chmod(0o755)
            self.upgrade("1.0")
        (self.folder / "CMakeLists.txt").write_text(_PROJECT.format(module=MODULE, calls=self.calls))
        lines = (f'set({name} "{value}")\n' for name, value in self.image.items())
        (self.folder / "image.cmake").write_text("".join(lines))
        (self.folder / "main.c").write_text('#include "motion.h"\nstruct motion_arena arena;\n')
        (self.folder / "motion.pt2").touch()

    def upgrade(self, version: str) -> None:
        (self.tool.parent / "version").write_text(f"mcugen {version}\n")
        (self.tool.parent / "source.py").write_text("")

    def configure(self, *options: str) -> subprocess.CompletedProcess[str]:
        self.write()
        return self._run("cmake", "-G", "Ninja", "-S", str(self.folder), "-B", str(self.build_dir), *options)

    def build(self) -> subprocess.CompletedProcess[str]:
        return self._run("ninja", "-C", str(self.build_dir))

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MCUGEN_")} | self.environment
        environment["PATH"] = "/usr/bin:/bin"
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=120,
        )
