"""The file of `--precision`: which rule decides, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch.fx import Node

from mcugen.errors import InputError
from mcugen.frontend.functional import is_known
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.precision.assign import assign
from mcugen.frontend.precision.rules import read_rules
from mcugen.frontend.precision.types import PRECISIONS
from mcugen.frontend.provenance import origin
from mcugen.frontend.rehearsal import require_supported
from tests.frontend.precision.networks import INPUT, Net
from tests.frontend.programs import export, seeded


def written(folder: Path, text: str) -> Path:
    path = folder / "types.yml"
    path.write_text(text)
    return path


def layers(path: Path) -> dict[str, str]:
    """The precision of each layer with a module of its own, by that module's path."""
    module = export(seeded(Net()), INPUT).module(check_guards=False)
    require_supported(module)
    lowering = Lowering(module, ROWS, is_known)
    assigned = assign(read_rules(path), module, lowering.constant_value, lowering.functions)
    found: dict[Node, str] = {node: precision.name for node, precision in assigned.precisions.items()}
    return {origin(node).module: name for node, name in found.items() if origin(node).module}


@pytest.mark.parametrize(
    ("rules", "in_int4"),
    [
        ("default: int4", {"stem.0", "block.0", "block.2", "classifier"}),
        ("rules: [{operator: conv2d, precision: int4}]", {"stem.0", "block.0", "block.2"}),
        ("rules: [{operator: depthwise_conv2d, precision: int4}]", {"block.0"}),
        ("rules: [{operator: [linear, depthwise_conv2d], precision: int4}]", {"block.0", "classifier"}),
        ('rules: [{module: "block.*", precision: int4}]', {"block.0", "block.2"}),
        ("rules: [{first: 2, precision: int4}]", {"stem.0", "block.0"}),
        ("rules: [{last: 1, precision: int4}]", {"classifier"}),
        ("rules: [{operator: conv2d, last: 1, precision: int4}]", {"block.2"}),
        ('rules: [{operator: conv2d, module: "block*", precision: int4}]', {"block.0", "block.2"}),
        ('{default: int4, rules: [{module: "*", precision: int8}, {first: 1, precision: int4}]}', {"stem.0"}),
        ("rules: [{first: 1, precision: int4}, {operator: conv2d, precision: int8}]", set()),
        ('rules: [{source: "networks.py:*", first: 1, precision: int4}]', {"stem.0"}),
    ],
)
def test_the_last_rule_that_holds_decides(rules: str, in_int4: set[str], tmp_path: Path) -> None:
    found = layers(written(tmp_path, rules))
    assert {module for module, name in found.items() if name == "int4"} == in_int4


@pytest.mark.parametrize("name", PRECISIONS)
def test_a_name_is_for_the_whole_model(name: str) -> None:
    rules = read_rules(name)
    assert (rules.default, rules.rules, rules.name) == (PRECISIONS[name], (), name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules: [{operater: conv2d, precision: int4}]", ("line 1", "rules.0.operater", "did you mean 'operator'?")),
        ("defaults: int8", ("unknown field 'defaults'", "did you mean 'default'?")),
        ("rules:\n  - {operator: conv2d, precision: int5}", ("line 2", "rules.0.precision", "int16")),
        ("rules: [{precision: int4}]", ("rules.0", "a rule needs one of operator, module")),
        ("rules: [{first: 1, last: 1, precision: int4}]", ("two rules",)),
        ("rules: [{first: 0, precision: int4}]", ("rules.0.first",)),
        ("rules: [{first: 1}]", ("rules.0.precision",)),
        ("[int8]", ("holds `default:` and `rules:`",)),
        ("rules: [{operator: &a conv2d, precision: int4}]", ("aliases are not taken",)),
    ],
)
def test_a_wrong_file_is_told_with_the_field(text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        read_rules(written(tmp_path, text))
    for word in ("types.yml", *words):
        assert word in str(told.value)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("operator: conv2", ("whose operator is 'conv2'", "did you mean 'conv2d'?")),
        ("module: blok.0", ("whose module is 'blok.0'", "did you mean 'block.0'?")),
        ("layer: nothing", ("whose layer is 'nothing'",)),
        ("operator: linear, module: block.0", ("meets all conditions",)),
    ],
)
def test_a_rule_without_layers_is_an_error(rule: str, words: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        layers(written(tmp_path, f"rules:\n  - {{first: 1, precision: int8}}\n  - {{{rule}, precision: int4}}"))
    for word in ("types.yml, line 3", *words):
        assert word in str(told.value)


def test_what_is_no_precision(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)unknown precision 'in16'.*did you mean int16"):
        read_rules("in16")
    with pytest.raises(InputError, match=r"missing\.yml"):
        read_rules(tmp_path / "missing.yml")
