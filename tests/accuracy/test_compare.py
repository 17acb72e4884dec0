"""Outputs and layers against the float model: figures, places, and which value each tensor stands for.

PyTorch says what is right: the float model by itself, with hooks on its modules, and NumPy on the differences.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mcugen.accuracy.compare import Compared, classify, compare
from mcugen.accuracy.figures import Comparison
from mcugen.accuracy.subject import Subject
from mcugen.errors import CheckFailedError
from mcugen.frontend.precision.rules import read_rules
from mcugen.frontend.quantizer_options import QuantizerOptions
from mcugen.graph import reference
from mcugen.graph.quantization import dequantize
from mcugen.graph.tensor import Quantization
from tests.accuracy.networks import Branches, images, subject


@pytest.fixture(scope="module")
def branches(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Subject]:
    torch.manual_seed(1)
    model = Branches().eval()
    return model, subject(model, images(0, 16), images(1, 6), tmp_path_factory.mktemp("branches"))


def test_outputs_are_what_numpy_says_of_pytorch_and_the_reference(branches: tuple[nn.Module, Subject]) -> None:
    model, one = branches
    compared = compare(one, by_layer=False)
    with torch.no_grad():
        wanted = model(torch.from_numpy(images(1, 6))).double().numpy()
    (port,) = one.graph.outputs
    (source,) = one.graph.inputs
    integers = reference.run_model_layout(
        one.graph, {source.name: one.inputs[source.tensor].transpose(0, 1, 4, 2, 3).astype(np.int8)}
    )[port.name].reshape(wanted.shape)
    got = (integers.astype(np.float64) + 128) / 256
    (output,) = compared.outputs
    error = np.abs(got - wanted)
    figures = output.figures
    assert figures is not None
    assert figures.sqnr_db == pytest.approx(10 * np.log10((wanted**2).sum() / (error**2).sum()), abs=0.02)
    cosine = (wanted * got).sum() / np.sqrt((wanted**2).sum() * (got**2).sum())
    assert figures.cosine == pytest.approx(cosine, abs=1e-5)
    sample, place = np.unravel_index(error.argmax(), error.shape)
    assert (figures.largest.sample, figures.largest.index) == (sample, (0, place))
    assert figures.largest.size == pytest.approx(error.max(), abs=1e-6)
    assert figures.used == (int(integers.max()) - int(integers.min())) / 255


def test_each_layer_is_held_against_the_value_at_its_end(branches: tuple[nn.Module, Subject]) -> None:
    """By hooks on the modules of the model as it was exported: the tensors' values are close to theirs."""
    model, one = branches
    seen: dict[str, torch.Tensor] = {}
    for name in ("stem", "right", "head"):
        model.get_submodule(name).register_forward_hook(lambda _, __, result, name=name: seen.update({name: result}))
    values = one.run(0)
    with torch.no_grad():
        model(torch.from_numpy(images(1, 6)[:1]))
    known = {layer.module: layer for layer in compare(one).layers if layer.module in seen}
    assert known.keys() == seen.keys()
    for name, layer in known.items():
        wanted = seen[name].numpy()
        wanted = np.maximum(wanted, 0) if name == "stem" else wanted
        assert layer.shape == wanted.shape
        tensor = next(t for t, c in one.correspondences.items() if c.value == layer.value)
        quantization = one.graph.tensor(tensor).quantization
        assert quantization is not None
        got = dequantize(one.correspondences[tensor].to_program(values[tensor]), quantization)
        assert np.abs(got - wanted).max() < 6 * quantization.scale, name


def test_all_tensors_of_a_network_in_several_layouts_have_their_value(branches: tuple[nn.Module, Subject]) -> None:
    _, one = branches
    activations = {n for op in one.graph.operators for n in op.outputs} | {p.tensor for p in one.graph.inputs}
    assert activations == set(one.correspondences)
    for layer in compare(one).layers:
        assert layer.figures.cosine > 0.99 and layer.figures.sqnr_db > 20, layer
        assert layer.own_db >= layer.figures.sqnr_db - 3, layer


def test_where_types_meet_layers_have_their_value(tmp_path: Path) -> None:
    """Values that the quantized program rescales at such a border are none of the float program's."""
    rules = tmp_path / "types.yml"
    rules.write_text("default: int8\nrules:\n  - {layer: [conv2d, conv2d_1, add], precision: int16}\n")
    torch.manual_seed(1)
    options = QuantizerOptions("minmax", "off", "off", "off", read_rules(rules))
    compared = compare(subject(Branches().eval(), images(0, 8), images(1, 2), tmp_path, options))
    assert {layer.dtype for layer in compared.layers} == {"int8", "int16"}
    assert all(layer.figures.sqnr_db > 20 for layer in compared.layers)


def test_noise_that_is_put_in_enters_where_it_was_put(branches: tuple[nn.Module, Subject]) -> None:
    """A layer's weights are spoilt in the integer graph alone: it is named, not those that it hands error to."""
    _, one = branches
    for spoilt in ("stem", "left", "right", "head"):
        op = next(
            o for o in one.graph.operators if o.origin.module == spoilt and o.macs is not None and len(o.inputs) > 2
        )
        weights = one.graph.tensor(op.inputs[1])
        assert weights.data is not None
        coarse = replace(weights, data=(weights.data // 24 * 24).astype(np.int8))
        graph = one.graph.with_changes(new_tensors=[coarse])
        damaged = Subject(graph, one.counterpart, one.samples)
        # Found on the graph as it was: the damaged one holds other integers.
        damaged.__dict__["correspondences"] = one.correspondences
        layers = compare(damaged).layers
        worst = max(layers, key=lambda layer: layer.share)
        assert worst.name == op.name, spoilt


def test_firmware_that_differs_is_no_accuracy(branches: tuple[nn.Module, Subject]) -> None:
    _, one = branches
    compared = compare(one, by_layer=False)
    (name,) = compared.integers
    assert compare(one, firmware=compared.integers).outputs == compared.outputs
    wrong = compared.integers[name].copy()
    wrong[3, 0, 2] += 1
    with pytest.raises(CheckFailedError, match="differs from the integer reference on sample 3"):
        compare(one, firmware={name: wrong})


def test_classes_count_what_changed() -> None:
    labels = np.array([0, 1, 2, 6, 6])
    scores = np.eye(7, dtype=np.float32)[[0, 1, 2, 6, 5]]
    scores[4, 6] = 0.9
    integers = np.eye(7)[[0, 3, 2, 6, 6]].astype(np.int8)

    both = Compared({"y": scores}, {"y": integers}, (), (), 0, 0)
    found = classify(labels, both)
    assert (found.float_top1, found.top1, found.changed) == (0.8, 0.8, [1, 4])
    assert found.confusion(found.classes)[1, 3] == 1 and found.confusion(found.float_classes)[6, 5] == 1
    assert found.float_top5 == 5
    assert found.as_json()["changed"][0] == {"sample": 1, "label": 1, "float": 1, "integer": 3}


def test_saturated_and_used_are_shares_of_values_and_of_steps() -> None:
    comparison = Comparison(Quantization.per_tensor(0.5, 0))
    real = np.array([[-64.3, 63.5, 10.0, 0.0], [63.76, 90.0, -1.0, 1.0]])
    comparison.add(0, real[0], np.array([-128, 127, 20, 0], np.int8))
    comparison.add(1, real[1], np.array([127, 127, -2, 2], np.int8))
    found = comparison.figures()
    assert found.saturated == 3 / 8 and found.used == 1.0
    assert found.largest.sample == 1 and found.largest.index == (1,) and found.largest.size == pytest.approx(26.5)
