"""What mcugen's CMake functions do by themselves: find mcugen, describe the board, refuse, emit again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.zephyr.stub import Stub

pytestmark = pytest.mark.skipif(
    not (Path("/usr/bin/cmake").exists() and Path("/usr/bin/ninja").exists()), reason="needs cmake and ninja"
)


@pytest.fixture
def stub(tmp_path: Path) -> Stub:
    return Stub(tmp_path, environment={"MCUGEN_EXECUTABLE": str(tmp_path / "tool" / "mcugen")})


def refused(stub: Stub) -> str:
    """CMake's words, on one line."""
    result = stub.configure()
    assert result.returncode != 0, result.stdout
    return " ".join(result.stdout.split())


def built(stub: Stub) -> None:
    result = stub.build()
    assert result.returncode == 0, result.stdout


def test_the_environments_mcugen_is_remembered(stub: Stub) -> None:
    assert "mcugen: mcugen 1.0" in stub.configure().stdout
    stub.environment.clear()
    again = stub.configure()
    assert again.returncode == 0 and "mcugen: mcugen 1.0" in again.stdout
    # What is said later wins.
    other = stub.folder / "other"
    shutil.copytree(stub.tool.parent, other)
    (other / "version").write_text("mcugen 7.0\n")
    stub.environment["MCUGEN_EXECUTABLE"] = str(other / "mcugen")
    assert "mcugen: mcugen 7.0" in stub.configure().stdout
    # What has gone is looked for anew.
    stub.environment.clear()
    shutil.rmtree(other)
    words = refused(stub)
    assert "/usr/bin/python3 has no mcugen" in words and "/other/mcugen" not in words


def test_without_mcugen_a_folder_of_that_name_is_not_taken_for_it(stub: Stub) -> None:
    stub.environment.clear()
    (stub.build_dir / "mcugen").mkdir(parents=True)
    (stub.folder / "mcugen").mkdir()
    words = refused(stub)
    assert "/usr/bin/python3 has no mcugen" in words and "-DMCUGEN_EXECUTABLE=" in words
    assert "is a package" not in words


def test_another_mcugen_emits_again_and_only_that(stub: Stub) -> None:
    assert stub.configure().returncode == 0
    built(stub)
    assert len(stub.runs) == 1
    assert "no work to do" in stub.build().stdout
    stub.upgrade("1.1")
    built(stub)
    assert len(stub.runs) == 2
    # The same version, changed.
    (stub.tool.parent / "source.py").write_text("changed")
    built(stub)
    assert len(stub.runs) == 3
    (stub.folder / "motion.pt2").write_text("changed")
    built(stub)
    assert len(stub.runs) == 4


@pytest.mark.parametrize("argument", ["MODEL nowhere.pt2", "MODEL tool", "MODEL motion.pt2 CALIBRATION nowhere.npz"])
def test_a_file_that_is_not_there(stub: Stub, argument: str) -> None:
    stub.calls = f"mcugen_add_model(app NAME motion {argument})"
    words = refused(stub)
    assert "there is no file" in words and argument.split()[-1] in words


def test_a_model_that_the_build_makes(stub: Stub) -> None:
    stub.calls = (
        "add_custom_command(OUTPUT ${CMAKE_CURRENT_SOURCE_DIR}/made.pt2 COMMAND touch made.pt2 "
        "WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})\nmcugen_add_model(app NAME motion MODEL made.pt2)"
    )
    assert stub.configure().returncode == 0
    built(stub)
    assert (stub.folder / "made.pt2").exists() and len(stub.runs) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *((name, f"NAME {name}_model would do") for name in ("signal", "time", "math", "string", "stdint", "test")),
        ("mcugen_kws", "are those of mcugen's own headers"),
        ("a__b", "is no lower-case C identifier of up to 48"),
        ("kws_", "is no lower-case C identifier of up to 48"),
        ("a" * 49, "is no lower-case C identifier of up to 48"),
    ],
)
def test_names_that_a_model_cannot_have(stub: Stub, name: str, words: str) -> None:
    stub.calls = f"mcugen_add_model(app NAME {name} MODEL motion.pt2)"
    assert words in refused(stub)


def test_names_of_the_modules_own_parts_are_free(stub: Stub) -> None:
    """All that the CMake functions call something inside a build: no model takes its place."""
    names = ("motion", "models", "shared_arena", "board", "partition", "motion_emitted", "linux")
    stub.calls = "\n".join(f"mcugen_add_model(app NAME {n} MODEL motion.pt2 ARENA shared)" for n in names)
    result = stub.configure()
    assert result.returncode == 0, result.stdout
    built(stub)
    assert len(stub.runs) == len(names)
    folders = (stub.build_dir / "mcugen" / "models.txt").read_text().split()
    assert [Path(folder).name for folder in folders] == list(names)
    assert all((Path(folder) / "mcugen.json").is_file() for folder in folders)


def test_a_model_hides_no_header_of_another_library(stub: Stub) -> None:
    """`soc.h` is Zephyr's; sources that include it by <...> or from its own folder still get that one."""
    (stub.folder / "zephyr").mkdir()
    (stub.folder / "zephyr" / "soc.h").write_text("#define IS_ZEPHYRS 1\n")
    stub.calls = (
        "target_include_directories(zephyr_interface INTERFACE zephyr)\n"
        "target_link_libraries(app PRIVATE zephyr_interface)\n"
        "mcugen_add_model(app NAME motion MODEL motion.pt2)\nmcugen_add_model(app NAME soc MODEL motion.pt2)"
    )
    stub.write()
    assert stub.configure().returncode == 0
    (stub.folder / "main.c").write_text(
        '#include <soc.h>\n#include "soc.h"\n#include "motion.h"\n'
        '_Static_assert(IS_ZEPHYRS, "");\nstruct soc_arena arena;\nstruct motion_arena other;\n'
    )
    built(stub)


def described(stub: Stub) -> dict[str, object]:
    result = stub.configure()
    assert result.returncode == 0, result.stdout
    (file,) = (stub.build_dir / "mcugen" / "board.d").glob("*.yml")
    found = yaml.safe_load(file.read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("qualifiers", "target"),
    [("/soc/cpuapp", "some_board/soc/cpuapp"), ("soc/cpuapp", "some_board/soc/cpuapp"), ("", "some_board")],
    ids=["up to Zephyr 4.3", "from Zephyr 4.4", "none"],
)
def test_the_board_has_its_name_in_both_spellings_of_the_qualifiers(stub: Stub, qualifiers: str, target: str) -> None:
    stub.image["BOARD_QUALIFIERS"] = qualifiers
    assert described(stub)["zephyr_board"] == target


MAPPED = {
    "CONFIG_USE_DT_CODE_PARTITION": "y",
    "PARTITION_PATH": "/soc/flash@8000000/partitions/partition@c000",
    "PARTITION_COMPATIBLE": "zephyr,mapped-partition",
    "PARTITION_ADDRESS": "0x800c000",
    "PARTITION_SIZE": "0x37000",
    # With a mapped partition these are what they are by default.
    "CONFIG_FLASH_LOAD_OFFSET": "0x0",
    "CONFIG_FLASH_LOAD_SIZE": "0x0",
}


@pytest.mark.parametrize(
    ("changes", "start", "size"),
    [
        ({}, 0x800C000, 0x37000),
        (MAPPED, 0x800C000, 0x37000),
        (MAPPED | {"CONFIG_USE_DT_CODE_PARTITION": ""}, 0x8000000, 0x100000),
        ({"CONFIG_FLASH_LOAD_SIZE": "0"}, 0x800C000, 0x100000 - 0xC000),
        (
            {"CONFIG_USE_DT_CODE_PARTITION": "y", "PARTITION_PATH": "/p", "PARTITION_ADDRESS": "0xc000"},
            0x800C000,
            0x37000,
        ),
    ],
    ids=["offset", "mapped", "mapped but not used", "rest of the flash", "fixed partition"],
)
def test_the_slot_is_the_one_that_the_image_is_linked_for(
    stub: Stub, changes: dict[str, str], start: int, size: int
) -> None:
    stub.image |= changes
    memories = described(stub)["memories"]
    assert isinstance(memories, dict)
    assert memories["flash"] == {"kind": "flash", "start": start, "size": size}


def test_a_program_of_the_workstation_gets_portable_kernels(stub: Stub) -> None:
    for name in [n for n in stub.image if n.startswith("CONFIG_")]:
        del stub.image[name]
    stub.image |= {"ARCH": "posix", "CONFIG_ARCH_POSIX": "y", "CONFIG_64BIT": "y", "BOARD_QUALIFIERS": "native/64"}
    stub.image["CONFIG_SYS_CLOCK_HW_CYCLES_PER_SEC"] = "1000000"
    board = described(stub)
    assert board["cpu"] == {"core": "cortex-m0", "dsp": False, "fpu": "none", "mve": "none", "clock": 1000000}
    assert (board["code_memory"], board["data_memory"]) == ("host_constants", "host_variables")


def test_big_endian_is_refused(stub: Stub) -> None:
    stub.image |= {"CONFIG_BIG_ENDIAN": "y", "CONFIG_CPU_CORTEX_M4": ""}
    assert "mcugen has no kernels for the CPU of some_board/soc/cpuapp" in refused(stub)


def cmsis_nn(stub: Stub, *functions: str) -> None:
    """A module cmsis-nn with these folders, and the Kconfig of a Zephyr without PAD and TRANSPOSE."""
    for name in functions:
        (stub.folder / "cmsis-nn" / "Source" / f"{name}Functions").mkdir(parents=True)
    groups = ("BASICMATH", "CONCATENATION", "CONVOLUTION", "FULLYCONNECTED", "NNSUPPORT", "POOLING", "SOFTMAX")
    stub.image |= {f"CONFIG_CMSIS_NN_{group}": "y" for group in groups}
    stub.image |= {"CONFIG_CMSIS_NN": "y", "CONFIG_MCUGEN_CMSIS_NN": "y"}
    stub.image["ZEPHYR_CMSIS_NN_MODULE_DIR"] = str(stub.folder / "cmsis-nn")


def test_a_cmsis_nn_without_padding_needs_no_kconfig_of_it(stub: Stub) -> None:
    cmsis_nn(stub, "Softmax")
    assert stub.configure().returncode == 0
    built(stub)
    assert f"--kernels auto --cmsis-nn {stub.folder / 'cmsis-nn'}" in stub.runs[0]


def test_a_cmsis_nn_that_is_newer_than_its_zephyr_is_refused(stub: Stub) -> None:
    cmsis_nn(stub, "Softmax", "Pad", "Transpose")
    words = refused(stub)
    assert "CONFIG_CMSIS_NN_PAD is not set" in words and "take the revision that its west.yml names" in words


def test_in_user_mode_an_arena_cannot_lie_in_a_region_too(stub: Stub) -> None:
    stub.image["CONFIG_MCUGEN_USERSPACE"] = "y"
    stub.image["CONFIG_MCUGEN_SHARED_ARENA_REGION"] = "DTCM"
    stub.calls = "mcugen_add_model(app NAME motion MODEL motion.pt2 ARENA shared)"
    assert "CONFIG_MCUGEN_SHARED_ARENA_REGION has to be empty" in refused(stub)
