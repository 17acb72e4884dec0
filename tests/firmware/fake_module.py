"""A hand-written module that keeps the contract of an emitted one: two layers, one or two inputs, known results.

layer 0: hidden[i] = saturate(first[i] + second[i])    (second is absent or zero when there is one input)
layer 1: output[i] = hidden[SIZE - 1 - i] ^ TABLE[i % 4]
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from mcugen.boards import Board
from mcugen.emit.manifest import (
    FORMAT,
    LayerEntry,
    Manifest,
    MemoryEntry,
    ModelEntry,
    PortEntry,
    QuantizationEntry,
    board_entry,
)
from mcugen.graph.tensor import IntArray

TABLE = (1, 2, 4, 8)
NAME = "fake"

_HEADER = """
#ifndef FAKE_H
#define FAKE_H
#include <stddef.h>
#include <stdint.h>
{macros}
int fake_run({signature});
#endif
"""

_SOURCE = """
#include "fake.h"
#include <string.h>
#include "layers.c"

extern const int8_t fake_table[4];

#ifdef MCUGEN_LAYER_LABELS
#define LAYER_LABEL(label) __asm__ volatile(".global fake_" #label "\\nfake_" #label ":" ::: "memory")
#else
/* The same barrier without a name: both builds schedule their instructions alike. */
#define LAYER_LABEL(label) __asm__ volatile("" ::: "memory")
#endif
#ifdef MCUGEN_LAYER_HOOK
void mcugen_layer_hook(int layer, const int8_t *output, size_t bytes);
#define LAYER_OUTPUT(layer, output, bytes) mcugen_layer_hook((layer), (output), (bytes))
#else
#define LAYER_OUTPUT(layer, output, bytes) ((void)0)
#endif

static int8_t arena[{size}];
{prelude}
int fake_run({signature})
{{
    {body}
    LAYER_LABEL(layer_0);
    add_layer({arguments}, arena, {size});
    LAYER_OUTPUT(0, arena, {size});
    LAYER_LABEL(layer_1);
    mix_layer(arena, fake_table, output_0, {size});
    LAYER_OUTPUT(1, output_0, {size});
    LAYER_LABEL(layer_end);
    return 0;
}}
"""

_LAYERS = """
static __attribute__((noinline, noclone)) void add_layer(const int8_t *a, const int8_t *b, int8_t *out, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        int32_t sum = a[i] + (b == NULL ? 0 : b[i]);
        sum = sum > 127 ? 127 : sum < -128 ? -128 : sum;
        out[i] = (int8_t)sum;
    }
}

static __attribute__((noinline, noclone)) void mix_layer(const int8_t *in, const int8_t *table, int8_t *out, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        out[i] = (int8_t)(in[n - 1 - i] ^ table[i % 4]);
    }
}
"""

_WEIGHTS = '#include "fake.h"\nextern const int8_t fake_table[4];\nconst int8_t fake_table[4] = {1, 2, 4, 8};\n'


def _port(name: str, size: int) -> PortEntry:
    return PortEntry(
        name=name,
        c_name=name,
        shape=(1, size),
        device_shape=(1, size),
        to_device=(0, 1),
        dtype="int8",
        size_bytes=size,
        quantization=QuantizationEntry(scale=1.0, zero_point=0),
    )


def _layer(name: str, size: int) -> LayerEntry:
    return LayerEntry(
        name=name,
        op=name,
        kernel=f"{name}.fake",
        macs=0,
        inputs=("x",),
        output=name,
        output_shape=(1, size),
        output_bytes=size,
        constant_bytes=0,
        scratch_bytes=0,
        source="",
        module="",
    )


def write_fake_module(
    folder: Path, board: Board, *, size: int = 37, inputs: int = 1, prelude: str = "", body: str = ""
) -> Manifest:
    """Writes the module; `prelude` is C before fake_run, `body` C at its start, for faults and stack use."""
    names = [f"input_{i}" for i in range(inputs)]
    signature = ", ".join([f"const int8_t *{n}" for n in names] + ["int8_t *output_0"])
    macros = [f"#define FAKE_INPUT_{i}_SIZE {size}" for i in range(inputs)] + [f"#define FAKE_OUTPUT_0_SIZE {size}"]
    arguments = ", ".join([*names, "NULL"][:2])
    files = {
        "include/fake.h": _HEADER.format(macros="\n".join(macros), signature=signature),
        "src/fake.c": _SOURCE.format(signature=signature, arguments=arguments, size=size, prelude=prelude, body=body),
        "src/fake_weights.c": _WEIGHTS,
        "kernels/layers.c": _LAYERS,
    }
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return Manifest(
        format=FORMAT,
        mcugen="0",
        name=NAME,
        model=ModelEntry(file="fake", sha256="", calibration="", calibration_sha256=""),
        board=board_entry(board),
        options={},
        inputs=tuple(_port(n, size) for n in names),
        outputs=(_port("output", size),),
        macs=0,
        layers=(_layer("add", size), _layer("mix", size)),
        memory=MemoryEntry(
            arena_bytes=size,
            arena_alignment=1,
            lower_bound=size,
            live_bound=size,
            constant_bytes=len(TABLE),
            input_bytes=size * inputs,
            output_bytes=size,
            arena=(),
        ),
        files={path: hashlib.sha256(content.encode()).hexdigest() for path, content in files.items()},
    )


def fake_layers(inputs: list[IntArray]) -> tuple[IntArray, IntArray]:
    """What both layers give, (samples, 1, size)."""
    total = sum(i.astype(np.int32) for i in inputs)
    hidden = np.clip(total, -128, 127).astype(np.int8)
    table = np.resize(np.array(TABLE, np.int8), hidden.shape[-1])
    return hidden, hidden[..., ::-1] ^ table
