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

import yaml
from west.commands import WestCommand

_SCRIPTS = Path(__file__).resolve().parent
# Not `-m mcugen`, which would take a folder of that name in the current one for it.
_RUN = str(_SCRIPTS / "run_mcugen.py")
_DEFAULT_BUILD = "build"
_HOW_TO_GET = (
    "mcugen was not found. Install it (docs/zephyr/tutorial.md, step 1) and put it on the PATH, or set "
    "MCUGEN_EXECUTABLE to the program, or MCUGEN_PYTHON to a Python that has it."
)
_FORWARDED = ("emit", "verify", "boards")


def find_mcugen() -> list[str] | None:
    """The command that runs mcugen, in the order of cmake/mcugen.cmake; None when there is none."""
    if os.environ.get("MCUGEN_EXECUTABLE"):
        return [os.environ["MCUGEN_EXECUTABLE"]]
    if os.environ.get("MCUGEN_PYTHON"):
        return [os.environ["MCUGEN_PYTHON"], _RUN]
    found = shutil.which("mcugen")
    if found:
        return [found]
    own = [sys.executable, _RUN]
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
            add_help=False,
        )
        parser.add_argument("action", nargs="?", choices=[*_FORWARDED, "report"], help="what to do; see below")
        parser.add_argument("-h", "--help", action="store_true", dest="wants_help", help="also of an action")
        parser.add_argument("-d", "--build-dir", type=Path, help="of `report`, and of `verify --model`; default: build")
        parser.add_argument("--domain", help="of the same, in a build with sysbuild: the image, by name; default: all")
        parser.add_argument("--model", help="of `verify`: a model of the build, by name")
        parser.add_argument("--json", action="store_true", help="print JSON")
        self._parser = parser
        return parser

    def do_run(self, args: argparse.Namespace, unknown_args: list[str]) -> None:
        if args.action is None and not args.wants_help:
            self._parser.error(f"what to do is missing: {', '.join((*_FORWARDED, 'report'))}")
        if args.action not in _FORWARDED and args.wants_help:
            self._parser.print_help()
            return
        if args.action == "report":
            self._report(args, unknown_args)
            return
        command = find_mcugen()
        if command is None:
            self.die(_HOW_TO_GET, exit_code=3)
        arguments = list(unknown_args)
        if args.wants_help:
            arguments = ["--help"]
        elif args.action == "verify" and args.model:
            arguments.insert(0, str(self._model_folder(args)))
        elif args.action == "emit":
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

    def _images(self, args: argparse.Namespace) -> dict[str, Path]:
        """Build folders of the images that have models, by the image's name; without sysbuild one of no name."""
        folder = args.build_dir or Path(_DEFAULT_BUILD)
        found = {name: path for name, path in _domains(folder).items() if _models_file(path).is_file()}
        if not found:
            self.die(f"{folder} is no build with models of mcugen: build the application first, or give --build-dir")
        if args.domain:
            if args.domain not in found:
                self.die(f"{folder} has no image {args.domain} with models; it has: {', '.join(sorted(found))}")
            return {args.domain: found[args.domain]}
        return found

    def _model_folder(self, args: argparse.Namespace) -> Path:
        by_name: dict[str, list[Path]] = {}
        for image in self._images(args).values():
            for folder in map(Path, _models_file(image).read_text().split()):
                by_name.setdefault(json.loads((folder / "mcugen.json").read_text())["name"], []).append(folder)
        if args.model not in by_name:
            self.die(f"the build has no model {args.model}; it has: {', '.join(sorted(by_name))}")
        if len(by_name[args.model]) > 1:
            self.die(f"several images have a model {args.model}: choose one with --domain")
        return by_name[args.model][0]

    def _report(self, args: argparse.Namespace, unknown_args: list[str]) -> None:
        if unknown_args:
            self.die(f"unknown arguments: {' '.join(unknown_args)}")
        rows: list[dict[str, object]] = []
        for name, folder in self._images(args).items():
            if not (folder / "zephyr" / "zephyr.map").is_file():
                self.die(f"{folder} has no zephyr.map: build the application first")
            if "CONFIG_ARCH_POSIX=y" in (folder / "zephyr" / ".config").read_text().splitlines():
                self.die(f"{folder} is a program of the workstation, which has no flash and RAM to report")
            output = self._sizes(folder, args.json)
            if args.json:
                rows += ({"image": name} | row if name else row for row in json.loads(output)["models"])
            else:
                print(f"{name}:\n{output}" if name else output, end="")
        if args.json:
            json.dump({"models": rows}, sys.stdout)

    def _sizes(self, build_dir: Path, as_json: bool) -> str:
        # A program of its own: west's Python need not have pyelftools, Zephyr's does.
        options = ["--models", _models_file(build_dir), "--map", build_dir / "zephyr" / "zephyr.map"]
        program = [_zephyr_python(build_dir), _SCRIPTS / "model_sizes.py", *options, *(["--json"] if as_json else [])]
        result = subprocess.run([str(part) for part in program], check=False, stdout=subprocess.PIPE, text=True)
        if result.returncode:
            sys.exit(result.returncode)
        return result.stdout


def _models_file(build_dir: Path) -> Path:
    return build_dir / "mcugen" / "models.txt"


def _domains(folder: Path) -> dict[str, Path]:
    """Build folders of the images of a build, by name: those that sysbuild lists, or the folder itself."""
    listed = folder / "domains.yaml"
    if not listed.is_file():
        return {"": folder}
    # West itself needs PyYAML.
    domains = yaml.safe_load(listed.read_text()).get("domains", [])
    return {str(domain["name"]): Path(domain["build_dir"]) for domain in domains}


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

`west mcugen emit --help` shows the options of emit, and so for verify and boards. With sysbuild, report shows all
images that have models, and verify --model looks through them; --domain NAME chooses one.
"""
