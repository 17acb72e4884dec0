"""What a Zephyr image adds to results: the JSON, the summary and the report page."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from rich.console import Console

from mcugen.boards import load_board
from mcugen.emit.manifest import board_entry
from mcugen.emulate import ThreadStack
from mcugen.report import html, text
from mcugen.report.page.subjects import verified
from mcugen.verify.result import Measurement, VerifyOutcome, ZephyrMeasurement
from tests.verify.manifests import manifest

ZEPHYR = ZephyrMeasurement("mps2/an386", "4.1.99", 50144, 23936, (ThreadStack("inference", 184, 8192),))
BARE = Measurement("qemu", "mps2-an386", 1000, None, "none", 64, 3000, 100, 132, ())


def outcome(zephyr: ZephyrMeasurement | None) -> VerifyOutcome:
    module = manifest((), ()).model_copy(update={"board": board_entry(load_board("mps2_an386"))})
    return VerifyOutcome(module, 4, dataclasses.replace(BARE, zephyr=zephyr), {}, ())


def test_json_has_one_field_more() -> None:
    bare, image = (json.loads(json.dumps(outcome(z).as_json())) for z in (None, ZEPHYR))
    assert image.pop("zephyr") == {
        "board": "mps2/an386",
        "version": "4.1.99",
        "image_flash_bytes": 50144,
        "image_ram_bytes": 23936,
        "heap_bytes": 0,
        "threads": [{"name": "inference", "stack_used": 184, "stack_size": 8192}],
    }
    assert image == bare


def test_people_read_it_too(tmp_path: Path) -> None:
    for zephyr, present in ((None, False), (ZEPHYR, True)):
        console = Console(record=True, width=200, file=(tmp_path / "console").open("w"))
        for part in text.verify_summary(outcome(zephyr), layers=False):
            console.print(part)
        summary = console.export_text()
        page = html.render_page(verified(outcome(zephyr), None))
        assert ("Zephyr 4.1.99 for mps2/an386: 50,144 B of flash, 23,936 B of RAM, no heap" in summary) == present
        assert ("inference 184 of 8,192 B" in summary) == present
        assert ("Zephyr 4.1.99 for mps2/an386: 50,144 B of flash" in page) == present
        assert ("inference 184 of 8,192 B" in page) == present
