"""Files of `mcugen verify --json`, read back."""

from __future__ import annotations

import json
from pathlib import Path

from mcugen.emit.npu import NpuEntry, NpuPartEntry
from mcugen.verify.record import NpuPartRecord, NpuRecord, load_record
from mcugen.verify.result import ZephyrMeasurement
from tests.verify.outcomes import layer, outcome, write

RESULT = outcome([layer("first", 100, flash=7, ram=9), layer("second", 200)])


def test_every_field_that_is_read_is_written(tmp_path: Path) -> None:
    record = load_record(write(tmp_path / "a.json", RESULT))
    written = json.loads((tmp_path / "a.json").read_text())
    read = record.model_dump(mode="json", exclude={"zephyr", "npu"})
    for field, value in read.items():
        if field != "layers":
            assert written[field] == value
    for found, expected in zip(read["layers"], written["layers"], strict=True):
        assert found.items() <= expected.items()
    assert (record.name, record.board, record.core) == ("kws", "nrf5340dk", "cortex-m33")
    assert (record.layers[0].flash_bytes, record.layers[0].ram_bytes) == (7, 9)


def test_what_is_read_of_an_npu_is_written() -> None:
    assert set(NpuRecord.model_fields) <= set(NpuEntry.model_fields)
    assert set(NpuPartRecord.model_fields) <= set(NpuPartEntry.model_fields)


def test_a_zephyr_image_is_told_from_bare_metal_firmware(tmp_path: Path) -> None:
    image = ZephyrMeasurement("mps2/an386", "4.1.99", 5000, 2000, ())
    bare, zephyr = (load_record(write(tmp_path / "a.json", outcome(zephyr=z))) for z in (None, image))
    assert bare.zephyr is None
    assert zephyr.zephyr is not None and zephyr.zephyr.board == "mps2/an386"


def test_files_of_older_and_of_newer_versions_are_read(tmp_path: Path) -> None:
    fields = RESULT.as_json()
    for name in ("name", "board", "core"):
        del fields[name]
    for one in fields["layers"]:
        del one["flash_bytes"], one["ram_bytes"]
        one["energy"] = 1.5
    (tmp_path / "a.json").write_text(json.dumps(fields | {"temperature": "warm"}))
    record = load_record(tmp_path / "a.json")
    assert record.board == "" and record.layers[0].flash_bytes is None
