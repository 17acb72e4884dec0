"""Archives are data: what is refused, with which words, and that nothing in a file ever runs."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.errors import InputError, UnsupportedOperatorError
from mcugen.frontend import load_model
from mcugen.frontend.archive import load_archive
from tests.frontend.archives import INPUT, Bomb, edit_program, rewrite, saved, small_archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_archive(tmp_path_factory.mktemp("archive"))


def refused(path: Path, *words: str) -> InputError:
    """Loading is refused with an error that has all three parts and these words."""
    with pytest.raises(InputError) as caught:
        load_archive(path)
    error = caught.value
    assert error.hint and error.exit_code == 2
    assert "Traceback" not in str(error)
    for word in words:
        assert word in str(error)
    return error


def test_loads_the_same_program_as_pytorch(archive: Path) -> None:
    ours, theirs = load_archive(archive), torch.export.load(archive)
    x = torch.randn(INPUT)
    assert torch.equal(ours.module(check_guards=False)(x), theirs.module()(x))
    assert list(ours.state_dict) == list(theirs.state_dict)


def test_nodes_remember_line_and_module(archive: Path) -> None:
    from mcugen.frontend.provenance import origin

    nodes = {n.name: origin(n) for n in load_archive(archive).module(check_guards=False).graph.nodes}
    source = Path(__file__).with_name("archives.py").read_text().splitlines()
    for node, text, module in (("conv2d", "self.conv(image)", "conv"), ("linear", "self.linear(x", "linear")):
        file, line = nodes[node].source.split(":")
        assert file == "archives.py" and text in source[int(line) - 1]
        assert nodes[node].module == module
    assert nodes["flatten"].operator == "aten.flatten.using_ints"


# -- nothing runs ---------------------------------------------------------------------------------------------------


def test_pickles_in_every_record_do_not_run(archive: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    bomb = saved(Bomb(mark))
    poisoned = rewrite(
        archive,
        tmp_path / "poisoned.pt2",
        lambda name, data: bomb if name.startswith("data/sample_inputs/") else data,
        {"extra/module_info.json": bomb, "data/weights/model.pkl": bomb, "data/constants/custom_obj_0": bomb},
    )
    # The premise: PyTorch's own loader does run it.
    with pytest.raises(Exception):  # noqa: B017
        torch.export.load(poisoned)
    assert mark.exists()
    mark.unlink()
    load_archive(poisoned)
    assert not mark.exists()


@pytest.mark.parametrize("kind", ["weights", "constants"])
def test_a_pickled_tensor_is_refused_and_does_not_run(archive: Path, tmp_path: Path, kind: str) -> None:
    mark = tmp_path / "ran"
    entry = {"path_name": "tensor_9", "is_param": False, "use_pickle": True, "tensor_meta": None}

    def edit(name: str, data: bytes) -> bytes:
        if name != f"data/{kind}/model_{kind}_config.json":
            return data
        return json.dumps({"config": {**json.loads(data)["config"], "x": entry}}).encode()

    poisoned = rewrite(archive, tmp_path / "p.pt2", edit, {f"data/{kind}/tensor_9": saved(Bomb(mark))})
    refused(poisoned, "'x'", "pickle")
    assert not mark.exists()


def _call(target: str, command: str) -> Callable[[dict[str, Any]], None]:
    def change(program: dict[str, Any]) -> None:
        node = program["graph_module"]["graph"]["nodes"][0]
        node["target"] = target
        node["inputs"] = [{"name": "command", "arg": {"as_string": command}, "kind": 1}]

    return change


def _rename(program: dict[str, Any], new: str) -> None:
    text = json.dumps(program["graph_module"]).replace('"image"', json.dumps(new))
    program["graph_module"] = json.loads(text)


POISON: dict[str, Callable[[dict[str, Any], str], None]] = {
    "call of a function below torch": lambda p, code: _call("torch.os.system", "true")(p),
    "extension operator": lambda p, code: _call("#higher_order:x", "true")(p),
    "guard": lambda p, code: p.update(guards_code=[code]),
    "name of an input": lambda p, code: _rename(p, f"image={code}"),
    "keyword of an argument": lambda p, code: p["graph_module"]["graph"]["nodes"][0]["inputs"][0].update(
        name=f"x={code}, y", kind=2
    ),
    "name of a result": lambda p, code: p["graph_module"]["graph"]["nodes"][0].update(name=f"x = {code}; y"),
    "symbolic size": lambda p, code: p["graph_module"]["graph"]["tensor_values"]["conv2d"]["sizes"].__setitem__(
        0, {"as_expr": {"expr_str": code, "hint": {"as_int": 1}}}
    ),
    "argument name": lambda p, code: p["graph_module"]["module_call_graph"][0]["signature"].update(
        forward_arg_names=[f"image={code}"]
    ),
    "name of a parameter": lambda p, code: p["graph_module"]["signature"]["input_specs"][0]["parameter"].update(
        parameter_name=f'a b", {code}, "'
    ),
    "operator as argument": lambda p, code: p["graph_module"]["graph"]["nodes"][0]["inputs"][0].update(
        arg={"as_operator": "torch.os.system"}
    ),
    "structure": lambda p, code: p["graph_module"]["module_call_graph"][0]["signature"].update(
        in_spec=json.dumps([1, {"type": "os.system", "context": code, "children_spec": []}])
    ),
}


@pytest.mark.parametrize("poison", POISON)
def test_code_in_the_program_does_not_run(archive: Path, tmp_path: Path, poison: str) -> None:
    mark = tmp_path / "ran"
    code = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    poisoned = edit_program(archive, tmp_path / "p.pt2", lambda p: POISON[poison](p, code))
    try:
        program = load_archive(poisoned)
    except InputError as error:
        assert error.hint
    else:
        assert poison == "guard"
        program.module()(torch.zeros(INPUT))
    assert not mark.exists()


# -- other files ------------------------------------------------------------------------------------------------------


def test_missing_file(tmp_path: Path) -> None:
    refused(tmp_path / "no.pt2", "does not exist", "no.pt2")
    refused(tmp_path, "no file")


def test_empty_and_foreign_files(tmp_path: Path) -> None:
    for content, word in ((b"", "empty"), (b"hello", "no torch.export archive"), (pickle.dumps([1]), "pickle")):
        path = tmp_path / "model.pt2"
        path.write_bytes(content)
        refused(path, word)


@pytest.mark.parametrize("cut", [0.2, 0.9])
def test_truncated_archive(archive: Path, tmp_path: Path, cut: float) -> None:
    data = archive.read_bytes()
    path = tmp_path / "cut.pt2"
    path.write_bytes(data[: int(len(data) * cut)])
    refused(path, "damaged")


def test_flipped_bytes(archive: Path, tmp_path: Path) -> None:
    data = bytearray(archive.read_bytes())
    middle = data.index(b"graph_module")
    data[middle : middle + 4] = b"\xff\xfe\xfd\xfc"
    path = tmp_path / "flipped.pt2"
    path.write_bytes(bytes(data))
    refused(path, "damaged")


def test_pickled_module(tmp_path: Path) -> None:
    path = tmp_path / "module.pt"
    mark = tmp_path / "ran"
    torch.save({"model": nn.Linear(2, 2), "bomb": Bomb(mark)}, path)
    refused(path, "torch.save", "torch.export.save")
    assert not mark.exists()


def test_old_pickled_module(tmp_path: Path) -> None:
    path = tmp_path / "module.pt"
    torch.save(nn.Linear(2, 2), path, _use_new_zipfile_serialization=False)
    refused(path, "pickle")


def test_torchscript(tmp_path: Path) -> None:
    path = tmp_path / "script.pt"
    torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)).save(str(path))
    refused(path, "TorchScript")


def test_other_zip(tmp_path: Path) -> None:
    path = tmp_path / "x.pt2"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "hello")
    refused(path, "no torch.export archive")


def test_pt_suffix_is_accepted(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(archive.read_bytes())
    assert load_archive(path).state_dict


def test_a_litert_file_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(32))
    with pytest.raises(InputError, match="LiteRT file is damaged"):
        load_model(path)
    path = tmp_path / "model.tflite"
    path.write_bytes(b"PK\3\4" + bytes(32))
    with pytest.raises(InputError, match="no LiteRT model"):
        load_model(path)


# -- versions, contents -----------------------------------------------------------------------------------------------


def test_archive_version(archive: Path, tmp_path: Path) -> None:
    path = rewrite(archive, tmp_path / "v.pt2", lambda n, d: b"7" if n == "archive_version" else d)
    refused(path, "version '7'", "PyTorch")


def test_schema_version(archive: Path, tmp_path: Path) -> None:
    path = edit_program(archive, tmp_path / "v.pt2", lambda p: p["schema_version"].update(major=99))
    refused(path, "schema version 99")


@pytest.mark.parametrize("record", ["data/weights/weight_0", "data/weights/model_weights_config.json"])
def test_missing_record(archive: Path, tmp_path: Path, record: str) -> None:
    refused(rewrite(archive, tmp_path / "m.pt2", lambda n, d: None if n == record else d), "damaged", record)


def test_short_weights(archive: Path, tmp_path: Path) -> None:
    path = rewrite(archive, tmp_path / "s.pt2", lambda n, d: d[:-4] if n == "data/weights/weight_0" else d)
    refused(path, "damaged", "missing")


def test_compressed_records_are_refused(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "z.pt2"
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info), zipfile.ZIP_DEFLATED)
    refused(path, "damaged", "compressed")


def test_several_programs(archive: Path, tmp_path: Path) -> None:
    refused(rewrite(archive, tmp_path / "t.pt2", lambda n, d: d, {"models/other.json": b"{}"}), "2 programs")


def test_dynamic_shapes_name_the_input(tmp_path: Path) -> None:
    path = tmp_path / "dynamic.pt2"
    shapes = {"x": {0: torch.export.Dim("batch", min=2, max=8)}}
    program = torch.export.export(nn.Sequential(nn.Linear(4, 2)), (torch.zeros(3, 4),), dynamic_shapes=(shapes["x"],))
    torch.export.save(program, path)
    refused(path, "'input'", "axis 0", "dynamic_shapes")


def test_control_flow_names_the_line(tmp_path: Path) -> None:
    class Branch(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.cond(x.sum() > 0, lambda y: y + 1, lambda y: y - 1, (x,))

    path = tmp_path / "branch.pt2"
    torch.export.save(torch.export.export(Branch(), (torch.zeros(1, 4),)), path)
    with pytest.raises(UnsupportedOperatorError) as caught:
        load_archive(path)
    assert "cond" in str(caught.value) and "test_archive.py:" in str(caught.value)


def test_shared_and_strided_weights(tmp_path: Path) -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            base = torch.arange(24, dtype=torch.float32)
            self.register_buffer("even", base[::2].reshape(3, 4))
            self.register_buffer("columns", base.reshape(6, 4).t())

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.even.t() + (x @ self.columns)[:, :3]

    path = tmp_path / "shared.pt2"
    torch.export.save(torch.export.export(Shared(), (torch.zeros(1, 4),)), path)
    x = torch.randn(1, 4)
    got = load_archive(path).module(check_guards=False)(x)
    assert np.array_equal(got.numpy(), Shared()(x).numpy())


class _AnyScript(torch.nn.Module):
    def forward(self, 画像: torch.Tensor, ввод_2: torch.Tensor) -> torch.Tensor:  # noqa: N803
        return torch.relu(画像 + ввод_2)


def test_names_in_letters_of_any_script(tmp_path: Path) -> None:
    path = tmp_path / "any.pt2"
    torch.export.save(torch.export.export(_AnyScript().eval(), (torch.zeros(1, 3), torch.zeros(1, 3))), path)
    graph = load_model(path, "random")
    assert [port.name for port in graph.inputs] == ["画像", "ввод_2"]


def test_names_that_python_would_change_are_refused(archive: Path, tmp_path: Path) -> None:
    """The letter U+FB01 is an identifier, but Python reads it as two others."""

    def edit(name: str, data: bytes) -> bytes:
        return data.replace(b"image", "\ufb01".encode()) if name.startswith("models/") else data

    refused(rewrite(archive, tmp_path / "bad.pt2", edit), "no identifier")
