"""`west mcugen emit|verify|boards|report`: mcugen in a west workspace.

Runs in west's Python, which need not have mcugen: the commands start the mcugen that the CMake functions would find.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from west.commands import WestCommand

_SCRIPTS = Path(__file__).resolve().parent
_DEFAULT_BUILD = "build"
_HOW_TO_GET = (
    "mcugen was not found. Install it (pip install mcugen) and put it on the PATH, or set MCUGEN_EXECUTABLE to the "
    "program, or MCUGEN_PYTHON to a Python that has it."
)
_FORWARDED = ("emit", "verify", "boards")


def find_mcugen() -> list[str] | None:
    """The command that runs mcugen, in the order of cmake/mcugen.cmake; None when there is none."""
    if os.environ.get("MCUGEN_EXECUTABLE"):
        return [os.environ["MCUGEN_EXECUTABLE"]]
    if os.environ.get("MCUGEN_PYTHON"):
        return [os.environ["MCUGEN_PYTHON"], "-m", "mcugen"]
    found = shutil.which("mcugen")
    if found:
        return [found]
    own = [sys.executable, "-m", "mcugen"]
    return own if subprocess.run([*own, "--version"], capture_output=True, check=False).returncode == 0 else None


class Mcugen(WestCommand):
    """The west command."""

    def __init__(self) -> None:
        super().__init__(
            "mcugen",
            "compile PyTorch models into C for this workspace's boards",
            "Compiles PyTorch models into C modules for Zephyr, checks them in an emulator, and reports their sizes.",
            accepts_unknown_args=True,
        )

    def do_add_parser(self, parser_adder: argparse._SubParsersAction) -> argparse.ArgumentParser:
        parser = parser_adder.add_parser(
            self.name,
            help=self.help,
            description=self.description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog=_EPILOG,
        )
        parser.add_argument("action", choices=[*_FORWARDED, "report"], help="what to do; see below")
        parser.add_argument("-d", "--build-dir", type=Path, help="of `report`, and of `verify --model`; default: build")
        parser.add_argument("--model", help="of `verify`: a model of the build, by name")
        parser.add_argument("--json", action="store_true", help="print JSON")
        return parser

    def do_run(self, args: argparse.Namespace, unknown_args: list[str]) -> None:
        if args.action == "report":
            self._report(args, unknown_args)
            return
        command = find_mcugen()
        if command is None:
            self.die(_HOW_TO_GET, exit_code=3)
        arguments = list(unknown_args)
        if args.action == "verify" and args.model:
            arguments.insert(0, str(self._model_folder(args)))
        if args.action == "emit":
            arguments += self._board(arguments)
        if args.json:
            arguments.append("--json")
        # A PYTHONPATH of the workspace is not meant for mcugen's own environment.
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        result = subprocess.run([*command, args.action, *arguments], check=False, env=environment)
        if result.returncode:
            sys.exit(result.returncode)

    def _board(self, arguments: list[str]) -> list[str]:
        """`--board` from west's configuration, as `west build` takes it, where the command line has none."""
        given = any(a == "--board" or a.startswith("--board=") for a in arguments)
        configured = os.environ.get("BOARD") or self.config.get("build.board")
        return [] if given or not configured else ["--board", configured]

    def _build_dir(self, args: argparse.Namespace) -> Path:
        folder = args.build_dir or Path(_DEFAULT_BUILD)
        if not (folder / "mcugen" / "models.txt").is_file():
            self.die(f"{folder} is no build with models of mcugen: build the application first, or give --build-dir")
        return folder

    def _model_folder(self, args: argparse.Namespace) -> Path:
        folders = [
            Path(line) for line in (self._build_dir(args) / "mcugen" / "models.txt").read_text().split("\n") if line
        ]
        by_name = {json.loads((f / "mcugen.json").read_text())["name"]: f for f in folders}
        if args.model not in by_name:
            self.die(f"the build has no model {args.model}; it has: {', '.join(sorted(by_name))}")
        return by_name[args.model]

    def _report(self, args: argparse.Namespace, unknown_args: list[str]) -> None:
        if unknown_args:
            self.die(f"unknown arguments: {' '.join(unknown_args)}")
        folder = self._build_dir(args)
        # A program of its own: west's Python need not have pyelftools, Zephyr's does.
        options = ["--models", folder / "mcugen" / "models.txt", "--map", folder / "zephyr" / "zephyr.map"]
        program = [_zephyr_python(folder), _SCRIPTS / "model_sizes.py", *options, *(["--json"] if args.json else [])]
        result = subprocess.run([str(part) for part in program], check=False)
        if result.returncode:
            sys.exit(result.returncode)


def _zephyr_python(build_dir: Path) -> str:
    """The Python that built the image, from CMake's cache."""
    cache = build_dir / "CMakeCache.txt"
    lines = cache.read_text(errors="replace").splitlines() if cache.is_file() else []
    found = (line.partition("=")[2] for line in lines if line.startswith(("WEST_PYTHON:", "Python3_EXECUTABLE:")))
    return next((p for p in found if Path(p).is_file()), sys.executable)


_EPILOG = """\
actions:
  emit MODEL ...     as `mcugen emit`; --board comes from `west config build.board` when it is left out
  verify DIR ...     as `mcugen verify`; or --model NAME [-d BUILD] for a model of a build
  boards             the boards that mcugen knows
  report [-d BUILD]  flash and RAM of each model in a built image
"""
