"""Finds a board by name, and reads its YAML file."""

from __future__ import annotations

import difflib
import functools
import re
from pathlib import Path

import pydantic

from mcugen.boards.board import Board, Cpu
from mcugen.boards.machines import default_machine
from mcugen.boards.schema import BoardSchema
from mcugen.borders import Source
from mcugen.borders.yaml import read_yaml
from mcugen.errors import InputError
from mcugen.resources import data_folder

_SUFFIXES = (".yml", ".yaml")


@functools.cache
def list_boards() -> tuple[Board, ...]:
    """All boards that come with mcugen, by name.

    Raises:
        InputError: a file of the installation is wrong.
    """
    return tuple(_shipped(path) for path in _shipped_files())


def _shipped_files() -> list[Path]:
    return sorted(data_folder("boards").glob("*.yml"))


@functools.cache
def _shipped(path: Path) -> Board:
    return load_board_file(path)


def load_board(name: str) -> Board:
    """Finds a board.

    Args:
        name: in this order: a path of a .yml file; a board's name; an alias or the Zephyr name
            ("nrf5340dk/nrf5340/cpuapp"; `_`, `-` and `/` are alike); a unique prefix of one of these ("nrf5340"), or
            of the chip in the Zephyr name ("stm32f7").

    Raises:
        InputError: unknown (with the nearest names), ambiguous (with the candidates), or the file is wrong.
    """
    if name.lower().endswith(_SUFFIXES):
        return load_board_file(Path(name))
    wanted = _normalise(name)
    # A board is called as its file: most users read that one alone.
    named = [path for path in _shipped_files() if wanted == _normalise(path.stem)]
    if len(named) == 1:
        return _shipped(named[0])
    boards = list_boards()
    for accepts in (_is_main_spelling, _is_spelling, _is_prefix):
        found = [b for b in boards if wanted and accepts(b, wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(
                f"board {name!r} is ambiguous: {', '.join(b.name for b in found)}", hint="write one of these names"
            )
    raise _unknown(name, wanted, boards)


def load_board_file(path: Path) -> Board:
    """Reads one board's YAML file.

    Raises:
        InputError: with the file and the field.
    """
    name = path.stem
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", name):
        raise InputError(
            "a board's file name may hold letters, digits, _ . + - only", where=str(path), hint="rename it"
        )
    fields = read_yaml(Source(path, "the board file", _HINT))
    if not isinstance(fields, dict):
        raise InputError("a board file holds fields such as `cpu:` and `memories:`", where=str(path), hint=_HINT)
    try:
        return _to_board(name, BoardSchema.model_validate(fields))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        where = f"{path}, field {field}" if field else str(path)
        raise InputError(f"wrong board file: {message}", where=where, hint=_HINT) from error


_HINT = "check the path, or compare it with a board that comes with mcugen, such as boards/nrf5340dk.yml"


def _to_board(name: str, schema: BoardSchema) -> Board:
    cpu = schema.cpu
    board_cpu = Cpu(core=cpu.core, dsp=cpu.dsp, fpu=cpu.fpu, mve=cpu.mve, clock_hz=cpu.clock)
    stand_in = default_machine(board_cpu)
    return Board(
        name=name,
        description=schema.description,
        vendor=schema.vendor,
        cpu=board_cpu,
        memories=schema.regions(),
        code_memory=schema.code_memory,
        data_memory=schema.data_memory,
        zephyr_board=schema.zephyr_board,
        aliases=schema.aliases,
        qemu_machine=schema.qemu_machine or (stand_in.name if stand_in else ""),
        qemu_exact=bool(schema.qemu_machine),
        renode_platform=schema.renode_platform,
        renode_zephyr=schema.renode_zephyr,
        console=schema.console.console() if schema.console else None,
        npu=schema.npu.npu() if schema.npu else None,
        flash_wait=schema.flash_wait.flash_wait() if schema.flash_wait else None,
        energy=schema.energy.energy() if schema.energy else None,
    )


def _normalise(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _spellings(board: Board) -> set[str]:
    return {_normalise(s) for s in (board.name, board.zephyr_board, *board.aliases) if s}


def _is_main_spelling(board: Board, wanted: str) -> bool:
    """Where several boards have one Zephyr name, it is that of the board which is called like its first part."""
    zephyr = board.zephyr_board
    return wanted == _normalise(zephyr) and _normalise(board.name) == _normalise(zephyr.split("/")[0])


def _is_spelling(board: Board, wanted: str) -> bool:
    return wanted in _spellings(board)


def _is_prefix(board: Board, wanted: str) -> bool:
    chip = board.zephyr_board.split("/")[1:2]  # "stm32" begins a board's name, and other boards' chips
    return any(s.startswith(wanted) for s in (*_spellings(board), *map(_normalise, chip)))


def _unknown(name: str, wanted: str, boards: tuple[Board, ...]) -> InputError:
    by_spelling = {s: b.name for b in boards for s in _spellings(b)}
    near = difflib.get_close_matches(wanted, by_spelling, n=3, cutoff=0.6)
    names = list(dict.fromkeys(by_spelling[s] for s in near))
    known = f"known: {', '.join(b.name for b in boards)}; or give the path of your own board.yml"
    guess = f"did you mean {' or '.join(names)}? " if names else ""
    return InputError(f"unknown board {name!r}", hint=guess + known)
