"""The one Jinja2 environment for everything that is written as text: C, CMake, linker scripts, suites.

Templates lie in the folder `templates` of the package that fills them in.
"""

from __future__ import annotations

import functools

import jinja2


@functools.cache
def _environment(package: str) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )


def render_template(package: str, template: str, /, **context: object) -> str:
    """One filled-in template.

    Args:
        package: whose folder `templates` has it, such as "mcugen.emit".

    Raises:
        jinja2.UndefinedError: the template uses a name that the context lacks.
    """
    return _environment(package).get_template(template).render(context)
