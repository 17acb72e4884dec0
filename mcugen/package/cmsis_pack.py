"""A CMSIS pack: https://open-cmsis-pack.github.io/Open-CMSIS-Pack-Spec/. Its schema, PACK.xsd, is published there."""

from __future__ import annotations

from pathlib import PurePosixPath

from mcugen.errors import InputError
from mcugen.package.archive import zip_archive
from mcugen.package.cores import accepted_cores
from mcugen.package.subject import Files, Subject, license_file

# Of a component's Csub, in the schema.
_LONGEST = 32


def cmsis_pack(subject: Subject) -> Files:
    """`<vendor>.<name>.<version>.pack`.

    Raises:
        InputError: the module's name is longer than a component's may be.
    """
    name, publisher = subject.name, subject.publisher
    if len(name) > _LONGEST:
        raise InputError(
            f"a component of a CMSIS pack cannot be called {name}: its name has more than {_LONGEST} characters",
            where="--package cmsis-pack",
            hint="give a shorter one with --name",
        )
    files = subject.part("include", "src", "kernels", "npu") | license_file()
    files[PurePosixPath("template/main.c")] = subject.module.files[PurePosixPath("example/main.c")]
    library = subject.module.manifest.options.get("cmsis_nn") or {}
    says = {
        "optimization": subject.module.manifest.compiler_optimization,
        "cmsis_nn_version": library.get("version", ""),
        "cores": accepted_cores(subject.kernel_sources, subject.module.manifest.target.cpu),
        "sources": [path for path in sorted(files) if path.parts[0] in ("src", "npu") and path.suffix == ".c"],
        "kernels": [path for path in sorted(files) if path.parts[0] == "kernels"],
    }
    files[PurePosixPath("README.md")] = subject.render("cmsis_pack_readme.md.j2", **says)
    files[PurePosixPath(f"{publisher.vendor}.{name}.pdsc")] = subject.render("pdsc.j2", **says)
    return {PurePosixPath(f"{publisher.vendor}.{name}.{publisher.version}.pack"): zip_archive(files)}
