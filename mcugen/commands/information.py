"""What there is: `mcugen ops`, `boards`, `doctor`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from mcugen.commands.options import Json
from mcugen.commands.terminal import output


def ops(
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As docs/operators.md has it.")] = False,
) -> None:
    """List what is supported: operators of torch.export, and the kernels of each operator by core and data type."""
    from mcugen.report import supported

    found = supported.supported()
    if as_json:
        print(json.dumps(found.as_json()))
    elif markdown:
        print(supported.markdown(found), end="")
    else:
        for part in supported.tables(found):
            output.print(part)


def boards(as_json: Json = False) -> None:
    """List the boards."""
    from mcugen.boards import list_boards
    from mcugen.report.boards import board_json, board_table

    found = list_boards()
    if as_json:
        print(json.dumps({"boards": [board_json(b) for b in found]}))
    else:
        output.print(board_table(found))


def doctor(as_json: Json = False) -> None:
    """Check what is installed; names what is missing and the command that installs it."""
    from mcugen.report.tools import doctor_table
    from mcugen.verify.doctor import check_tools

    checks = check_tools()
    if as_json:
        print(json.dumps({"ok": all(c.ok or not c.required for c in checks), "tools": [c.as_json() for c in checks]}))
    else:
        output.print(doctor_table(checks))
    if any(c.required and not c.ok for c in checks):
        raise typer.Exit(3)
