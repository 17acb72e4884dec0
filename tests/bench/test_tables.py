"""What is printed and written of counted rows."""

from __future__ import annotations

from rich.console import Console

from mcugen.bench.baseline import Verdict
from mcugen.bench.operators import LayerRow, Sweep
from mcugen.bench.row import LayerFigures
from mcugen.bench.run import Result
from mcugen.bench.tables import markdown, summary
from mcugen.bench.vela import Plain
from tests.bench.rows import row

ROWS = (
    row(),
    row(kernels="cmsis-nn", instructions=5000, cycles=6000),
    row(board="rpi_pico", cycles=None, cycles_source="none", milliseconds=None),
    row(board="rpi_pico", kernels="cmsis-nn", instructions=3000, cycles=None, cycles_source="none"),
    row(board="mps3_corstone300", accelerator="ethos-u55-128", npu_cycles=777, vela=Plain(1024, 2048)),
    row(board="microbit", failure="needs 3 bytes of RAM more than there are\n  fix: x"),
)


def text(found: Result | Sweep) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        for part in summary(found):
            console.print(part)
    return capture.get()


def test_the_table_has_ratios_to_the_own_kernels() -> None:
    lines = {tuple(line.split()[:4]): line.split() for line in text(Result(ROWS)).splitlines() if line.strip()}
    assert lines["net", "nrf5340dk", "m33", "cmsis-nn"][-2:] == ["2.50", "2.00"]
    assert lines["net", "rpi_pico", "m33", "cmsis-nn"][-2:] == ["1.50", "-"]
    assert lines["net", "microbit", "m33", "native"][-1] == "failed"
    assert "cycles by model:cortex-m4" in text(Result(ROWS))


def test_the_verdict_is_told() -> None:
    assert "no figure rose by more than 1 %" in text(Result(ROWS, verdict=Verdict((), ("x",))))
    assert "1 figure fell" in text(Result(ROWS, verdict=Verdict((), ("x",))))
    assert "no figure rose by more than 1 %" not in text(Result(ROWS, verdict=Verdict(("x",), ())))


def test_failures_are_lines() -> None:
    result = Result(ROWS, verdict=Verdict(("net: instructions 1 -> 2 (+100.00 %)",), ()))
    assert result.failures == (
        "net/microbit/native/speed: needs 3 bytes of RAM more than there are",
        "net: instructions 1 -> 2 (+100.00 %)",
    )
    assert result.as_json()["ok"] is False and Result(ROWS[:1]).as_json()["ok"] is True


def test_the_page_has_a_row_for_each_network_and_board() -> None:
    page = markdown(Result(ROWS))
    assert (
        "| net | nrf5340dk (cortex-m33) | 2,000 | 2.00 | 3,000 | 0.025 | 4,000 | 500 | 600 | 100 | 2.50, 2.00 |" in page
    )
    assert "| net | rpi_pico (cortex-m33) | 2,000 | 2.00 | - | - | 4,000 | 500 | 600 | 100 | 1.50 |" in page
    assert "| net | mps3_corstone300, ethos-u55-128 | 2,000 | 777 | 500 | 1,024 | 0 | 2,048 |" in page
    assert "microbit" not in page


def test_slower_layers_come_worst_first() -> None:
    def layer(name: str, instructions: int, peer: int | None, cycles: tuple[int, int] | None = None) -> LayerRow:
        own = LayerFigures(name, "own.dsp", instructions, cycles[0] if cycles else None)
        other = None if peer is None else LayerFigures(name, "x.cmsis_nn", peer, cycles[1] if cycles else None)
        return LayerRow("nrf5340dk", "cortex-m33", own, other)

    rows = (
        layer("even", 1030, 1000),
        layer("little", 1031, 1000),
        layer("alone", 9999, None),
        layer("much", 2000, 1000),
        layer("cycles", 900, 1000, (1500, 1000)),
    )
    found = Sweep(rows)
    assert [r.own.name for r in found.slower] == ["much", "cycles", "little"]
    assert "4 layers compared, 1 without a CMSIS-NN kernel; 3 slower by more than 3 %" in text(found)
    assert found.failures and not Sweep(rows[:1]).failures
    assert [layer["slower"] for layer in found.as_json()["layers"]] == [False, True, False, True, True]
