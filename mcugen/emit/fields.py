"""Types of a manifest's fields: what a stranger's manifest may hold at most.

They reach C source, paths, scripts of emulators, a terminal and an HTML page.
"""

from __future__ import annotations

from typing import Annotated

import pydantic

_LARGEST_TENSOR = 2**26

Text = Annotated[str, pydantic.Field(max_length=2000, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]*$")]
"""One line, shown to people; nothing that a terminal obeys."""

CName = Annotated[str, pydantic.Field(max_length=100, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
BoardName = Annotated[str, pydantic.Field(max_length=100, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_ .+-]*$")]
Version = Annotated[str, pydantic.Field(max_length=40, pattern=r"^[A-Za-z0-9.+-]*$")]
Sha256 = Annotated[str, pydantic.Field(pattern=r"^[0-9a-f]{64}$")]
MaybeSha256 = Annotated[str, pydantic.Field(pattern=r"^([0-9a-f]{64})?$")]
Number = Annotated[int, pydantic.Field(ge=0, lt=2**62)]
Bytes = Annotated[int, pydantic.Field(ge=0, le=2**32)]
TensorBytes = Annotated[int, pydantic.Field(ge=0, le=_LARGEST_TENSOR)]
Dimension = Annotated[int, pydantic.Field(ge=0, le=_LARGEST_TENSOR)]
Shape = Annotated[tuple[Dimension, ...], pydantic.Field(max_length=16)]
Scale = Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)]
Real = Annotated[float, pydantic.Field(allow_inf_nan=False)]
ChannelValues = Annotated[tuple[Real, ...], pydantic.Field(max_length=16)]
Decibels = Annotated[float, pydantic.Field(ge=-120, le=120)]
Share = Annotated[float, pydantic.Field(ge=0, le=1)]
Axis = Annotated[int, pydantic.Field(ge=0, le=15)]
ZeroPoint = Annotated[int, pydantic.Field(ge=-(2**31), lt=2**31)]
