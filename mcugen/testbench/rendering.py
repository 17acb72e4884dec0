"""The Jinja2 environment of scripts and suites."""

from __future__ import annotations

import functools
from typing import Any

import jinja2


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("mcugen.testbench"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )


def render(template: str, context: dict[str, Any]) -> bytes:
    """One file from `templates/`."""
    return _environment().get_template(template).render(context).encode()
