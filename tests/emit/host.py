"""Builds an emitted module for the workstation, under sanitizers, and runs it with the traced layers."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mcugen.api import Module
from mcugen.graph.tensor import IntArray

FLAGS = (
    *("-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror"),
    "-DMCUGEN_LAYER_HOOK",
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
)
_MAIN = """
#include "{name}.h"
#include <stdio.h>
#include <stdlib.h>

void mcugen_layer_hook(int layer, const int8_t *output, size_t bytes);
void mcugen_layer_hook(int layer, const int8_t *output, size_t bytes)
{{
    (void)layer;
    fwrite(output, 1, bytes, stderr);
}}

int main(void)
{{
    static struct {name}_arena arena;
    const struct mcugen_model *m = &{name}_model;
    const int8_t *inputs[8];
    int8_t *outputs[8];
    for (int32_t i = 0; i < m->input_count; i++) {{
        int8_t *buffer = malloc(m->inputs[i].bytes);
        if (buffer == NULL || fread(buffer, 1, m->inputs[i].bytes, stdin) != m->inputs[i].bytes) {{
            return 2;
        }}
        inputs[i] = buffer;
    }}
    for (int32_t i = 0; i < m->output_count; i++) {{
        outputs[i] = malloc(m->outputs[i].bytes);
    }}
    if (m->run(&arena, sizeof arena, inputs, outputs) != MCUGEN_OK) {{
        return 3;
    }}
    for (int32_t i = 0; i < m->output_count; i++) {{
        fwrite(outputs[i], 1, m->outputs[i].bytes, stdout);
        free(outputs[i]);
    }}
    for (int32_t i = 0; i < m->input_count; i++) {{
        free((void *)(uintptr_t)inputs[i]);
    }}
    return 0;
}}
"""


def run(module: Module, inputs: Sequence[IntArray], folder: Path) -> tuple[list[IntArray], list[IntArray]]:
    """Outputs, and every layer's output, for one sample (device layout). Any compiler or sanitizer message fails."""
    module.write(folder / "module")
    manifest = module.manifest
    main = folder / "main.c"
    main.write_text(_MAIN.format(name=manifest.name))
    sources = sorted((folder / "module" / "src").glob("*.c"))
    include = f"-I{folder / 'module' / 'include'}"
    subprocess.run(["gcc", *FLAGS, include, "-o", folder / "program", main, *sources], check=True)
    stdin = b"".join(np.ascontiguousarray(a).tobytes() for a in inputs)
    done = subprocess.run([folder / "program"], input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    outputs = _split(done.stdout, [p.device_shape for p in manifest.outputs])
    return outputs, _split(done.stderr, [result.shape for _, result in manifest.results])


def _split(data: bytes, shapes: Sequence[tuple[int, ...]]) -> list[IntArray]:
    arrays = []
    values = np.frombuffer(data, np.int8)
    for shape in shapes:
        size = int(np.prod(shape, dtype=np.int64))
        arrays.append(values[:size].reshape(shape))
        values = values[size:]
    assert values.size == 0
    return arrays
