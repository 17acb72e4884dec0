"""Plan -> an emitted module in memory: sources, vectors, and the manifest that lists them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mcugen.emit import manifest as manifests
from mcugen.emit.describe import manifest_of
from mcugen.emit.detailed import details_of
from mcugen.emit.details import DETAILS_NAME
from mcugen.emit.details import to_json as details_to_json
from mcugen.emit.module import port_parameters, render
from mcugen.emit.output import write_folder
from mcugen.emit.paths import FILE_NAME
from mcugen.emit.self_test import self_test_files
from mcugen.emit.vectors import make_vectors, vector_files, vector_header
from mcugen.ethosu.partition import Partition
from mcugen.kernels.cmsis_nn import CmsisNn
from mcugen.plan.plan import Plan


@dataclass(frozen=True)
class Module:
    """An emitted module in memory.

    Attributes:
        files: contents by path inside the module's folder.
    """

    manifest: manifests.Manifest
    plan: Plan
    files: dict[PurePosixPath, bytes]

    def write(self, folder: Path, *, force: bool = False) -> None:
        """Writes the files, all or nothing; see `write_folder` for what a folder may hold besides."""
        write_folder(folder, self.files, force=force)

    def with_files(self, files: Mapping[PurePosixPath, bytes]) -> Module:
        """The same module with more files, which its manifest lists too."""
        hashes = {str(path): hashlib.sha256(content).hexdigest() for path, content in files.items()}
        manifest = self.manifest.model_copy(update={"files": dict(sorted({**self.manifest.files, **hashes}.items()))})
        return Module(
            manifest,
            self.plan,
            {**self.files, **files, PurePosixPath(FILE_NAME): manifests.to_json(manifest)},
        )


def assemble(
    plan: Plan,
    name: str,
    model: manifests.ModelEntry,
    options: Mapping[str, Any],
    library: CmsisNn | None,
    partition: Partition | None = None,
    *,
    self_test: bool = False,
) -> Module:
    """All files of a module.

    Args:
        name: the module's, a C identifier.
        model: the file that it comes from.
        options: what it was asked for, for the manifest.
        library: the CMSIS-NN that the kernels were chosen for; noted in the manifest when a layer calls it.
        partition: what goes to an NPU, and what does not; None: nobody asked.
        self_test: C for a test on the user's own board comes with it.
    """
    accelerator = partition.accelerator if partition and partition.parts else None
    text = render(plan, name, model.file, accelerator, self_test=self_test)
    vectors = make_vectors(plan.graph, [name for c in text.calls for name in c.step.invocation.outputs])
    ports = (port_parameters(plan.graph.inputs, "input"), port_parameters(plan.graph.outputs, "output"))
    files = dict(text.files) | vector_files(vectors) | vector_header(name, vectors, *ports)
    if self_test:
        files |= self_test_files(plan, text.calls, name, vectors)
    files[PurePosixPath(DETAILS_NAME)] = details_to_json(details_of(plan, text.calls))
    entries = dict(options)
    if library is not None and any(c.step.invocation.source.startswith("cmsis_nn/") for c in text.calls):
        entries["cmsis_nn"] = {"path": str(library.path), "version": library.version}
    manifest = manifest_of(plan, text, name, model, files, entries, partition)
    files[PurePosixPath(FILE_NAME)] = manifests.to_json(manifest)
    return Module(manifest, plan, files)
