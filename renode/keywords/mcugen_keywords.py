"""Robot Framework keywords for modules that mcugen emitted, in suites that `renode-test` runs.

A suite imports this file as a library and loads a folder that `mcugen emit --renode` wrote:

| *** Settings ***
| Library    path/to/out/renode/mcugen_keywords.py
|
| *** Test Cases ***
| Keyword Spotting Still Works
|     Load Module    path/to/out/renode
|     Run Inference    0
|     Outputs Should Match
|     Instructions Should Be Below    3400000
|     Cycles Should Be Below    4500000

It needs nothing but the files beside it, Python's standard library and Renode's own keywords, so it works where mcugen
is not installed.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from mcugen_blocks import IncompleteCountError, read_regions, total, unpack_timings
from mcugen_image import Image
from robot.api import logger
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn
from robot.utils import escape

_FORMAT = 3
_FILES = ("mcugen_probe.py", "mcugen_blocks.cs")
_CHUNK_BYTES = 4096
_GUARD_BYTES, _GUARD_PATTERN = 32, 0xA5
_END = r"end (\d+)(.*)"
_FAULT = 10
# Renode takes a core for one that runs a hundred million instructions in a second of the board's time.
_INSTRUCTIONS_A_SECOND = 100e6
_PATIENCE, _START_SECONDS = 5, 0.1
_LAST_LINES = 6

# Configurable Fault Status Register, Armv7-M and Armv8-M Architecture Reference Manuals.
_FAULT_CAUSES = {
    0: "instruction fetch from memory that is not executable",
    1: "access to protected memory",
    8: "instruction fetch from no memory",
    9: "access to an address without memory",
    10: "write to an address without memory",
    16: "undefined instruction",
    17: "jump to an even address (Arm code)",
    19: "floating-point or vector instruction on a core without it",
    20: "stack overflow",
    24: "unaligned access",
    25: "division by zero",
}


class _Count(NamedTuple):
    """Of a module or a layer; no cycles without a timing model."""

    instructions: int
    cycles: int | None


@library(scope="SUITE", doc_format="ROBOT", auto_keywords=False)
class mcugen_keywords:  # noqa: N801 - Robot Framework wants the file's name
    """Keywords that run an emitted module's firmware in Renode and compare it with the module's vectors.

    Every test case starts with `Load Module`, since Renode's own test set-up resets the emulation.
    """

    def __init__(self) -> None:
        self._folder = Path()
        self._module: dict[str, Any] = {}
        self._requests = 0
        self._sample = 0
        self._self_test = ""
        self._image: Image
        self._timings: Any = None
        self._lines: list[str] = []
        self._counted: list[_Count] = []

    @keyword
    def load_module(self, folder: str, elf: str = "", timeout: float = 0.0) -> None:
        """Makes a machine of the module's board, loads the firmware and waits until its self-test has ended.

        ``folder`` is the folder ``renode`` of an emitted module, ``elf`` another firmware file than the one in it, and
        ``timeout`` the longest time for the self-test, or for one inference, in seconds of the emulated board; by
        default five times what it takes.

        Fails when a file is missing, when the firmware is not the module's, when it faults before it says anything, or
        when it hangs; a self-test that failed is told by `Self Test Should Pass`.
        """
        self._folder = Path(folder).resolve()
        self._module = _read_description(self._folder)
        self._requests = 0
        self._lines, self._counted = [], []
        self._image = _read_image(Path(elf).resolve() if elf else self._folder / self._module["elf"], self._module)
        for name in (self._module["platform"], *_FILES):
            if not (self._folder / name).is_file():
                raise AssertionError(f"there is no file {self._folder / name}: emit the module again with --renode")
        timed = self._module["timings"] is not None and self._image.sha256 == self._module["elf_sha256"]
        self._timings = unpack_timings(self._module["timings"]) if timed else None
        self._start_machine(float(timeout) or self._longest_time())
        self._self_test = self._wait(r"self-test (\w+): .*")

    def _longest_time(self) -> float:
        inferences = len(self._module["samples"]["inputs"])
        return _START_SECONDS + _PATIENCE * self._module["instructions"] * inferences / _INSTRUCTIONS_A_SECOND

    def _start_machine(self, timeout: float) -> None:
        self._execute(f'mach create "{self._module["name"]}"')
        self._execute(f"machine LoadPlatformDescription @{_quoted(self._folder / self._module['platform'])}")
        self._execute("emulation SetGlobalAdvanceImmediately true")
        self._execute(f"sysbus LoadELF @{_quoted(self._image.path)}")
        self._execute(f"cpu VectorTableOffset {self._image.address('vectors'):#x}")
        for name in _FILES:
            self._execute(f"include @{_quoted(self._folder / name)}")
        labels = ",".join(str(self._image.address(label)) for label in self._module["labels"])
        outputs = ",".join(
            "+".join(
                f"{self._image.address(result['symbol']) + result['offset']}:{result['bytes']}"
                for result in layer["results"]
            )
            for layer in self._module["layers"]
        )
        self._execute(f'mcugen_probe "{labels}" "{outputs}"')
        self._execute(f'cpu CountBlocks "{labels}"')
        _run(
            "Create Terminal Tester",
            f"sysbus.{self._module['console']}",
            f"timeout={timeout}",
            "defaultPauseEmulation=True",
        )

    @keyword
    def self_test_should_pass(self) -> None:
        """Checks that the firmware found its built-in vectors to match, when it started."""
        if "passed" not in self._self_test:
            failed = self._self_test
            self.run_inference(0)
            raise AssertionError(f"{failed}{self._first_wrong_layer(0)}")

    @keyword
    def run_inference(self, sample: int = 0, inputs: list[str] | None = None) -> None:
        """Makes one inference with a sample of the module's vectors, or with ``inputs``.

        The vectors of a module with state are consecutive steps: sample 0 starts anew, and the samples before another
        one are run first unless the last inference was of the one just before it. ``inputs`` are the next step,
        whatever was before; `Reset State` starts anew.

        ``inputs`` has one hexadecimal string for each input: its bytes in the device's layout.

        Fails when the firmware faults, when the module returns an error, when it wrote outside its arena, or when it
        used up the stack.
        """
        if inputs is not None:
            self._sample = -1
            self._infer([bytes.fromhex(text) for text in inputs])
            return
        samples, wanted = self._module["samples"]["inputs"], int(sample)
        if not 0 <= wanted < len(samples):
            raise AssertionError(f"the module has {len(samples)} samples, there is no sample {sample}")
        first = wanted
        if self._module.get("state") and (wanted == 0 or wanted != self._sample + 1):
            self.reset_state()
            first = 0
        for index in range(first, wanted + 1):
            self._sample = index
            self._infer([base64.b64decode(text) for text in samples[index]])

    @keyword
    def reset_state(self) -> None:
        """The next inference of a module with state is the first step of a new sequence."""
        self._sample = -1
        self._write(self._image.address("harness_first"), (1).to_bytes(4, "little"))

    def _infer(self, data: list[bytes]) -> None:
        self._write_inputs(data)
        self._requests += 1
        self._counted = []
        self._write(self._image.address("harness_request"), self._requests.to_bytes(4, "little"))
        self._check_state(self._wait(rf"inference {self._requests}, .*"))

    @keyword
    def get_outputs(self) -> list[str]:
        """Returns the outputs of the last inference, one hexadecimal string each."""
        return [self._read(self._image.address(o["symbol"]), o["bytes"]).hex() for o in self._module["outputs"]]

    @keyword
    def outputs_should_match(self, expected: list[str] | None = None) -> None:
        """Compares the outputs of the last inference with the module's vectors, or with ``expected``.

        ``expected`` has one hexadecimal string for each output. The message names the first wrong layer where the last
        inference was of sample 0, whose layers the vectors have too.
        """
        if expected is None:
            if self._sample < 0:
                raise AssertionError("the last inference was of inputs without known outputs: give `expected`")
            wanted = [base64.b64decode(text) for text in self._module["samples"]["outputs"][self._sample]]
        else:
            wanted = [bytes.fromhex(text) for text in expected]
        for output, values, actual in zip(self._module["outputs"], wanted, self.get_outputs(), strict=True):
            difference = _difference(values, bytes.fromhex(actual))
            if difference:
                raise AssertionError(
                    f"output {output['name']} of sample {self._sample} differs from the reference: {difference}"
                    f"{self._first_wrong_layer(self._sample)}"
                )

    @keyword
    def get_layers(self) -> list[str]:
        """Returns the names of the module's layers, in the order of execution."""
        return [layer["name"] for layer in self._module["layers"]]

    @keyword
    def layer_should_match(self, name: str) -> None:
        """Compares a layer's output of the last inference, which must have been of sample 0, with the reference."""
        if self._sample != 0:
            raise AssertionError("the vectors have the layers of sample 0 only: Run Inference    0")
        index = self._layer_index(name)
        difference = self._layer_difference(index)
        if difference:
            raise AssertionError(f"{self._describe(index)} differs from the reference: {difference}")

    @keyword
    def get_instructions(self) -> int:
        """Returns the executed instructions of the last inference, from the module's entry to its return."""
        return self._module_count().instructions

    @keyword
    def get_cycles(self) -> int:
        """Returns the cycles of the last inference by the timing model that `Log Counts` names.

        They are what ``mcugen verify`` gives: executed instructions and taken branches, timed by a table.
        """
        return self._need_cycles(self._module_count())

    @keyword
    def get_layer_instructions(self, name: str) -> int:
        """Returns the executed instructions of one layer in the last inference."""
        return self._layer_count(name).instructions

    @keyword
    def get_layer_cycles(self, name: str) -> int:
        """Returns the cycles of one layer in the last inference, as in `Get Cycles`."""
        return self._need_cycles(self._layer_count(name))

    @keyword
    def instructions_should_be_below(self, limit: str) -> None:
        """Fails when the last inference took ``limit`` instructions or more; names the layers that grew.

        Instructions are counted by the emulator: exact, and the same on every run.
        """
        self._hold("instructions", self.get_instructions(), _whole(limit, "instructions") - 1, f"not below {limit}")

    @keyword
    def instructions_should_be_at_most(self, limit: str) -> None:
        """Fails when the last inference took more instructions than ``limit``; names the layers that grew.

        It is the rule of ``mcugen emit --max-instructions``.
        """
        self._hold("instructions", self.get_instructions(), _whole(limit, "instructions"))

    @keyword
    def cycles_should_be_below(self, limit: str) -> None:
        """Fails when the last inference took ``limit`` cycles or more, by `Get Cycles`; names the layers that grew."""
        self._hold("cycles", self.get_cycles(), _whole(limit, "cycles") - 1, f"not below {limit}")

    @keyword
    def cycles_should_be_at_most(self, limit: str) -> None:
        """Fails when the last inference took more cycles than ``limit``, by `Get Cycles`; names the layers that grew.

        It is the rule of ``mcugen emit --max-cycles``.
        """
        self._hold("cycles", self.get_cycles(), _whole(limit, "cycles"))

    @keyword
    def cycles_are_known(self) -> bool:
        """Returns whether there are cycles: of the firmware that was emitted, on a core with a timing model."""
        return self._timings is not None

    @keyword
    def log_counts(self) -> None:
        """Writes the instructions and cycles of the last inference to the console and into the log."""
        count = self._module_count()
        cycles = "no cycles" if count.cycles is None else f"{count.cycles:,} cycles ({self._module['cycles_source']})"
        words = f"{self._module['name']} on {self._module['board']}: {count.instructions:,} instructions, {cycles}"
        logger.info(words)
        logger.console(words)

    @keyword
    def memory_should_be_intact(self) -> None:
        """Checks the bytes around the module's arena and the end of the stack, which no inference may have written."""
        for side in ("below", "above"):
            found = self._read(self._image.address(f"linker_guard_{side}"), _GUARD_BYTES)
            if found != bytes([_GUARD_PATTERN]) * _GUARD_BYTES:
                raise AssertionError(f"the module wrote outside its arena: the guard {side} it is {found.hex()}")
        pattern = self._read(self._image.address("linker_stack_bottom"), 4)
        if int.from_bytes(pattern, "little") != self._module["stack_pattern"]:
            raise AssertionError("the inference used all of the stack")

    def _hold(self, figure: str, actual: int, limit: int, rule: str = "") -> None:
        """Fails when a figure of `_Count` is above a limit."""
        logger.info(f"{actual} {figure}, at most {limit} are allowed")
        if actual <= limit:
            return
        counts = [getattr(count, figure) for count in self._counts()[1:-1]]
        layers = self._module["layers"]
        grown = [
            f"{self._describe(i)}: {count}, {layer[figure]} when the module was emitted"
            for i, (layer, count) in enumerate(zip(layers, counts, strict=True))
            if count > layer[figure]
        ]
        most = max(range(len(layers)), key=lambda i: counts[i])
        reasons = grown or [f"no layer grew since the module was emitted; the largest is {self._describe(most)}"]
        source = f" ({self._module['cycles_source']})" if figure == "cycles" else ""
        raise AssertionError(
            f"the inference took {actual} {figure}{source}, {rule or f'{actual - limit} more than {limit}'}\n"
            + "\n".join(reasons)
        )

    def _wait(self, pattern: str) -> str:
        """The next line of the console that matches.

        Raises AssertionError when the firmware ends instead, or says nothing of the kind in time.
        """
        status, result = BuiltIn().run_keyword_and_ignore_error(
            "Wait For Line On Uart", escape(rf"{pattern}|{_END}"), "treatAsRegex=True"
        )
        if status != "PASS":
            raise AssertionError(self._explain_silence(str(result)))
        line = str(result["Line"] if isinstance(result, dict) else getattr(result, "Line", result)).strip()
        self._lines.append(line)
        ended = re.search(_END, line)
        if ended:
            raise AssertionError(self._explain_end(int(ended[1]), ended[2]))
        return line

    def _explain_silence(self, words: str) -> str:
        """Why no line came: Renode's own words are its tester's report of the UART, or of another failure."""
        if "Full report" not in words:
            return words
        place = self._execute("cpu PC")
        where = self._image.describe(int(place, 0)) if re.fullmatch(r"0x[0-9A-Fa-f]+", place) else "unknown"
        said = re.findall(r"^\[host: [^\]]*\] *(.*\S)", words, re.MULTILINE)
        unfinished = re.findall(r"Current line buffer contains \d+ characters: >>(.*)<<", words)
        last = [*(said or self._lines), *unfinished][-_LAST_LINES:]
        output = "".join(f"\n    {line}" for line in last) or " none"
        return f"the firmware hung at pc {where}; its last output:{output}"

    def _explain_end(self, code: int, words: str) -> str:
        facts = {key: int(value, 16) for key, value in re.findall(r"(\w+)=0x([0-9a-f]+)", words)}
        if code != _FAULT:
            return f"the firmware ended with code {code}: {words.strip()}"
        status = facts.get("fault_cfsr", 0)
        causes = [text for bit, text in _FAULT_CAUSES.items() if status >> bit & 1] or ["hard fault"]
        places = [f"{name} {self._image.describe(facts[f'fault_{name}'])}" for name in ("pc", "lr")]
        return f"the firmware faulted: {', '.join(causes)}, at {', called from '.join(places)}"

    def _check_state(self, line: str) -> None:
        status = re.search(r"status (-?\d+)", line)
        if status is None or int(status[1]):
            raise AssertionError(f"the module returned an error: {line}")
        if "guards intact" not in line:
            raise AssertionError(f"the module wrote outside its arena{self._first_wrong_layer(self._sample)}")
        if "OVERFLOW" in line:
            raise AssertionError("the inference used all of the stack")

    def _first_wrong_layer(self, sample: int) -> str:
        """More words for a message: the layer where it went wrong."""
        if sample != 0:
            return ""
        for index in range(len(self._module["layers"])):
            difference = self._layer_difference(index)
            if difference:
                return f"\nthe first wrong layer is {self._describe(index)}: {difference}"
        return ""

    def _layer_difference(self, index: int) -> str:
        actual = bytes.fromhex(self._execute(f"mcugen_layer {index}"))
        expected = b"".join(map(base64.b64decode, self._module["samples"]["layers"][index]))
        return _difference(expected, actual)

    def _describe(self, index: int) -> str:
        layer = self._module["layers"][index]
        return f"layer {layer['name']} ({layer['op']}, {layer['kernel']})"

    def _counts(self) -> list[_Count]:
        """Of the last inference: before the first layer, of each layer, after the last one."""
        if not self._requests:
            raise AssertionError("no inference has run: use Run Inference first")
        if not self._counted:
            try:
                regions = read_regions(self._execute("cpu GetBlockCounts"))
            except IncompleteCountError as error:
                raise AssertionError(f"counting failed: {error}") from error
            sums = [total(region, self._timings) for region in regions]
            self._counted = [_Count(n, cycles if self._timings is not None else None) for n, cycles in sums]
        return self._counted

    def _module_count(self) -> _Count:
        counts = self._counts()
        cycles = [count.cycles for count in counts if count.cycles is not None]
        return _Count(sum(count.instructions for count in counts), sum(cycles) if cycles else None)

    def _layer_count(self, name: str) -> _Count:
        return self._counts()[1 + self._layer_index(name)]

    def _layer_index(self, name: str) -> int:
        names = self.get_layers()
        if name not in names:
            raise AssertionError(f"the module has no layer {name}; it has {', '.join(names)}")
        return names.index(name)

    def _need_cycles(self, count: _Count) -> int:
        if count.cycles is not None:
            return count.cycles
        if self._module["timings"] is None:
            raise AssertionError(f"there is no timing model for {self._module['core']}, so there are no cycles")
        raise AssertionError(
            f"cycles are known for the emitted firmware only, not for {self._image.path}: emit the module again"
        )

    def _write_inputs(self, data: list[bytes]) -> None:
        ports = self._module["inputs"]
        if [len(d) for d in data] != [p["bytes"] for p in ports]:
            raise AssertionError(
                f"inputs of {[len(d) for d in data]} bytes given, the module takes "
                + ", ".join(f"{p['name']}: {p['bytes']}" for p in ports)
            )
        for port, values in zip(ports, data, strict=True):
            self._write(self._image.address(port["symbol"]), values)

    def _read(self, address: int, size: int) -> bytes:
        return bytes.fromhex(self._execute(f"mcugen_read {address} {size}"))

    def _write(self, address: int, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK_BYTES):
            self._execute(f'mcugen_write {address + start} "{data[start : start + _CHUNK_BYTES].hex()}"')

    def _execute(self, command: str) -> str:
        return str(_run("Execute Command", escape(command))).strip()


def _run(name: str, *arguments: str) -> Any:
    """A keyword of Renode; in its arguments backslashes and variables count as in a suite."""
    return BuiltIn().run_keyword(name, *arguments)


def _quoted(path: Path) -> str:
    """A path as Renode's monitor takes it."""
    return str(path).replace(" ", "\\ ")


def _whole(text: object, what: str) -> int:
    """A limit, as a suite or --variable gives it: 3400000, or 3_400_000."""
    if not re.fullmatch(r"\s*\d[\d_]*\s*", str(text)) or int(str(text)) < 1:
        raise AssertionError(f"{str(text)!r} is no number of {what}: write digits alone, such as 3400000")
    return int(str(text))


def _read_image(path: Path, module: dict[str, Any]) -> Image:
    if not path.is_file():
        raise AssertionError(f"there is no firmware {path}: correct ELF, or emit the module again with --renode")
    try:
        image = Image(path)
        image.check(module)
    except ValueError as error:
        raise AssertionError(str(error)) from error
    return image


def _read_description(folder: Path) -> dict[str, Any]:
    path = folder / "module.json"
    try:
        description = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise AssertionError(f"cannot read {path}: {error}; emit the module with --renode") from error
    if not isinstance(description, dict):
        raise AssertionError(f"{path} does not describe a module; emit the module with --renode")
    if description.get("format") != _FORMAT:
        raise AssertionError(f"{path} has format {description.get('format')}, these keywords read {_FORMAT}")
    return description  # type: ignore[no-any-return]


def _difference(expected: bytes, actual: bytes) -> str:
    """Empty when equal."""
    if len(expected) != len(actual):
        return f"{len(actual)} bytes instead of {len(expected)}"
    wrong = [i for i, (a, b) in enumerate(zip(expected, actual, strict=True)) if a != b]
    if not wrong:
        return ""
    first = wrong[0]
    values = [int.from_bytes(data[first : first + 1], "little", signed=True) for data in (expected, actual)]
    return f"{len(wrong)} of {len(expected)} values differ, first at {first}: expected {values[0]}, got {values[1]}"
