"""What emission writes into a folder, and what it leaves alone."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import time
from pathlib import Path, PurePosixPath

import pytest

from mcugen.emit import swap
from mcugen.emit.output import MANIFEST, edited_files, listed_files, write_folder
from mcugen.emit.swap import STAGING, finish_change, locked_folder
from mcugen.errors import InputError


def module(**contents: str) -> dict[PurePosixPath, bytes]:
    """A module of these files: "src_m_c" stands for "src/m.c"."""
    files = {name.replace("__", "/").replace("_", "."): text.encode() for name, text in contents.items()}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = {"format": 2, "mcugen": "0", "name": "m", "files": hashes}
    files[MANIFEST] = json.dumps(manifest).encode()
    return {PurePosixPath(name): content for name, content in files.items()}


FILES = module(src__m_c="int x;\n", CMakeLists_txt="# one\n")


def content(folder: Path) -> dict[PurePosixPath, bytes]:
    return {PurePosixPath(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_new_folder_holds_just_the_files(tmp_path: Path) -> None:
    write_folder(tmp_path / "deep" / "out", FILES)
    assert content(tmp_path / "deep" / "out") == FILES
    assert list((tmp_path / "deep").iterdir()) == [tmp_path / "deep" / "out"]


def test_stale_files_and_their_folders_go_and_the_users_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, module(src__m_c="int x;\n", old__one_c="", src__old_c=""))
    users = {"notes.txt": b"n", "src/mine.c": b"int mine;", ".git/HEAD": b"ref: x", "model.pt2": b"pt2"}
    for name, data in users.items():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_bytes(data)
    write_folder(out, FILES)
    assert content(out) == FILES | {PurePosixPath(name): data for name, data in users.items()}
    assert not (out / "old").exists()


def test_an_edited_file_is_named_and_stays_unless_it_is_to_be_lost(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", FILES)
    edited = tmp_path / "out" / "src" / "m.c"
    edited.write_text("int better;\n")
    before = content(tmp_path / "out")
    for files in (module(src__m_c="int y;\n"), module(src__n_c="int y;\n")):
        with pytest.raises(InputError, match=r"src/m\.c .* was edited") as error:
            write_folder(tmp_path / "out", files)
        assert "--force" in str(error.value)
        assert content(tmp_path / "out") == before
    write_folder(tmp_path / "out", FILES, force=True)
    assert content(tmp_path / "out") == FILES


def test_an_edit_that_is_what_would_be_written_is_none(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", FILES)
    (tmp_path / "out" / "src" / "m.c").write_text("int y;\n")
    write_folder(tmp_path / "out", module(src__m_c="int y;\n"))
    assert content(tmp_path / "out") == module(src__m_c="int y;\n")


@pytest.mark.parametrize("force", [False, True])
def test_a_users_file_in_the_way_stays(force: bool, tmp_path: Path) -> None:
    write_folder(tmp_path / "out", FILES)
    (tmp_path / "out" / "src" / "new.c").write_text("the user's")
    before = content(tmp_path / "out")
    with pytest.raises(InputError, match=r"src/new\.c .* in the way"):
        write_folder(tmp_path / "out", module(src__m_c="", src__new_c=""), force=force)
    assert content(tmp_path / "out") == before


@pytest.mark.parametrize(
    "words",
    [
        "{}",
        "[]",
        "{",
        '{"name": "my own tool", "files": []}',
        json.dumps({"format": 2, "mcugen": "0", "name": "m", "files": {"../thesis.txt": "0" * 64}}),
        json.dumps({"format": 2, "mcugen": "0", "name": "m", "files": {"/etc/passwd": "0" * 64}}),
        json.dumps({"format": "2", "mcugen": "0", "name": "m", "files": {}}),
    ],
)
def test_a_manifest_of_somebody_else_is_no_licence(words: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MANIFEST).write_text(words)
    with pytest.raises(InputError, match="not written by mcugen"):
        write_folder(tmp_path / "out", FILES)
    assert content(tmp_path) == {PurePosixPath("out", MANIFEST): words.encode()}


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


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", FILES)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "src" / "m.c").rename(tmp_path / "elsewhere" / "m.c")
    (tmp_path / "out" / "src").rmdir()
    (tmp_path / "out" / "src").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"src in .* is in the way"):
        write_folder(tmp_path / "out", module(src__m_c="int y;\n"), force=True)
    assert (tmp_path / "elsewhere" / "m.c").read_text() == "int x;\n"


def test_a_failed_write_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "out", FILES)
    with pytest.raises(InputError, match="cannot write"):
        write_folder(tmp_path / "out", {PurePosixPath("a"): b"", PurePosixPath("a/b"): b""})

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    for folder in ("out", "new/deep"):
        with pytest.raises(InputError, match="No space left"):
            write_folder(tmp_path / folder, module(src__m_c="int y;\n"))
    assert content(tmp_path) == {PurePosixPath("out") / path: data for path, data in FILES.items()}
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_two_at_once(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", FILES)
    with locked_folder(tmp_path / "out"), pytest.raises(InputError, match="another mcugen"):
        write_folder(tmp_path / "out", FILES)


NEW = module(src__m_c="int y;\n", CMakeLists_txt="# two\n", src__n_c="int n;\n")


def interrupted(folder: Path, monkeypatch: pytest.MonkeyPatch, moves: int) -> None:
    """Writes NEW, killed after so many files were moved."""
    original, left = Path.replace, [moves]

    def replace(self: Path, target: Path) -> Path:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return original(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            write_folder(folder, NEW)


@pytest.mark.parametrize("moves", range(4))
def test_what_was_begun_is_finished(moves: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    write_folder(out, FILES | module(src__old_c="", **{"src__m_c": "int x;\n", "CMakeLists_txt": "# one\n"}))
    (out / "mine.txt").write_text("mine")
    interrupted(out, monkeypatch, moves)
    # Nobody builds a mixture.
    assert moves == 3 or not (out / "CMakeLists.txt").exists()
    with locked_folder(out):
        finish_change(out)
    assert content(out) == NEW | {PurePosixPath("mine.txt"): b"mine"}
    assert not (out / STAGING).exists()


def test_an_edit_between_a_kill_and_the_next_start_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    write_folder(out, FILES)
    interrupted(out, monkeypatch, 0)
    (out / "src" / "n.c").write_text("the user's")
    with pytest.raises(InputError, match=r"src/n\.c was changed"):
        write_folder(out, NEW)
    assert (out / "src" / "n.c").read_text() == "the user's"


@pytest.mark.parametrize(
    "entries",
    [
        {"place": [["../x", "0" * 64]], "remove": [], "before": {}},
        {"place": [], "remove": ["../../x"], "before": {}},
        {"place": [], "remove": ["a/../../x"], "before": {}},
        {"place": 1},
    ],
)
def test_a_strangers_journal_reaches_nothing_outside(entries: dict[str, object], tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, FILES)
    (tmp_path / "x").write_text("precious")
    (out / STAGING).mkdir()
    (out / STAGING / "0").write_text("bad")
    (out / STAGING / "journal.json").write_text(json.dumps(entries))
    with pytest.raises(InputError, match="damaged"):
        write_folder(out, NEW)
    assert (tmp_path / "x").read_text() == "precious"


def large(seed: int) -> dict[PurePosixPath, bytes]:
    """A module whose writing takes a while; half of its files have other names with another seed."""
    text = str(seed) * 40_000
    return module(**{f"src__f{i if i % 2 else f'{seed}x{i}'}_c": f"{text}{i}" for i in range(24)}, CMakeLists_txt=text)


def test_forty_emissions_killed_at_random(tmp_path: Path) -> None:
    """Nothing of the user's is lost, and what a killed process began is finished or forgotten."""
    seed = random.randrange(2**32)
    print("seed", seed)
    generator, out = random.Random(seed), tmp_path / "out"
    modules = [large(1), large(2)]
    write_folder(out, modules[0])
    users = {f"{folder}mine{i}.txt": os.urandom(100) for i in range(5) for folder in ("", "src/", ".git/")}
    for name, data in users.items():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_bytes(data)
    expected = {PurePosixPath(name): data for name, data in users.items()}
    states = set()
    for _ in range(40):
        child = os.fork()
        if child == 0:
            try:
                for turn in range(1000):
                    write_folder(out, modules[turn % 2])
            finally:
                os._exit(0)
        time.sleep(generator.uniform(0.001, 0.06))
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        assert {path: (out / path).read_bytes() for path in expected} == expected
        states.add("journal" if (out / STAGING / swap._JOURNAL).exists() else "no journal")
        with locked_folder(out):
            finish_change(out)
        assert content(out) in (modules[0] | expected, modules[1] | expected)
        assert edited_files(out, listed_files(out)) == []
    assert "no journal" in states
