"""Output folders are written whole or not at all."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from mcugen.emit.output import MANIFEST, write_folder
from mcugen.errors import InputError

FILES = {PurePosixPath(MANIFEST): b"{}", PurePosixPath("src/m.c"): b"int x;\n"}


def test_a_new_folder_holds_just_the_files(tmp_path: Path) -> None:
    write_folder(tmp_path / "deep" / "out", FILES)
    found = {p.relative_to(tmp_path / "deep" / "out") for p in (tmp_path / "deep" / "out").rglob("*") if p.is_file()}
    assert found == {Path(p) for p in FILES}
    assert list((tmp_path / "deep").iterdir()) == [tmp_path / "deep" / "out"]


def test_an_emitted_folder_is_replaced_and_stale_files_go(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", {**FILES, PurePosixPath("src/old.c"): b""})
    write_folder(tmp_path / "out", FILES)
    assert not (tmp_path / "out" / "src" / "old.c").exists()


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="not written by mcugen"):
        write_folder(tmp_path / "out", FILES)
    assert (tmp_path / "out" / "thesis.txt").read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("file")
    with pytest.raises(InputError, match="not a folder"):
        write_folder(tmp_path / "out", FILES)


def test_a_failed_write_leaves_the_old_folder(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", FILES)
    # A file where a folder is needed makes the second write fail half-way.
    with pytest.raises(InputError, match="cannot write"):
        write_folder(tmp_path / "out", {PurePosixPath("a"): b"", PurePosixPath("a/b"): b""})
    assert (tmp_path / "out" / "src" / "m.c").read_bytes() == b"int x;\n"
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]
