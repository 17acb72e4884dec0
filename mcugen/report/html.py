"""The report page of `emit`, `verify` and `accuracy --report`: one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path

import jinja2

from mcugen import __version__
from mcugen.report.files import write_file
from mcugen.report.page import arena, bars, noise, roofline
from mcugen.report.page.layers import layer_panels, layer_table
from mcugen.report.page.network import draw_network
from mcugen.report.page.subject import Subject
from mcugen.report.page.tiles import tiles


def write_report(subject: Subject, path: Path) -> None:
    """Raises InputError when the file cannot be written."""
    write_file(path, render_page(subject).encode())


def render_page(subject: Subject) -> str:
    """The whole page; nothing in it is loaded from elsewhere."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mcugen.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["px"] = lambda value: f"{value:.1f}".removesuffix(".0")
    return environment.get_template("page/page.html.j2").render(
        version=__version__,
        subject=subject,
        manifest=subject.manifest,
        board=subject.manifest.target,
        measured=subject.measured,
        tiles=tiles(subject),
        network=draw_network(subject),
        time=bars.time_bar(subject),
        memories=bars.memory_bars(subject),
        arena=arena.arena_chart(subject.manifest),
        roofline=roofline.roofline(subject),
        noise=noise.noise_chart(subject),
        layers=layer_table(subject),
        panels=layer_panels(subject),
    )
