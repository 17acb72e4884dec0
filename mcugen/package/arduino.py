"""An Arduino library: https://arduino.github.io/arduino-cli/latest/library-specification/, revision 2.2.

The tool compiles every C file below `src/` by itself, with `src/` as the only folder that headers are found in. So
kernels, which the schedule includes, are headers there; everything but the module's header lies in a folder of its
name, where two libraries do not meet.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from mcugen.errors import InputError
from mcugen.package.move import move
from mcugen.package.subject import Files, Subject, license_file

_INCLUDE_FOLDER = PurePosixPath("include")
_SOURCE = PurePosixPath("src")
# Headers of Arduino's cores and of the libraries that come with them: on a file system that does not tell Wire.h from
# wire.h, the module's would take their place.
_TAKEN = frozenset(
    """arduino binary can client eeprom ethernet firmata hid keyboard mouse pins print printable sd servo softwareserial
    spi stepper stream udp usb wifi wire wstring""".split()
)
_INCLUDE_LINE = re.compile(rb'^#include ".*"$', re.MULTILINE)


def arduino_library(subject: Subject) -> Files:
    """The library's folder.

    Raises:
        InputError: the module's name is one of Arduino's, or it calls what such a library cannot bring.
    """
    subject.without({"cmsis_nn": subject.calls_cmsis_nn, "npu": subject.runs_on_npu}, "arduino")
    name = subject.name
    if name in _TAKEN:
        raise InputError(
            f"an Arduino library cannot be called {name}: its header {name}.h would take the place of one of Arduino's",
            where="--package arduino",
            hint=f"give another name with --name, such as --name {name}_model",
        )
    library = _sources(subject)
    start = subject.render("arduino_start.h.j2", optimize_speed=subject.module.manifest.compiler_optimization != "-Os")
    schedule = _SOURCE / name / f"{name}.c"
    library[schedule] = start + library[schedule]
    inference, test = PurePosixPath("examples/Inference"), PurePosixPath("examples/SelfTest")
    vectors = subject.module.files[PurePosixPath("vectors") / f"{name}_vectors.h"]
    return {
        **library,
        **license_file(),
        PurePosixPath("library.properties"): subject.render("library.properties.j2"),
        PurePosixPath("keywords.txt"): subject.render("keywords.txt.j2"),
        PurePosixPath("README.md"): subject.render("arduino_readme.md.j2"),
        inference / "Inference.ino": subject.render("inference.ino.j2"),
        test / "SelfTest.ino": subject.render("self_test.ino.j2"),
        test / "vectors.h": subject.render("self_test_vectors.h.j2"),
        test / "vectors.c": subject.render("self_test_vectors.c.j2"),
        # The tool copies a sketch elsewhere: the only header that it finds from there is the library's.
        test / f"{name}_vectors.h": _INCLUDE_LINE.sub(f"#include <{name}.h>".encode(), vectors),
    }


def _sources(subject: Subject) -> Files:
    name = subject.name
    files = subject.part("include", "src", "kernels")
    own = _SOURCE / name
    places = {}
    for path in files:
        if path == _INCLUDE_FOLDER / f"{name}.h":
            places[path] = _SOURCE / path.name
        elif path.parts[0] == "include":
            places[path] = own / path.relative_to("include")
        elif path.parts[0] == "src":
            places[path] = own / path.name
        else:
            places[path] = own / (path if path.suffix == ".h" else path.with_suffix(".h"))
    return move(files, places, _INCLUDE_FOLDER)
