"""A CMake package: `find_package(<name> CONFIG)`, `add_subdirectory`, `FetchContent`, `cmake --install`.

It is the module's own CMake library with the files that the other ways want.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from mcugen.package.subject import Files, Subject, license_file


def cmake_package(subject: Subject) -> Files:
    """The package's folder. One that needs another library has no rules for installing: those are its application's."""
    name, of_module = subject.name, subject.module.files
    installable = not subject.calls_cmsis_nn and not subject.runs_on_npu
    says = {"number": subject.publisher.version.partition("-")[0], "installable": installable}
    vectors = PurePosixPath("vectors") / f"{name}_vectors.h"
    files = {
        **subject.part("include", "src", "kernels", "npu", "example", "test", "zephyr"),
        **{path: of_module[path] for path in (PurePosixPath("CMakeLists.txt"), PurePosixPath("Kconfig"), vectors)},
        **license_file(),
        PurePosixPath("README.md"): subject.render("cmake_readme.md.j2", **says),
        PurePosixPath(f"{name}Config.cmake"): subject.render("cmake_config.cmake.j2"),
        PurePosixPath(f"{name}ConfigVersion.cmake"): subject.render("cmake_version.cmake.j2", **says),
    }
    if installable:
        files[PurePosixPath("cmake/install.cmake")] = subject.render("cmake_install.cmake.j2")
    return files
