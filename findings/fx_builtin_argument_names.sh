#!/usr/bin/env bash
# PyTorch 2.13.0: torch.fx mixes up arguments called `input` and `input_1`.
#
# Expected: torch.export's overview promises that the exported program is a sound representation of the original one with the
#   same calling convention (its documentation, page torch.export). So for
#   forward(self, input, filter, input_1) = relu(input) + filter * input_1 and the arguments 1, 10, 100 the result is
#   1 + 10 * 100 = 1001, from the module, from ExportedProgram.module() and from torch.fx.symbolic_trace alike.
#
# Seen (torch 2.13.0, CPU):
#   module itself                            1001.0
#   graph, node by node (fx.Interpreter)     1001.0
#   ExportedProgram.module()                 11.0
#   the same, saved and loaded               11.0
#   the same, run_decompositions({})         11.0
#   torch.fx.symbolic_trace                  11.0
#   arguments filter, filter_1: 1 - 10 * 2   -9.0 (must be -19)
#   arguments x, x_1: 1 - 10 * 2             -19.0
#   arguments input_1, input: 2 - 10 * 1     -8.0
#   generated code:
#       input_1 = input
#       filter_1 = filter
#       input_2 = input_1
#
#   The graph is right, the Python code that torch.fx writes from it is not: an argument with the name of a builtin function or type
#   is copied into a local variable NAME_1, which is the name of another argument, before that one is read.
#   No error, no warning.
#
# Since: seen in 2.13.0; earlier versions were not tried. No report of it was found.
#
# For who uses it: a module whose forward() has an argument with the name of a builtin function or type (input, filter, type,
#   max, ...), and a later one with the same name and `_1`, computes with the first in place of the second. Rename the
#   arguments, or run the graph with torch.fx.Interpreter. A tool that compiles exported programs has to bind inputs by
#   position (mcugen does).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet torch==2.13.0

cat > show.py <<'PYTHON'
import io
import warnings

import torch

warnings.simplefilter("ignore")


class Three(torch.nn.Module):
    def forward(self, input, filter, input_1):
        return torch.relu(input) + filter * input_1


class Filters(torch.nn.Module):
    def forward(self, filter, filter_1):
        return filter - 10 * filter_1


class Ordinary(torch.nn.Module):
    def forward(self, x, x_1):
        return x - 10 * x_1


class Reversed(torch.nn.Module):
    def forward(self, input_1, input):
        return input - 10 * input_1


def full(*values):
    return tuple(torch.full((1, 4), float(value)) for value in values)


def export(module, count):
    return torch.export.export(module, full(*[1] * count))


def reloaded(program):
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    return torch.export.load(file)


def check(label, result, expected):
    assert result.eq(result.flatten()[0]).all()
    value = result.flatten()[0].item()
    print(f"{label:<40} {value}")
    assert value == expected, f"the behaviour has changed: {label} gave {expected} before"


print("torch", torch.__version__)
assert torch.__version__.split("+")[0] == "2.13.0"
three = export(Three(), 3)
check("module itself", Three()(*full(1, 10, 100)), 1001)
check("graph, node by node (fx.Interpreter)", torch.fx.Interpreter(three.graph_module).run(*full(1, 10, 100))[0], 1001)
check("ExportedProgram.module()", three.module()(*full(1, 10, 100)), 11)
check("the same, saved and loaded", reloaded(three).module()(*full(1, 10, 100)), 11)
check("the same, run_decompositions({})", three.run_decompositions({}).module()(*full(1, 10, 100)), 11)
check("torch.fx.symbolic_trace", torch.fx.symbolic_trace(Three())(*full(1, 10, 100)), 11)
check("arguments filter, filter_1: 1 - 10 * 2", export(Filters(), 2).module()(*full(1, 2)), -9)
check("arguments x, x_1: 1 - 10 * 2", export(Ordinary(), 2).module()(*full(1, 2)), -19)
check("arguments input_1, input: 2 - 10 * 1", export(Reversed(), 2).module()(*full(1, 2)), -8)
print("generated code:")
print("\n".join(line for line in three.graph_module.code.splitlines() if line.strip()))
PYTHON
OMP_NUM_THREADS=1 venv/bin/python -W ignore show.py
