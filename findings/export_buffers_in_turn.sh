#!/usr/bin/env bash
# PyTorch 2.13.0: after run_decompositions(), ExportedProgram.module() gives a buffer another buffer's new value for its old one.
#
# Expected: run_decompositions() makes the program functional; its signature (buffers_to_mutate) says which results the buffers
#   get at the end, all computed from the values at the start. The module that it gives computes what the original one does.
#
# Seen (a delay line, y = x + 0.5 first + 0.25 second, then second takes first and first takes x; inputs 1, 2, 3, 4):
#   the module itself                         1.0 2.5 4.25 6.0
#   export().module()                         1.0 2.5 4.25 6.0
#   run_decompositions().module()             1.0 2.75 4.5 6.25
#   the same, saved and loaded                1.0 2.75 4.5 6.25
#   run_decompositions({}).module()           1.0 2.75 4.5 6.25
#   signature: first gets 'x', second gets the first at the start
#   what is written: first = copy_(first, x), then second = copy_(second, first)
#
#   The signature is right; the copies that module() appends run in turn, and the second one reads a buffer that the first has
#   overwritten. No error, no warning. Two buffers that change places become equal.
#
# Since: seen in 2.13.0; earlier versions were not tried. No report of it was found.
#
# For who uses it: streaming networks with a chain of buffers lose a step of delay in each of them. Let a buffer take a computed
#   value (clone() is enough) as long as the program is not decomposed later, or use the signature's results instead of
#   module(). A compiler that starts from module() has to undo it (mcugen does).
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


class Delay(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("first", torch.zeros(1))
        self.register_buffer("second", torch.zeros(1))

    def forward(self, x):
        y = x + 0.5 * self.first + 0.25 * self.second
        self.second.copy_(self.first)
        self.first.copy_(x)
        return y


def loaded(program):
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    return torch.export.load(file)


def exported():
    return torch.export.export(Delay(), (torch.zeros(1),))


def check(label, module, expected):
    seen = [module(torch.tensor([float(x)])).item() for x in (1, 2, 3, 4)]
    print(f"{label:<41} {' '.join(map(str, seen))}")
    if seen != expected:
        raise SystemExit(f"the behaviour has changed: it was {expected}")


print("torch", torch.__version__)
right, wrong = [1.0, 2.5, 4.25, 6.0], [1.0, 2.75, 4.5, 6.25]
check("the module itself", Delay(), right)
check("export().module()", exported().module(), right)
check("run_decompositions().module()", exported().run_decompositions().module(), wrong)
check("the same, saved and loaded", loaded(exported().run_decompositions()).module(), wrong)
check("run_decompositions({}).module()", exported().run_decompositions({}).module(), wrong)

program = exported().run_decompositions()
print("signature:", program.graph_signature.buffers_to_mutate)
for node in program.module().graph.nodes:
    if "copy_" in str(node.target):
        print(f"    {node.target}({', '.join(map(str, node.args))})")
PYTHON
venv/bin/python show.py
