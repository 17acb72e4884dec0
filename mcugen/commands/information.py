"""What there is: `mcugen ops`, `boards`, `docs`, `doctor`."""

from __future__ import annotations

import json
import sys
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


def docs(
    page: Annotated[
        str | None, typer.Argument(metavar="PAGE", help="Such as numbers; without it the pages are listed.")
    ] = None,
    path: Annotated[
        bool, typer.Option("--path", help="Print the file's path instead; without a page the folder's.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read mcugen's documentation, which is installed with it: a page's text, or the list of pages."""
    from mcugen.report.pages import find_page, list_pages
    from mcugen.resources import data_folder

    if as_json:
        found = [find_page(page)] if page else list_pages()
        print(json.dumps({"pages": [{"name": p.name, "title": p.title, "path": str(p.path)} for p in found]}))
    elif path:
        print(find_page(page).path if page else data_folder("docs"))
    elif page:
        text = find_page(page).read()
        if sys.stdout.isatty():
            with output.pager(styles=True):
                from rich.markdown import Markdown  # knows all of Markdown; no other command needs it

                output.print(Markdown(text))
        else:
            print(text, end="")
    else:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("page", no_wrap=True)
        table.add_column("about")
        for one in list_pages():
            table.add_row(one.name, one.title)
        output.print(table)


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
