"""Options that the commands share, with what they may be."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mcugen.commands import completion


class Kernels(StrEnum):
    auto = "auto"
    native = "native"
    cmsis_nn = "cmsis-nn"
    portable = "portable"


class Optimize(StrEnum):
    speed = "speed"
    size = "size"
    ram = "ram"


class FinalSoftmax(StrEnum):
    keep = "keep"
    drop = "drop"


class IoType(StrEnum):
    int8 = "int8"
    int16 = "int16"
    float32 = "float32"


class IoLayout(StrEnum):
    device = "device"
    model = "model"


class Switch(StrEnum):
    auto = "auto"
    on = "on"
    off = "off"


class PackageKind(StrEnum):
    arduino = "arduino"
    platformio = "platformio"
    cmsis_pack = "cmsis-pack"
    cmake = "cmake"
    zip = "zip"


class Npu(StrEnum):
    off = "off"
    auto = "auto"
    require = "require"


class RunnerName(StrEnum):
    auto = "auto"
    renode = "renode"
    qemu = "qemu"


class Harness(StrEnum):
    mlperf_tiny = "mlperf-tiny"


class HarnessInput(StrEnum):
    int8 = "int8"
    uint8 = "uint8"


class FirmwareKind(StrEnum):
    bare = "bare"
    zephyr = "zephyr"


class CompareFormat(StrEnum):
    text = "text"
    markdown = "markdown"


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
Runner = Annotated[RunnerName, typer.Option(help="Emulator; auto takes the one that suits the board.")]
ReportPage = Annotated[
    Path | None, typer.Option("--report", metavar="FILE.html", help="Write a page: network, time, memory, kernels.")
]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown in place of the summary.")]
ResetEvery = Annotated[
    int | None,
    typer.Option(
        "--reset-every",
        metavar="N",
        min=1,
        help="Of a model with state: start again after N samples; default: all samples are one sequence.",
    ),
]
States = Annotated[
    list[str] | None,
    typer.Option("--state", metavar="OUT=IN", help="Keep this output as that input of the next inference; repeatable."),
]
Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py|NAME",
        help="Run this Python file (or entry point), which gives operators of your own an integer form; repeatable.",
    ),
]
Observer = Annotated[
    str,
    typer.Option(
        metavar="NAME[,NAME...]",
        help="How ranges of activations are found: minmax, moving-average, histogram, percentile[:99.99], mse, tail; "
        "of several the best is kept, and `best` is tail,histogram.",
    ),
]
Equalize = Annotated[
    Switch, typer.Option(help="Bring the channels between two layers to like ranges; auto: where it gains.")
]
Gptq = Annotated[
    Switch, typer.Option("--gptq", help="Round weights for their layer's results (GPTQ); auto: where it gains.")
]
BiasCorrection = Annotated[
    Switch, typer.Option(help="Let biases take up the mean error of their channel; auto: where it gains.")
]
Precision = Annotated[
    str,
    typer.Option(
        metavar="int8|int16|int4|FILE.yml",
        help="Types that layers compute in: int16 = int16 activations with int8 weights, int4 = int4 weights with int8 "
        "activations, or a file of rules (docs/precision.md).",
    ),
]
Packages = Annotated[
    list[PackageKind] | None,
    typer.Option("--package", help="Add a package of the module that this tool takes as it is; repeatable."),
]
PackageVersion = Annotated[str, typer.Option(metavar="X.Y.Z", help="The version that packages say.")]
PackageVendor = Annotated[str, typer.Option(metavar="NAME", help="Who publishes them.")]
PackageUrl = Annotated[str, typer.Option(metavar="URL", help="A page about the model, for packages.")]
ModuleFolder = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="Folder that `mcugen emit` wrote.", autocompletion=completion.modules),
]
MaybeModule = Annotated[
    Path | None,
    typer.Argument(metavar="DIR", help="Folder that `mcugen emit` wrote.", autocompletion=completion.modules),
]
AllowEdited = Annotated[
    bool, typer.Option("--allow-edited", help="Take files of the module that were edited since; the result says so.")
]
ProjectFile = Annotated[
    Path | None,
    typer.Option("--project", metavar="FILE", help="Project file, or its folder; default: mcugen.yml in this folder."),
]
OnlyModels = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="Only this model of the project; repeatable.",
        autocompletion=completion.project_models,
    ),
]
OnlyBoards = Annotated[
    list[str] | None,
    typer.Option(
        "--board",
        metavar="NAME",
        help="Only this board of the project; repeatable.",
        autocompletion=completion.project_boards,
    ),
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", metavar="N", min=1, help="Processes at a time; default: one a processor.")
]
