"""What every kind of package says of a module: its names, ports and licence, and who publishes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from mcugen import __version__
from mcugen.emit.assemble import Module
from mcugen.emit.module import port_parameters
from mcugen.emit.names import plain_text
from mcugen.emit.ports import port_context
from mcugen.errors import InputError
from mcugen.resources import data_file
from mcugen.templates import render_template

Files = dict[PurePosixPath, bytes]
"""Contents by path."""

LICENSE = PurePosixPath("LICENSE")

# https://semver.org without build metadata, which pack files cannot have. Lengths are those of PlatformIO.
_NUMBER = r"(0|[1-9][0-9]{0,5})"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?")
_VENDOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_URL = re.compile(r"https?://[!-;=?-~]{1,200}")


@dataclass(frozen=True)
class Publisher:
    """Who publishes packages, and which version of the model they hold.

    Attributes:
        version: semantic, such as "1.0.0" or "1.2.0-rc1".
        vendor: letters, digits, - and _.
        url: a page about the model; "" for none.
    """

    version: str = "1.0.0"
    vendor: str = "mcugen"
    url: str = ""

    def check(self) -> None:
        """Raises InputError when a package cannot say one of them."""
        if len(self.version) > 20 or not _VERSION.fullmatch(self.version):
            raise InputError(
                f"--package-version {self.version!r} is not a semantic version",
                hint="three numbers, such as 1.0.0, and no more than 20 characters",
            )
        if not _VENDOR.fullmatch(self.vendor):
            raise InputError(
                f"--package-vendor {self.vendor!r} cannot be a vendor's name in every kind of package",
                hint="1 to 32 letters, digits, - and _, such as Example-Inc",
            )
        if self.url and not _URL.fullmatch(self.url):
            raise InputError(
                f"--package-url {self.url!r} is not the address of a page", hint="such as https://example.com/kws"
            )


@dataclass(frozen=True)
class Subject:
    """The module that a package is made of, without what other packages added to it."""

    module: Module
    publisher: Publisher

    @property
    def name(self) -> str:
        return self.module.manifest.name

    @property
    def kernel_sources(self) -> list[str]:
        """Files below `kernels_cmsis/` with the kernels that it calls."""
        return sorted({s.invocation.source for s in self.module.plan.steps if not s.invocation.alias})

    @property
    def calls_cmsis_nn(self) -> bool:
        return any(source.startswith("cmsis_nn/") for source in self.kernel_sources)

    @property
    def runs_on_npu(self) -> bool:
        return any(step.invocation.fallible for step in self.module.plan.steps)

    def without(self, what: Mapping[str, bool], kind: str) -> None:
        """Refuses what a kind of package cannot hold.

        Args:
            what: "cmsis_nn" or "npu", and whether the module has it.

        Raises:
            InputError: it has one of them.
        """
        if what.get("cmsis_nn"):
            raise InputError(
                f"a package for {kind} cannot bring CMSIS-NN, which layers of {self.name} call",
                where=f"--package {kind}",
                hint="emit with --kernels native or portable, or take --package cmsis-pack, cmake or zip",
            )
        if what.get("npu"):
            raise InputError(
                f"a package for {kind} cannot bring the driver of an NPU, on which layers of {self.name} run",
                where=f"--package {kind}",
                hint="emit with --npu off, or take --package cmsis-pack, cmake or zip",
            )

    def context(self) -> dict[str, Any]:
        """What the templates ask for."""
        graph, manifest = self.module.plan.graph, self.module.manifest
        board = manifest.target
        ports = {
            group: [
                port_context(graph, port, group, name)
                for port, name in zip(of, port_parameters(of, group), strict=True)
            ]
            for group, of in (("input", graph.inputs), ("output", graph.outputs))
        }
        return {
            "mcugen": __version__,
            "name": self.name,
            "NAME": self.name.upper(),
            "version": self.publisher.version,
            "vendor": self.publisher.vendor,
            "url": self.publisher.url,
            "model": plain_text(manifest.model.file),
            "board": _prose(board.description or board.name),
            "core": board.cpu.core,
            "arena_bytes": manifest.memory.arena_bytes,
            "constant_bytes": manifest.memory.constant_bytes,
            "macs": manifest.macs,
            "inputs": ports["input"],
            "outputs": ports["output"],
            "arguments": [port["c_name"] for port in ports["input"] + ports["output"]],
            "stateful": bool(graph.states),
            "npu": self.runs_on_npu,
            "cmsis_nn": self.calls_cmsis_nn,
        }

    def render(self, template: str, **more: Any) -> bytes:
        return render_template("mcugen.package", template, **self.context(), **more).encode()

    def part(self, *folders: str) -> Files:
        """The module's files below these folders."""
        return {path: content for path, content in self.module.files.items() if path.parts[0] in folders}


def _prose(text: str) -> str:
    """Text that means nothing but itself in XML, Markdown and lists of properties."""
    return re.sub(r"[^0-9A-Za-z_.:/ (),+-]", "_", text)


def license_file() -> Files:
    """The licence of what mcugen writes and of its kernels."""
    return {LICENSE: data_file("LICENSE").read_bytes()}
