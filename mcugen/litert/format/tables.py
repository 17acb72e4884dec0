"""The LiteRT model schema as data: the fields of each table in the order of their ids.

Source: the public schema of TensorFlow Lite model files, version 3c. A field is `name:kind`, with `=default` where that
is not 0. A kind is a number of the flatbuffers language (`byte` 8, `short` 16, `int` 32, `long` 64 bits, their unsigned
forms with `u`), `bool`, `float`, `string`, a table of this file, a vector `[kind]` of any of these, or `union`, whose
table the field before it tells. Options of operators that mcugen neither reads nor writes are left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

TABLES: dict[str, str] = {
    "Model": (
        "version:uint operator_codes:[OperatorCode] subgraphs:[SubGraph] description:string buffers:[Buffer] "
        "metadata_buffer:[int] metadata:[Metadata] signature_defs:[SignatureDef] "
        "external_buffer_groups:[ExternalBufferGroup] external_buffers:[ExternalBuffer]"
    ),
    "OperatorCode": "deprecated_builtin_code:byte custom_code:string version:int=1 builtin_code:int",
    "SubGraph": (
        "tensors:[Tensor] inputs:[int] outputs:[int] operators:[Operator] name:string debug_metadata_index:int=-1"
    ),
    "Buffer": "data:[ubyte] offset:ulong size:ulong",
    "Tensor": (
        "shape:[int] type:byte buffer:uint name:string quantization:QuantizationParameters is_variable:bool "
        "sparsity:SparsityParameters shape_signature:[int] has_rank:bool variant_tensors:[VariantSubType] "
        "external_buffer:uint"
    ),
    "QuantizationParameters": (
        "min:[float] max:[float] scale:[float] zero_point:[long] details_type:ubyte details:union "
        "quantized_dimension:int"
    ),
    "Operator": (
        "opcode_index:uint inputs:[int] outputs:[int] builtin_options_type:ubyte builtin_options:union "
        "custom_options:[ubyte] custom_options_format:byte mutating_variable_inputs:[bool] "
        "intermediates:[int] large_custom_options_offset:ulong large_custom_options_size:ulong "
        "builtin_options_2_type:ubyte builtin_options_2:union debug_metadata_index:int=-1"
    ),
    "Metadata": "name:string buffer:uint",
    "SignatureDef": (
        "inputs:[TensorMap] outputs:[TensorMap] signature_key:string deprecated_tag:string subgraph_index:uint"
    ),
    "TensorMap": "name:string tensor_index:uint",
    "ExternalBuffer": "id:uint group:uint offset:ulong length:ulong packing:string",
    "Conv2DOptions": (
        "padding:byte stride_w:int stride_h:int fused_activation_function:byte dilation_w_factor:int=1 "
        "dilation_h_factor:int=1 quantized_bias_type:byte"
    ),
    "DepthwiseConv2DOptions": (
        "padding:byte stride_w:int stride_h:int depth_multiplier:int fused_activation_function:byte "
        "dilation_w_factor:int=1 dilation_h_factor:int=1"
    ),
    "Pool2DOptions": (
        "padding:byte stride_w:int stride_h:int filter_width:int filter_height:int fused_activation_function:byte"
    ),
    "SVDFOptions": "rank:int fused_activation_function:byte asymmetric_quantize_inputs:bool",
    "FullyConnectedOptions": (
        "fused_activation_function:byte weights_format:byte keep_num_dims:bool "
        "asymmetric_quantize_inputs:bool quantized_bias_type:byte"
    ),
    "SoftmaxOptions": "beta:float",
    "ConcatenationOptions": "axis:int fused_activation_function:byte",
    "AddOptions": "fused_activation_function:byte pot_scale_int16:bool=true",
    "L2NormOptions": "fused_activation_function:byte",
    "ResizeBilinearOptions": "new_height:int new_width:int align_corners:bool half_pixel_centers:bool",
    "ReshapeOptions": "new_shape:[int]",
    "SpaceToDepthOptions": "block_size:int",
    "MulOptions": "fused_activation_function:byte",
    "GatherOptions": "axis:int batch_dims:int",
    "ReducerOptions": "keep_dims:bool",
    "SubOptions": "fused_activation_function:byte pot_scale_int16:bool=true",
    "DivOptions": "fused_activation_function:byte",
    "SqueezeOptions": "squeeze_dims:[int]",
    "StridedSliceOptions": (
        "begin_mask:int end_mask:int ellipsis_mask:int new_axis_mask:int shrink_axis_mask:int offset:bool"
    ),
    "SplitOptions": "num_splits:int",
    "CastOptions": "in_data_type:byte out_data_type:byte",
    "ArgMaxOptions": "output_type:byte",
    "ArgMinOptions": "output_type:byte",
    "TransposeConvOptions": (
        "padding:byte stride_w:int stride_h:int fused_activation_function:byte quantized_bias_type:byte"
    ),
    "ShapeOptions": "out_type:byte",
    "PackOptions": "values_count:int axis:int",
    "UnpackOptions": "num:int axis:int",
    "UnidirectionalSequenceLSTMOptions": (
        "fused_activation_function:byte cell_clip:float proj_clip:float time_major:bool "
        "asymmetric_quantize_inputs:bool diagonal_recurrent_tensors:bool"
    ),
    "ResizeNearestNeighborOptions": "align_corners:bool half_pixel_centers:bool",
    "LeakyReluOptions": "alpha:float",
    "MirrorPadOptions": "mode:byte",
    "SplitVOptions": "num_splits:int",
    "DepthToSpaceOptions": "block_size:int",
    "BatchMatMulOptions": "adj_x:bool adj_y:bool asymmetric_quantize_inputs:bool",
    "CumsumOptions": "exclusive:bool reverse:bool",
    "CallOnceOptions": "init_subgraph_index:int",
    "VarHandleOptions": "container:string shared_name:string",
    "GeluOptions": "approximate:bool",
}

NUMBERS: dict[str, str] = {
    "bool": "?",
    "byte": "b",
    "ubyte": "B",
    "short": "h",
    "ushort": "H",
    "int": "i",
    "uint": "I",
    "long": "q",
    "ulong": "Q",
    "float": "f",
    "double": "d",
}
"""Formats of Python's `struct`, little endian, of the kinds that are numbers."""

FILE_IDENTIFIER = b"TFL3"
"""At byte 4 of a file."""


@dataclass(frozen=True)
class Field:
    """A field of a table: its id, its kind and what it is where the table does not have it."""

    id: int
    kind: str
    default: int | float | bool


@cache
def fields(table: str) -> dict[str, Field]:
    """The fields of a table of `TABLES` by name."""
    found = {}
    for place, text in enumerate(TABLES[table].split()):
        name, _, rest = text.partition(":")
        kind, _, default = rest.partition("=")
        found[name] = Field(place, kind, json.loads(default) if default else 0)
    return found
