"""Which kinds of packages there are, and a module with those that were asked for: `packages/<kind>/...`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath, PurePosixPath

from mcugen.emit.assemble import Module
from mcugen.errors import InputError
from mcugen.package.archive import below, zip_archive
from mcugen.package.arduino import arduino_library
from mcugen.package.cmake import cmake_package
from mcugen.package.cmsis_pack import cmsis_pack
from mcugen.package.platformio import platformio_library
from mcugen.package.subject import Files, Publisher, Subject, license_file

FOLDER = PurePosixPath("packages")


def _arduino(subject: Subject) -> Files:
    """A folder, for arduino-cli and the sketchbook, and the zip that the IDE takes."""
    library = below(subject.name, arduino_library(subject))
    return {**library, _archive_name(subject): zip_archive(library)}


def _platformio(subject: Subject) -> Files:
    return below(subject.name, platformio_library(subject))


def _cmake(subject: Subject) -> Files:
    return below(subject.name, cmake_package(subject))


def _zip(subject: Subject) -> Files:
    """The module's own folder, which every command of mcugen takes when it is unpacked."""
    module = _without_paths(subject.module).with_files(license_file())
    return {_archive_name(subject): zip_archive(below(subject.name, module.files))}


def _without_paths(module: Module) -> Module:
    """The module as it is on any machine: where CMSIS-NN lies is found out there."""
    options = module.manifest.options
    library = options.get("cmsis_nn")
    if library is None:
        return module
    told = {**options, "cmsis_nn": {**library, "path": PurePath(library["path"]).name}}
    return Module(module.manifest.model_copy(update={"options": told}), module.plan, module.files)


def _archive_name(subject: Subject) -> PurePosixPath:
    return PurePosixPath(f"{subject.name}-{subject.publisher.version}.zip")


KINDS: Mapping[str, Callable[[Subject], Files]] = {
    "arduino": _arduino,
    "platformio": _platformio,
    "cmsis-pack": cmsis_pack,
    "cmake": _cmake,
    "zip": _zip,
}


def check_packages(kinds: Iterable[str], publisher: Publisher) -> None:
    """Raises InputError for a kind that there is not, or what no package can say."""
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"there is no package of the kind {kind!r}", hint=f"one of {', '.join(KINDS)}")
    publisher.check()


def with_packages(module: Module, kinds: Iterable[str], publisher: Publisher) -> Module:
    """The module with these packages of itself.

    Raises:
        InputError: a kind of package cannot hold the module; the error says what can.
    """
    subject = Subject(module, publisher)
    packages: Files = {}
    for kind in sorted(set(kinds)):
        packages |= below(str(FOLDER / kind), KINDS[kind](subject))
    return module.with_files(packages) if packages else module
