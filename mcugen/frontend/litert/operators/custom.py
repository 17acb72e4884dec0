"""Custom operators of files that other compilers have already been at."""

from __future__ import annotations

from mcugen.frontend.litert.step import Row, Step


def _ethos_u(step: Step) -> None:
    step.fail(
        "is a command stream that Vela has made for one configuration of an Ethos-U, without layers that could be "
        "checked or shared out",
        "give mcugen the file from before Vela: for a board with an NPU it runs Vela itself (docs/npu.md); "
        "`mcugen npu run` executes a file of Vela's as it is",
    )


ROWS: dict[str, Row] = {
    "ethos-u": _ethos_u,
}
