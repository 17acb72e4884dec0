"""The two kinds of work: a model file to a graph, and a graph to counted figures. Each runs in any process, also on
another machine: what it needs is in its arguments, but for the compiler, the emulator and CMSIS-NN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcugen import api
from mcugen.bench.row import LayerFigures, Row
from mcugen.bench.suite import Case
from mcugen.bench.vela import plain_vela
from mcugen.errors import McugenError
from mcugen.firmware.toolchain import find_toolchain
from mcugen.frontend.quantizer_options import AUTOMATIC, QuantizerOptions
from mcugen.graph.graph import Graph
from mcugen.scratch import scratch_folder
from mcugen.silence import silence
from mcugen.verify.verify import verify_module


@dataclass(frozen=True)
class LoadJob:
    """A model to be read and quantized. `calibration`: the bytes of a .npz file, "random" or None."""

    name: str
    file_name: str
    archive: bytes
    calibration: bytes | str | None
    quantizer: QuantizerOptions = AUTOMATIC

    def run(self) -> Graph:
        """
        Raises:
            InputError: the model or its calibration is wrong.
        """
        import torch

        from mcugen.ethosu.precompiled import ROWS
        from mcugen.frontend import load_model

        # The order of additions in a reduction, and so the calibration, is that of one thread in every process.
        torch.set_num_threads(1)
        with silence(), scratch_folder("mcugen-bench-") as folder:
            path, calibration = folder / self.file_name, self.calibration
            path.write_bytes(self.archive)
            if isinstance(calibration, bytes):
                (folder / "calibration.npz").write_bytes(calibration)
                return load_model(path, folder / "calibration.npz", options=self.quantizer, custom=ROWS)
            return load_model(path, calibration, options=self.quantizer, custom=ROWS)


@dataclass(frozen=True)
class CountJob:
    """A graph to be compiled, built, run in an emulator and counted.

    Attributes:
        cmsis_nn: root of CMSIS-NN's sources on the machine that runs this; None: not used, or found there.
        layers: the figures of each layer too.
    """

    case: Case
    graph: Graph
    cmsis_nn: Path | None = None
    layers: bool = False

    def run(self) -> Row:
        """The figures, or why there are none: one model that does not fit one board ends no other's counting."""
        try:
            return self._count()
        except McugenError as error:
            return Row.of_failure(self.case, str(error))

    def _count(self) -> Row:
        case, target = self.case, self.case.target
        module = api.compile(
            self.graph,
            api.Options(
                board=target.board,
                name="bench",
                kernels=case.kernels,
                optimize=case.optimize,
                cmsis_nn=self.cmsis_nn if case.kernels in ("auto", "cmsis-nn") else None,
                npu=target.npu,
                accelerator=target.accelerator,
            ),
        )
        with scratch_folder("mcugen-bench-") as folder:
            module.write(folder / "module")
            outcome = verify_module(folder / "module", trace=False)
            manifest, measured = outcome.manifest, outcome.measurement
            if not outcome.match:
                return Row.of_failure(case, f"MISMATCH: {outcome.failure}")
            vela = None
            # A model file that is compiled already has no network that Vela could be given.
            if manifest.npu is not None and manifest.npu.parts and manifest.npu.vela and case.target.npu == "require":
                vela = plain_vela(self.graph, target.board, manifest.npu.accelerator, folder)
        layers = tuple(LayerFigures(x.entry.name, x.entry.kernel, x.instructions, x.cycles) for x in measured.layers)
        return Row.of(case, manifest, measured, find_toolchain().version(), vela, layers if self.layers else ())


Job = LoadJob | CountJob


def run_job(job: Job) -> Graph | Row:
    """What a worker runs."""
    return job.run()
