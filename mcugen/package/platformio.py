"""A PlatformIO library: https://docs.platformio.org/en/latest/manifests/library-json/index.html.

The tool compiles `src/` and finds headers in `include/`: the module's own layout.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from mcugen.package.subject import Files, Subject, license_file


def platformio_library(subject: Subject) -> Files:
    """The library's folder.

    Raises:
        InputError: the module calls what such a library cannot bring.
    """
    subject.without({"cmsis_nn": subject.calls_cmsis_nn, "npu": subject.runs_on_npu}, "platformio")
    optimization = subject.module.manifest.compiler_optimization
    example = PurePosixPath("examples/inference")
    return {
        **subject.part("include", "src", "kernels"),
        **license_file(),
        PurePosixPath("library.json"): _manifest(subject, optimization),
        PurePosixPath("README.md"): subject.render("platformio_readme.md.j2", optimization=optimization),
        example / "platformio.ini": subject.render("platformio.ini.j2"),
        example / "src/main.c": subject.module.files[PurePosixPath("example/main.c")],
    }


def _manifest(subject: Subject, optimization: str) -> bytes:
    says, publisher = subject.context(), subject.publisher
    manifest = {
        "name": subject.name,
        "version": publisher.version,
        "description": f"The neural network {subject.name} in plain C, made by mcugen from {says['model']}"[:255],
        "keywords": ["neural network", "inference", "tinyml"],
        "authors": [{"name": publisher.vendor, "maintainer": True}],
        **({"homepage": publisher.url} if publisher.url else {}),
        "license": "Apache-2.0",
        "frameworks": "*",
        "platforms": "*",
        "headers": f"{subject.name}.h",
        "examples": [
            {"name": "Inference", "base": "examples/inference", "files": ["platformio.ini", "src/main.c"]},
        ],
        "build": {
            "includeDir": "include",
            "srcDir": "src",
            "flags": [optimization],
            "unflags": [flag for flag in ("-O0", "-Og", "-O1", "-Os", "-O2", "-O3") if flag != optimization],
        },
    }
    return (json.dumps(manifest, indent=2) + "\n").encode()
